import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ClusterMap } from '../../../src/topology/cluster/cluster-map.ts';
import { ClusterWatch } from '../../../src/topology/cluster/cluster-watch.ts';
import { type FakeCluster, startFakeCluster } from '../../support/fake-cluster.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { waitFor } from '../../support/wait.ts';

const TICK_MS = 250;

describe('the watch of a cluster', () => {
  let cluster: FakeCluster;
  let clock: HandClock;
  let watch: ClusterWatch;
  let maps: ClusterMap[];
  beforeEach(async () => {
    cluster = await startFakeCluster(3, () => undefined);
    clock = new HandClock();
    maps = [];
    watch = open(null);
    await waitFor('the first map', () => maps.length === 1);
  });
  afterEach(async () => {
    watch.stop();
    await cluster.stop();
  });

  function open(known: ClusterMap | null): ClusterWatch {
    const seeds = cluster.ports.slice(0, 1).map((port) => ({ host: '127.0.0.1', port }));
    const spec = { pool: 'alpha', seeds, access: '', login: () => null, tls: null };
    const onMap = (map: ClusterMap): void => void maps.push(map);
    return new ClusterWatch(spec, { clock, onMap, say: () => {} }, known);
  }

  /** By the latest map. */
  function slotsOf(owner: number): readonly (readonly number[])[] {
    return maps.at(-1)?.nodes.find(({ port }) => port === owner)?.slots ?? [];
  }

  const heard = (): number => cluster.looks + cluster.refreshes;

  /** Time passes, and what is asked then is answered. */
  async function tick(): Promise<void> {
    const before = heard();
    clock.pass(TICK_MS);
    await waitFor('an answer', () => heard() > before);
  }

  test('asks who has which slots once a second at most, whatever is told and seen', async () => {
    const before = cluster.refreshes;
    const ticks = 40;
    for (let i = 0; i < ticks; i++) {
      if (i % 2 === 0) cluster.disown(2);
      else cluster.own(2, i % 3);
      watch.onTrouble();
      for (const port of cluster.ports) watch.onHint(`127.0.0.1:${port}`);
      await tick();
    }
    const asked = cluster.refreshes - before;
    assert.ok(asked <= (ticks * TICK_MS) / 1000 + 1, `${asked} times`);
    assert.ok(asked > 5, `${asked} times`);
    assert.ok(cluster.looks > 20, `${cluster.looks} looks`);
  });

  /** Requests begin to wait, and the cluster was asked since. */
  async function troubled(): Promise<void> {
    const before = cluster.refreshes;
    clock.pass(1000);
    watch.onTrouble();
    await waitFor('it to be asked', () => cluster.refreshes > before);
    for (let i = 0; i < 6; i++) await tick();
  }

  test('asks seldom while requests wait and nothing changes', async () => {
    cluster.disown(2);
    await troubled();
    const before = cluster.refreshes;
    for (let i = 0; i < 8; i++) await tick();
    assert.equal(cluster.refreshes, before);
  });

  test('hears of new owners as soon as a node sees more served', async () => {
    cluster.disown(2);
    await troubled();
    cluster.own(2, 0);
    // Before that a map may come that knows of no owner.
    const isOwned = (): boolean => slotsOf(cluster.ports[0]).length === 2;
    for (let i = 0; i < 6 && !isOwned(); i++) await tick();
    await waitFor('the new owner', isOwned);
    assert.deepEqual(slotsOf(cluster.ports[0]), [
      [0, 5460],
      [10923, 16383],
    ]);
  });

  test('asks another node when the one that was asked is gone', async () => {
    await cluster.nodes[0].stop();
    cluster.own(0, 1);
    await waitFor('the news of another', () => {
      clock.pass(TICK_MS);
      watch.onTrouble();
      return maps.length > 1;
    });
  });

  test('that goes on from another one does not take the word of a node that is behind', async () => {
    cluster.fallBehind(0);
    cluster.handOver(1, 2);
    await waitFor('the news', () => {
      clock.pass(TICK_MS);
      watch.onHint(`127.0.0.1:${cluster.ports[2]}`);
      return slotsOf(cluster.ports[1]).length === 0;
    });
    watch.stop();
    const known = JSON.parse(JSON.stringify(maps.at(-1))) as ClusterMap;
    // Only the one that is behind is left to answer.
    await Promise.all([1, 2].map((node) => cluster.nodes[node].stop()));
    const before = cluster.refreshes;
    watch = open(known);
    await waitFor('its answer', () => cluster.refreshes > before && watch.status.ageMs !== null);
    assert.deepEqual(watch.map, known);
  });

  test('that goes on from another one forgets it when seeds lead to another cluster', async () => {
    watch.stop();
    const [here] = maps;
    const id = 'f'.repeat(40);
    const gone = { id, host: '127.0.0.1', port: 1, master: null, epoch: 99, failed: false };
    watch = open({ nodes: [{ ...gone, slots: [[0, 16383]] }] });
    await waitFor('its answer', () => maps.length === 2);
    assert.deepEqual(watch.map, here);
  });
});
