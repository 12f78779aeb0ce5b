import assert from 'node:assert/strict';
import { getServers, setServers } from 'node:dns';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Config, parseConfig } from '../../src/config/index.ts';
import { TopologyKeeper } from '../../src/run/topology-keeper.ts';
import type { AnyStep } from '../../src/topology/known.ts';
import type { KnownShard } from '../../src/topology/shard.ts';
import { type FakeCluster, startFakeCluster } from '../support/fake-cluster.ts';
import { type FakeMasterServer, startFakeMaster } from '../support/fake-master.ts';
import { type FakeSentinel, startFakeSentinel } from '../support/fake-sentinel.ts';
import { NameServer } from '../support/name-server.ts';
import { poolFile } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

/** All that is known of it. */
const CLUSTER = ['map of 2', 'read 0', 'read 0'];
const SILENT = { level: 0, write: () => {} };

describe('whoever follows masters', () => {
  let first: FakeMasterServer;
  let second: FakeMasterServer;
  let sentinel: FakeSentinel;
  let cluster: FakeCluster;
  let keeper: TopologyKeeper;
  const steps: AnyStep[] = [];
  beforeEach(async () => {
    steps.length = 0;
    first = await startFakeMaster();
    second = await startFakeMaster();
    sentinel = await startFakeSentinel({
      cache: { port: second.port, epoch: 2, replicas: [first.port] },
    });
    cluster = await startFakeCluster(2, () => undefined);
    keeper = new TopologyKeeper(SILENT);
  });
  afterEach(async () => {
    keeper.stop();
    const servers = [first.server, second.server, sentinel, cluster];
    await Promise.all(servers.map((each) => each.stop()));
  });

  async function config(port: number, more: object = {}, { ports } = cluster): Promise<Config> {
    const sentinels = [`127.0.0.1:${sentinel.port}`];
    const pool = { servers: [`127.0.0.1:${port}:1 cache`], sentinels, ...more };
    const seeds = [`127.0.0.1:${ports[0]}`];
    const { text } = await poolFile([pool, { servers: seeds, cluster: true }]);
    return parseConfig(Buffer.from(text), 'test.yml');
  }

  /** As those who answer clients are told, in short. */
  const told = (): string[] =>
    steps.map((step) => {
      if (step.action === 'map') return `map of ${step.map.nodes.length}`;
      if (step.action === 'peers') return `peers ${step.down.length}`;
      return step.action === 'read' ? `read ${step.readers.length}` : `${step.action} ${step.port}`;
    });

  async function start(): Promise<void> {
    const serving = { steer: (step: AnyStep) => void steps.push(step), setAddresses: () => {} };
    keeper.start(serving, await config(first.port));
    await waitFor('the master and the map', () => told().sort().length === 2);
    assert.deepEqual(told().sort(), ['map of 2', `move ${second.port}`]);
    steps.length = 0;
  }

  test('says again where everything is when the configuration is another', async () => {
    await start();
    keeper.follow(await config(first.port, { timeout: 5000 }));
    assert.deepEqual(told(), [`move ${second.port}`, 'read 0', ...CLUSTER]);
  });

  test('takes back what it said of the server that had the name before', async () => {
    await start();
    const third = await startFakeMaster();
    await sentinel.stop();
    // Another master altogether: what was said while this one was taken over does not hold.
    keeper.follow(await config(third.port));
    assert.deepEqual(told(), [`move ${third.port}`, 'read 0', ...CLUSTER]);
    await third.server.stop();
  });

  test('goes on from the new master when the file names it', async () => {
    await start();
    await sentinel.stop();
    keeper.follow(await config(second.port));
    assert.deepEqual(told(), [`move ${second.port}`, 'read 0', ...CLUSTER]);
    const [{ epoch }] = (keeper.view as { shards: { epoch: number }[] }).shards;
    assert.equal(epoch, 2);
  });

  test('says nothing of a promotion but that it is waited for', async () => {
    await start();
    first.isMaster = false;
    const at = `127.0.0.1 ${first.port} @ cache 127.0.0.1 ${second.port}`;
    await waitFor('the hold', () => {
      sentinel.publish('+failover-state-send-slaveof-noone', `slave x ${at}`);
      return steps.length > 0;
    });
    steps.length = 0;
    keeper.follow(await config(first.port, { timeout: 5000 }));
    // A release in between would let requests through to the old master.
    assert.deepEqual(told(), [`hold ${second.port}`, 'read 0', ...CLUSTER]);
  });

  test('goes to another cluster when that is what the file names', async () => {
    await start();
    const other = await startFakeCluster(1, () => undefined);
    const before = cluster.refreshes;
    keeper.follow(await config(first.port, {}, other));
    assert.deepEqual(told(), [`move ${second.port}`, 'read 0']);
    await waitFor('its map', () => told().at(-1) === 'map of 1');
    assert.equal(cluster.refreshes, before, 'nobody asks the one of before');
    await other.stop();
  });

  test('that is frozen says where requests go, and nothing new', async () => {
    await start();
    keeper.frozen = true;
    cluster.handOver(0, 1);
    keeper.onTrouble('pool2', '', false);
    await waitFor('the news', () => {
      const { clusters } = keeper.view as { clusters: { nodes: { slotCount: number }[] }[] };
      return clusters[0].nodes.some(({ slotCount }) => slotCount === 16384);
    });
    keeper.follow(await config(first.port, { timeout: 5000 }));
    assert.deepEqual(told(), [`move ${second.port}`, 'read 0']);
  });

  test('knows what it was told of masters while SRV records list nobody yet', async () => {
    const pool = { servers: ['127.0.0.1:1:1 cache'], sentinels: ['srv:_redis._tcp.invalid'] };
    const { text } = await poolFile([pool, { servers: ['127.0.0.1:1:1 cache'] }]);
    const where = { server: 'cache', address: { host: '127.0.0.1', port: 2 }, epoch: 3 };
    const told = [where, where].map((each, i) => ({ pool: `pool${i + 1}`, ...each }));
    const waiting = new TopologyKeeper(SILENT, told, true);
    const serving = { steer: () => {}, setAddresses: () => {} };
    waiting.start(serving, parseConfig(Buffer.from(text), 'test.yml'));
    const news = { ...told[0], epoch: 4 };
    waiting.learn([news]);
    // The second one is followed no more.
    assert.deepEqual(waiting.known, [news]);
    waiting.stop();
  });

  test('shows those of whom it is not known yet who tells of them', async (t) => {
    const unheard = 'srv:_redis._tcp.invalid';
    const pool = { servers: ['127.0.0.1:1:1 cache'], sentinels: [unheard], sentinel_prefix: 'x-' };
    const { text } = await poolFile([pool, { servers: [unheard], cluster: true }]);
    const where = { server: 'cache', address: { host: '127.0.0.1', port: 2 }, epoch: 3 };
    const waiting = new TopologyKeeper(SILENT, [{ pool: 'pool1', ...where }]);
    t.after(() => waiting.stop());
    const serving = { steer: () => {}, setAddresses: () => {} };
    waiting.start(serving, parseConfig(Buffer.from(text), 'test.yml'));
    const why = 'SRV lists nobody yet';
    const { shards, clusters } = waiting.view as Record<string, Record<string, unknown>[]>;
    assert.equal(shards.length, 1);
    const { pool: name, server, master, address, epoch, state, why: because } = shards[0];
    assert.deepEqual([name, server, master], ['pool1', 'cache', 'x-cache']);
    // Where requests go: another process has found it.
    assert.deepEqual([address, epoch, state, because], ['127.0.0.1:2', 3, 'unknown', why]);
    assert.deepEqual(
      clusters.map((each) => [each['pool'], each['why'], each['slotsOwned']]),
      [['pool2', why, 0]],
    );
    const { figures } = waiting;
    assert.deepEqual(figures.services, [
      { pool: 'pool1', name: '_redis._tcp.invalid', members: 0, ring: null },
      { pool: 'pool2', name: '_redis._tcp.invalid', members: 0, ring: null },
    ]);
    assert.deepEqual(
      figures.clusters.map(({ slotsUnowned }) => slotsUnowned),
      [16384],
    );
  });

  describe('whose sentinels SRV records list from now on', () => {
    const service = '_redis._tcp.test';
    const srv = { sentinels: [`srv:${service}`], dns_interval: 300 };
    let names: NameServer;
    let usual: string[];
    beforeEach(async () => {
      names = new NameServer();
      usual = getServers();
      setServers([await names.open()]);
      await start();
    });
    afterEach(() => {
      setServers(usual);
      names.close();
    });

    const shard = (): KnownShard | undefined =>
      keeper.known.find((each): each is KnownShard => 'server' in each);
    const place = (): number[] => [shard()?.address.port ?? 0, shard()?.epoch ?? 0];

    test('keeps where masters are while these list nobody, until the file is as before', async () => {
      keeper.follow(await config(first.port, srv));
      assert.deepEqual(told(), [...CLUSTER, `move ${second.port}`, 'read 0']);
      assert.deepEqual(place(), [second.port, 2]);
      keeper.follow(await config(first.port, { ...srv, timeout: 5000 }));
      assert.deepEqual(place(), [second.port, 2]);
      await sentinel.stop();
      steps.length = 0;
      keeper.follow(await config(first.port));
      assert.deepEqual(told(), [`move ${second.port}`, 'read 0', ...CLUSTER]);
      const [{ epoch }] = (keeper.view as { shards: { epoch: number }[] }).shards;
      assert.equal(epoch, 2);
    });

    test('counts who comes and goes of the pool whose ring is made of them, and of no other', async () => {
      const ring = '_ring._tcp.test';
      names.services.set(
        ring,
        ['a.test', 'b.test'].map((host) => ({ host, port: 1 })),
      );
      const servers = [`srv:${ring}`];
      const pools = [
        { servers, discover_members: 'follow' },
        { servers, cluster: true },
      ];
      const { text } = await poolFile(pools);
      const fresh = new TopologyKeeper(SILENT);
      const serving = { steer: () => {}, setAddresses: () => {} };
      const taken = { [ring]: ['a.test:1', 'c.test:1'] };
      fresh.start(serving, parseConfig(Buffer.from(text), 'test.yml'), taken);
      const figures = () => fresh.figures.services;
      await waitFor('them', () => figures()[0].ring?.pending === 2);
      const { members, ring: other } = figures()[1];
      fresh.stop();
      assert.deepEqual([members, other], [2, null]);
    });

    test('forgets it when the file names another master altogether', async () => {
      keeper.follow(await config(1, srv));
      assert.equal(shard(), undefined);
      names.services.set(service, [{ host: '127.0.0.1', port: 1 }]);
      steps.length = 0;
      await waitFor('the master of the file', () => told().join() === 'move 1,read 0');
    });

    test('waits for a promotion until the sentinels that are listed tell how it ends', async () => {
      first.isMaster = false;
      const at = `127.0.0.1 ${first.port} @ cache 127.0.0.1 ${second.port}`;
      await waitFor('the hold', () => {
        sentinel.publish('+failover-state-send-slaveof-noone', `slave x ${at}`);
        return shard()?.wasReplica === true;
      });
      keeper.follow(await config(first.port, srv));
      assert.ok(told().includes(`hold ${second.port}`));
      names.services.set(service, [{ host: '127.0.0.1', port: sentinel.port }]);
      steps.length = 0;
      first.isMaster = true;
      await waitFor('the end', () => told().includes(`move ${first.port}`));
    });
  });

  test('says that another proxy is back that was away in the process before', async () => {
    const door = `127.0.0.1:${first.port}`;
    const announce = `127.0.0.1:1,${door}`;
    const pool = { servers: ['127.0.0.1:1:1 cache'], sentinel_view: true, announce };
    const { text } = await poolFile([pool]);
    const fresh = new TopologyKeeper(SILENT, [{ pool: 'pool1', down: [door] }]);
    const serving = { steer: (step: AnyStep) => void steps.push(step), setAddresses: () => {} };
    fresh.start(serving, parseConfig(Buffer.from(text), 'test.yml'));
    await waitFor('the news', () => told().at(-1) === 'peers 0');
    fresh.stop();
  });
});
