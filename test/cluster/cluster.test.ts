import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { startCluster, type TestCluster } from '../support/clusters.ts';
import { NumberedLoad, type NumberedResult } from '../support/numbered-load.ts';
import type { RealServer } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

const CLIENTS = 8;
const DEPTH = 4;
/** Requests that all clients have under way at most. */
const UNDER_WAY = CLIENTS * DEPTH * 2;

const slotOf = (key: string) => keySlot(Buffer.from(key), 0, key.length);
const SLOTS = Array.from({ length: CLIENTS }, (_, i) => slotOf(`key:${i}`));

describe('a pool that is a Redis Cluster', () => {
  let cluster: TestCluster;
  let ringway: TestRingway;
  let client: RespClient;
  before(async () => {
    cluster = await startCluster({ masters: 3, replicas: 1 });
    const servers = cluster.lines.slice(0, 2);
    ringway = await startInProcess({ servers, cluster: true, timeout: 2000 });
    client = await RespClient.open(ringway.port);
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await cluster?.stop();
  });

  /** Puts load on all slots of its keys while something is done to the cluster. */
  async function underLoad(work: () => Promise<void>): Promise<NumberedResult> {
    const load = new NumberedLoad({ port: ringway.port, clients: CLIENTS, depth: DEPTH });
    await waitFor('some load', () => load.acknowledged > 200);
    await work();
    const served = load.acknowledged;
    await waitFor('more load', () => load.acknowledged > served + 200);
    return load.stop();
  }

  test('keys go where the cluster has them', async () => {
    for (let i = 0; i < 200; i++) await client.text('SET', `spread:${i}`, i);
    assert.equal(await client.text('DBSIZE'), 200);
    const masters = cluster.nodes.slice(0, 3);
    const sizes = await Promise.all(masters.map(({ port }) => command(port, 'DBSIZE')));
    assert.ok(
      sizes.every((size) => Number(size) > 30),
      String(sizes),
    );
    const slot = await command(masters[0].port, 'CLUSTER', 'KEYSLOT', 'a{tag}b');
    assert.equal(Number(slot), slotOf('a{tag}b'));
  });

  test('requests with many keys are split by slot, and joined in their order', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `spread:${i}`);
    const values = names.map((_, i) => (i < 200 ? String(i) : null));
    assert.deepEqual(await client.text('MGET', ...names), values);
    assert.equal(await client.text('EXISTS', ...names), 200);
    assert.equal(await client.text('MSET', 'one', '1', 'two', '2', 'three', '3'), 'OK');
    assert.deepEqual(await client.text('MGET', 'three', 'one', 'two'), ['3', '1', '2']);
    assert.equal(await client.text('DEL', 'one', 'two', 'three', ...names), 203);
  });

  test('slots that move under load lose nothing, and no client sees an error', async () => {
    const result = await underLoad(async () => {
      for (const slot of SLOTS) {
        const owner = await cluster.ownerOf(slot);
        const next = cluster.nodes[(cluster.nodes.indexOf(owner) + 1) % 3];
        await cluster.moveSlots([slot], next);
      }
    });
    assert.deepEqual([...result.errors], []);
    assert.deepEqual(result.wrong, []);
    assert.equal(result.lost, 0);
  });

  test('a master that hands over to its replica is followed without an error', async () => {
    const before = cluster.nodes[0];
    const result = await underLoad(async () => {
      await command(cluster.nodes[3].port, 'CLUSTER', 'FAILOVER');
      await waitFor('another owner', async () => (await cluster.ownerOf(0)) !== before);
    });
    assert.deepEqual([...result.errors], []);
    assert.deepEqual(result.wrong, []);
    assert.equal(result.lost, 0);
  });

  test('a node that is added and gets slots is used; one that leaves is forgotten', async () => {
    let added: RealServer | undefined;
    const result = await underLoad(async () => {
      added = await cluster.addNode();
      await cluster.moveSlots(SLOTS, added);
    });
    assert.deepEqual([...result.errors], []);
    assert.deepEqual(result.wrong, []);
    const name = `127.0.0.1:${added?.port}`;
    assert.match(ringway.log.join('\n'), new RegExp(`node ${name} has \\d+ slots`));
    const back = await underLoad(async () => {
      await cluster.moveSlots(SLOTS, cluster.nodes[1]);
      await cluster.removeNode(added as RealServer);
    });
    assert.deepEqual([...back.errors], []);
    assert.deepEqual(back.wrong, []);
  });

  test('a master is killed: only what was sent to it can get an error', async () => {
    await cluster.settled();
    const killed = await cluster.ownerOf(SLOTS[1]);
    const { errors, wrong } = await underLoad(async () => {
      killed.kill('SIGKILL');
      await waitFor('another owner', async () => {
        const asked = cluster.nodes.find((node) => node.running);
        return (await cluster.ownerOf(SLOTS[1], asked)) !== killed;
      });
    });
    assert.deepEqual(wrong, []);
    const count = [...errors.values()].reduce((sum, each) => sum + each, 0);
    assert.ok(count <= UNDER_WAY, `${count} errors: ${[...errors.keys()].join('; ')}`);
    for (const text of errors.keys()) assert.match(text, /reset|unknown/i);
  });
});
