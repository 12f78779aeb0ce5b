import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { PoolConfig, ServerConfig } from '../../../../../src/config/index.ts';
import { writePool } from '../../../../../src/distribution/pool-descriptor.ts';
import { buildRing } from '../../../../../src/distribution/ring.ts';
import { HUB_IDLE_BYTES } from '../../../../../src/limits.ts';
import type { Pool } from '../../../../../src/proxy/pool/pool.ts';
import { Hub } from '../../../../../src/proxy/redis/pubsub/hub/hub.ts';
import { CHANNEL, PATTERN } from '../../../../../src/proxy/redis/pubsub/hub/kinds.ts';
import type { Listener, Topic, Waiter } from '../../../../../src/proxy/redis/pubsub/hub/topic.ts';
import { poolCounters } from '../../../../../src/stats/counters.ts';
import { holdingsOf } from '../../../../support/at-rest.ts';
import { type FakeServer, send, startFake } from '../../../../support/fake-server.ts';
import { frame } from '../../../../support/subscriber.ts';
import { TEST_RING, testEngine } from '../../../../support/test-engine.ts';
import { waitFor } from '../../../../support/wait.ts';

const engine = testEngine();
const fresh = holdingsOf(engine);
const fakes: FakeServer[] = [];
const hubs: Hub[] = [];

afterEach(async () => {
  silent = false;
  for (const hub of hubs.splice(0)) hub.close();
  await waitFor('everything to be given back', () => {
    assert.deepEqual(holdingsOf(engine), fresh);
    return true;
  });
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});

/** While it is set servers say nothing. */
let silent = false;

/** A server that grants what it is asked for. */
async function startServer(): Promise<FakeServer> {
  const fake = await startFake((_index, request) => {
    if (silent) return { do: 'silence' };
    const words = request
      .toString('latin1')
      .split('\r\n')
      .filter((_, i) => i > 0 && i % 2 === 0);
    if (/SUBSCRIBE$/.test(words[0])) return send(frame('*', words[0].toLowerCase(), words[1], 1));
    return send(words[0] === 'PING' ? frame('*', 'pong', '') : '+OK\r\n');
  });
  fakes.push(fake);
  return fake;
}

function line(fake: FakeServer, i: number): ServerConfig {
  const config = { kind: 'tcp', host: '127.0.0.1', port: fake.port, path: '', tls: null };
  return { ...config, name: `s${i}`, ringName: `s${i}` } as unknown as ServerConfig;
}

class TestPool {
  readonly engine = engine;
  readonly counters = poolCounters();
  readonly descriptor = TEST_RING;
  config: PoolConfig;

  constructor(servers: readonly FakeServer[], more: Partial<PoolConfig> = {}) {
    this.config = {
      name: 'pool',
      serverLogin: null,
      distribution: 'ketama',
      subscribeToAll: true,
      pubsubLoss: 'disconnect',
      clientOutputLimit: 1 << 20,
      ...more,
      servers: servers.map(line),
    } as unknown as PoolConfig;
    this.change(servers);
  }

  /** Lays the ring of the servers that are live; absent = all. */
  lay(live: readonly number[] = this.config.servers.map(() => 1)): void {
    const names = this.config.servers.map(({ name }) => ({ name: Buffer.from(name), weight: 1 }));
    const options = { hash: 0, distribution: 'ketama', tag: 0 } as const;
    writePool(engine.words, TEST_RING, buildRing(names, live, options));
  }

  /** It is no cluster. */
  readonly slots = null;

  /** As they are, wherever the lines of the file lead. */
  servers: { readonly config: ServerConfig }[] = [];

  change(servers: readonly FakeServer[]): void {
    this.config = { ...this.config, servers: servers.map(line) };
    this.servers = this.config.servers.map((config) => ({ config }));
    this.lay();
  }
}

function start(
  servers: readonly FakeServer[],
  more: Partial<PoolConfig> = {},
): { hub: Hub; pool: TestPool } {
  const pool = new TestPool(servers, more);
  const hub = new Hub(pool as unknown as Pool);
  hubs.push(hub);
  return { hub, pool };
}

class Ear implements Listener, Waiter {
  readonly leaving = null;
  readonly heard: string[] = [];
  confirmed = 0;
  refused = '';
  lost = 0;

  take(bytes: Buffer, begin: number, end: number): void {
    this.heard.push(bytes.toString('latin1', begin, end));
  }

  lose(): void {
    this.lost++;
  }

  onConfirmed(topic: Topic): void {
    topic.waiting.delete(this);
    this.confirmed++;
  }

  onRefused(topic: Topic, error: Buffer): void {
    topic.waiting.delete(this);
    this.refused = String(error);
  }

  onException(error: unknown): void {
    throw error;
  }
}

