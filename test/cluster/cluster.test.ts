import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Cluster } from 'ioredis';
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

const isNever = () => false;
const slotOf = (key: string) => keySlot(Buffer.from(key), 0, key.length);
const SLOTS = Array.from({ length: CLIENTS }, (_, i) => slotOf(`key:${i}`));

describe('a pool that is a Redis Cluster', () => {
  let cluster: TestCluster;
  let ringway: TestRingway;
  let client: RespClient;
  before(async () => {
    cluster = await startCluster({ masters: 3, replicas: 1 });
    const servers = cluster.lines.slice(0, 2);
    ringway = await startInProcess({
      servers,
      cluster: true,
      timeout: 2000,
      failover_wait: 20_000,
    });
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
    try {
      await waitFor('some load', () => load.acknowledged > 200);
      await work();
      const served = load.acknowledged;
      await waitFor('more load', () => load.acknowledged > served + 200);
    } catch (error) {
      await load.stop();
      throw error;
    }
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

  test('SCAN comes to every key of every node', async () => {
    for (let i = 0; i < 100; i++) await client.text('SET', `scan:${i}`, i);
    const found = new Set<string>();
    let cursor = '0';
    do {
      const page = (await client.text('SCAN', cursor, 'COUNT', 20)) as [string, string[]];
      for (const key of page[1]) found.add(key);
      [cursor] = page;
    } while (cursor !== '0');
    assert.equal([...found].filter((key) => key.startsWith('scan:')).length, 100);
    assert.equal(((await client.text('KEYS', 'scan:*')) as string[]).length, 100);
  });

  test('transactions and keys that are waited for have one slot', async () => {
    const block = [['MULTI'], ['SET', '{t}a', '1'], ['INCR', '{t}a'], ['EXEC']];
    for (const words of block.slice(0, -1)) await client.text(...words);
    assert.deepEqual(await client.text('EXEC'), ['OK', 2]);
    await client.text('MULTI');
    await client.text('SET', '{t}a', '1');
    await assert.rejects(client.text('SET', '{u}a', '1'), /CROSSSLOT/);
    await assert.rejects(client.text('EXEC'), /EXECABORT/);
    await assert.rejects(client.text('BLPOP', '{t}l', '{u}l', '1'), /CROSSSLOT/);
    await client.text('RPUSH', '{t}l', 'x');
    assert.deepEqual(await client.text('BLPOP', '{t}l', '{t}m', '1'), ['{t}l', 'x']);
    await assert.rejects(client.text('SELECT', 1), /not allowed in cluster mode/);
  });

  test('transactions go along when their slot moves', async () => {
    const slot = slotOf('{t}a');
    const owner = await cluster.ownerOf(slot);
    await cluster.moveSlots([slot], cluster.nodes[(cluster.nodes.indexOf(owner) + 1) % 3]);
    for (const words of [['MULTI'], ['SET', '{t}a', '7'], ['INCR', '{t}a']]) {
      await client.text(...words);
    }
    assert.deepEqual(await client.text('EXEC'), ['OK', 8]);
    const next = cluster.nodes[(cluster.nodes.indexOf(owner) + 2) % 3];
    await cluster.moveSlots([slot], next);
    await client.text('RPUSH', '{t}l', 'y');
    await cluster.moveSlots([slot], owner);
    assert.deepEqual(await client.text('BLPOP', '{t}l', '1'), ['{t}l', 'y']);
    await cluster.moveSlots([slot], next);
    assert.equal(await client.text('WATCH', '{t}a'), 'OK');
    for (const words of [['MULTI'], ['INCR', '{t}a']]) await client.text(...words);
    assert.deepEqual(await client.text('EXEC'), [9]);
    await cluster.moveSlots([slot], owner);
  });

  test('a message is heard once, whichever node it is told', async () => {
    const subscriber = await RespClient.open(ringway.port);
    assert.deepEqual(await subscriber.text('SUBSCRIBE', 'news'), ['subscribe', 'news', 1]);
    const messages = subscriber.read(2);
    await client.text('PUBLISH', 'news', 'one');
    await command(cluster.nodes[1].port, 'PUBLISH', 'news', 'two');
    assert.deepEqual((await messages).map(String), ['message,news,one', 'message,news,two']);
    const shard = await RespClient.open(ringway.port);
    assert.deepEqual(await shard.text('SSUBSCRIBE', 'of-shard'), ['ssubscribe', 'of-shard', 1]);
    const message = shard.read(1);
    assert.equal(await client.text('SPUBLISH', 'of-shard', 'three'), 1);
    assert.equal(String(await message), 'smessage,of-shard,three');
    subscriber.close();
    shard.close();
  });

  test('a cluster-aware client sees the proxy as the only node', async () => {
    const slots = (await client.text('CLUSTER', 'SLOTS')) as unknown[][];
    const [first, last, [host, port]] = slots[0] as [number, number, unknown[]];
    assert.deepEqual([slots.length, first, last], [1, 0, 16383]);
    assert.deepEqual([host, port], ['127.0.0.1', ringway.port]);
    assert.match(String(await client.text('CLUSTER', 'INFO')), /cluster_state:ok/);
    assert.equal(await client.text('CLUSTER', 'KEYSLOT', 'foo'), 12182);
    assert.equal(await client.text('CLUSTER', 'COUNTKEYSINSLOT', slotOf('scan:1')), 1);
    await assert.rejects(client.text('CLUSTER', 'MEET', '127.0.0.1', '1'), /administers one node/);
    assert.match(String(await client.text('INFO', 'topology')), /slots_owned:16384/);
    const aware = new Cluster([{ host: '127.0.0.1', port: ringway.port }]);
    await aware.set('aware', 'yes');
    assert.equal(await aware.get('aware'), 'yes');
    aware.disconnect();
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
    const line = `node 127.0.0.1:${added?.port} has `;
    await waitFor('the node in the log', () => ringway.log.some((each) => each.includes(line)));
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

  test('a master is killed: who begins to watch keys or to block waits for the next one', async () => {
    for (const node of cluster.nodes) if (!node.running) await node.restart();
    await cluster.settled();
    const killed = await cluster.ownerOf(SLOTS[1]);
    const [watching, blocked, executing, pushing] = await Promise.all(
      [1, 2, 3, 4].map(() => RespClient.open({ port: ringway.port, timeoutMs: 30_000 })),
    );
    const key = 'key:1';
    await watching.text('SET', key, 1);
    killed.kill('SIGKILL');
    await waitFor('it to be gone', () => command(killed.port, 'PING').then(isNever, () => true));
    const [watched, popped, executed] = await Promise.all([
      watching.text('WATCH', key),
      blocked.pipeline([['BLPOP', `{${key}}list`, '0']]),
      executing.pipeline([['MULTI'], ['INCR', `{${key}}n`], ['EXEC']]),
      pushing.text('RPUSH', `{${key}}list`, 'x'),
    ]);
    assert.equal(watched, 'OK');
    assert.equal(String(popped[0]), `{${key}}list,x`);
    assert.equal(String(executed[2]), '1');
    const block = [['MULTI'], ['SET', key, '2'], ['EXEC']];
    assert.equal(String((await watching.pipeline(block))[2]), 'OK');
    for (const each of [watching, blocked, executing, pushing]) each.close();
  });
});