const hold = (hub: Hub, name: string, kind: 0 | 1 = CHANNEL): Topic => {
  return hub.hold(kind, Buffer.from(name), name);
};

async function confirmed(hub: Hub, topic: Topic): Promise<void> {
  await waitFor('confirmation', () => hub.isConfirmed(topic));
}

const requests = (fake: FakeServer, word: string): number => {
  return fake.received.filter((each) => each.includes(`\r\n${word}\r\n`)).length;
};

describe('a hub', () => {
  test('subscribes once for all who hold a topic, and a moment after the last has let it go', async () => {
    const [a, b] = [await startServer(), await startServer()];
    const { hub } = start([a, b]);
    const topic = hold(hub, 'c');
    assert.equal(hold(hub, 'c'), topic);
    await confirmed(hub, topic);
    await waitFor('both', () => requests(a, 'SUBSCRIBE') + requests(b, 'SUBSCRIBE') === 2);
    hub.release(topic);
    hub.release(topic);
    assert.equal(hold(hub, 'c'), topic, 'it is still there');
    hub.release(topic);
    await waitFor('the end of its connections', () => a.open.size + b.open.size === 0);
    assert.ok(hub.topics.isEmpty);
    assert.equal(requests(a, 'SUBSCRIBE') + requests(b, 'SUBSCRIBE'), 2);
  });

  test('tells who waits, and hands messages to who listens', async () => {
    const server = await startServer();
    const { hub } = start([server]);
    const ear = new Ear();
    const topic = hold(hub, 'c');
    topic.waiting.add(ear);
    hub.await(topic);
    await waitFor('the answer', () => ear.confirmed === 1);
    topic.listeners.add(ear);
    const pattern = hold(hub, 'c*', PATTERN);
    await confirmed(hub, pattern);
    pattern.listeners.add(ear);
    const messages = [
      frame('*', 'message', 'c', 'x'),
      frame('*', 'message', 'other', 'x'),
      frame('*', 'pmessage', 'c*', 'c', 'x'.repeat(200_000)),
    ];
    for (const socket of server.open) socket.write(messages.join(''));
    await waitFor('the messages', () => ear.heard.length === 2);
    assert.deepEqual(ear.heard, [messages[0], messages[2]]);
  });

  test('asked twice while an end is under way, has what was asked for last', async () => {
    const server = await startServer();
    const { hub } = start([server]);
    const other = hold(hub, 'other');
    const topic = hold(hub, 'c');
    await confirmed(hub, topic);
    silent = true;
    hub.release(topic);
    await waitFor('the end to be asked for', () => requests(server, 'UNSUBSCRIBE') === 1);
    const again = hold(hub, 'c');
    assert.notEqual(again, topic);
    assert.equal(hub.isConfirmed(again), false);
    await waitFor('the new question', () => requests(server, 'SUBSCRIBE') === 3);
    for (const socket of server.open) {
      socket.write(frame('*', 'unsubscribe', 'c', 1));
      socket.write(frame('*', 'subscribe', 'c', 2));
    }
    await confirmed(hub, again);
    assert.ok(hub.isConfirmed(other));
  });

  test('knows when what is under way has come', async () => {
    const server = await startServer();
    const { hub } = start([server]);
    const ear = new Ear();
    const topic = hold(hub, 'c');
    await confirmed(hub, topic);
    topic.listeners.add(ear);
    silent = true;
    let told = 0;
    hub.catchUp([topic], () => told++);
    hub.catchUp([topic], () => told++);
    await waitFor('the question', () => requests(server, 'PING') === 1);
    for (const socket of server.open) socket.write(frame('*', 'message', 'c', 'x'));
    await waitFor('the message', () => ear.heard.length === 1);
    assert.equal(told, 0);
    for (const socket of server.open) socket.write(frame('*', 'pong', ''));
    await waitFor('both to be told', () => told === 2);
    hub.catchUp([topic], () => told++);
    for (const socket of server.open) socket.destroy();
    await waitFor('the third, when the connection is lost', () => told === 3);
  });

  test('a lost server: who needs it is told, its topics are asked for again', async () => {
    const [a, b] = [await startServer(), await startServer()];
    const { hub } = start([a, b]);
    const topics = Array.from({ length: 20 }, (_, i) => hold(hub, `c${i}`));
    const ears = topics.map((topic) => {
      const ear = new Ear();
      topic.listeners.add(ear);
      return ear;
    });
    for (const topic of topics) await confirmed(hub, topic);
    await waitFor('both', () => requests(a, 'SUBSCRIBE') + requests(b, 'SUBSCRIBE') === 40);
    for (const socket of a.open) socket.destroy();
    await waitFor('the loss', () => ears.some(({ lost }) => lost === 1));
    const losers = ears.filter(({ lost }) => lost === 1).length;
    assert.ok(losers > 0 && losers < ears.length, 'those of its own channels');
    for (const topic of topics) await confirmed(hub, topic);
    assert.equal(requests(a, 'SUBSCRIBE'), 40);
  });

  test('other servers: new ones are prepared, old ones heard on, one that comes back is not doubled', async () => {
    const [a, b, c] = [await startServer(), await startServer(), await startServer()];
    const { hub, pool } = start([a, b]);
    const topic = hold(hub, 'c');
    await confirmed(hub, topic);
    const next = { ...pool.config, servers: [a, c].map(line) };
    const { ready } = hub.prepare(next);
    await ready;
    assert.equal(requests(c, 'SUBSCRIBE'), 1);
    pool.change([a, c]);
    hub.onRing();
    assert.ok(hub.isConfirmed(topic));
    assert.equal(b.open.size, 1);
    await hub.prepare({ ...pool.config, servers: [b].map(line) }).ready;
    pool.change([b]);
    hub.onRing();
    assert.ok(hub.isConfirmed(topic));
    assert.deepEqual(
      [a, b, c].map(({ connections }) => connections),
      [1, 1, 1],
    );
    const abandoned = hub.prepare({ ...pool.config, servers: [await startServer()].map(line) });
    abandoned.abort();
    await abandoned.ready;
  });

  test('a server that is another one now: the one before is heard no more, who may miss messages is told', async () => {
    const [a, b, c] = [await startServer(), await startServer(), await startServer()];
    const { hub, pool } = start([a, b]);
    const topics = Array.from({ length: 20 }, (_, i) => hold(hub, `c${i}`));
    for (const topic of topics) await confirmed(hub, topic);
    await waitFor('both', () => requests(a, 'SUBSCRIBE') + requests(b, 'SUBSCRIBE') === 40);
    const ears = topics.map((topic) => {
      const ear = new Ear();
      topic.listeners.add(ear);
      return ear;
    });
    hub.onMoved();
    assert.equal(ears.filter(({ lost }) => lost > 0).length, 0, 'nothing has moved');
    pool.servers[0] = { config: line(c, 0) };
    hub.onMoved();
    const losers = ears.filter(({ lost }) => lost === 1).length;
    assert.ok(losers > 0 && losers < ears.length, 'those of its own channels');
    for (const topic of topics) await confirmed(hub, topic);
    await waitFor('the end of the old one', () => a.open.size === 0);
    assert.equal(requests(c, 'SUBSCRIBE'), 20);
    // The file still names the one before.
    await hub.prepare(pool.config).ready;
    assert.equal(a.connections, 1);
  });

  for (const subscribeToAll of [true, false]) {
    test(`another ring, ${subscribeToAll ? 'all' : 'owner'}: who may miss messages is told`, async () => {
      const [a, b] = [await startServer(), await startServer()];
      const { hub, pool } = start([a, b], { subscribeToAll });
      const topics = Array.from({ length: 20 }, (_, i) => hold(hub, `c${i}`));
      for (const topic of topics) await confirmed(hub, topic);
      await waitFor('all', () => {
        const asked = requests(a, 'SUBSCRIBE') + requests(b, 'SUBSCRIBE');
        return asked === (subscribeToAll ? 40 : 20);
      });
      const ears = topics.map((topic) => {
        const ear = new Ear();
        topic.listeners.add(ear);
        return ear;
      });
      const moves = subscribeToAll ? 0 : requests(a, 'SUBSCRIBE');
      pool.lay([0, 1]);
      hub.onRing();
      assert.equal(ears.filter(({ lost }) => lost > 0).length, moves);
      for (const topic of topics) await confirmed(hub, topic);
      pool.lay();
      hub.onRing();
      // What was given up is given up a moment later: the way back is open at once.
      assert.equal(ears.filter(({ lost }) => lost > 1).length, 0);
      await waitFor('the other server to be done with', () => {
        return requests(b, 'UNSUBSCRIBE') === moves;
      });
    });
  }

  test('names that nobody hears any more take a bounded room', async () => {
    const server = await startServer();
    const { hub } = start([server]);
    const long = 'x'.repeat(32_000);
    for (let i = 0; i < 600; i++) hub.release(hold(hub, `${i}${long}`));
    await waitFor('them to be counted', () => engine.budget.used > 0);
    const left = Array.from({ length: 600 }, (_, i) => hub.topics.find(CHANNEL, `${i}${long}`));
    const kept = left.filter((topic) => topic !== undefined);
    assert.ok(kept.length > 100);
    assert.ok(kept.reduce((sum, { bytes }) => sum + bytes, 0) <= HUB_IDLE_BYTES);
    assert.equal(kept.at(-1), left[599], 'the oldest go first');
  });
});
