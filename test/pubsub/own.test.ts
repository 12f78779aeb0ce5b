import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { type Reply, RespClient } from '../support/resp-client.ts';
import { poolFile, shards, startInProcess } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { delay, waitFor } from '../support/wait.ts';
import { channelsOf } from './channels.ts';

// With `pubsub: own` each client that subscribes has connections of its own to the servers, which
// count it as one of theirs, whichever ringway it comes through.

type Ringway = Awaited<ReturnType<typeof startInProcess>>;

const CHANNELS = Array.from({ length: 8 }, (_, i) => `news:${i}`);

describe('pubsub: own', () => {
  let servers: RealServer[] = [];
  let lines: string[] = [];
  const ringways: Ringway[] = [];
  before(async () => {
    servers = await startRedisSet(3);
    lines = shards(servers.map(({ port }) => port));
    for (let i = 0; i < 2; i++) ringways.push(await run());
  });
  after(async () => {
    await Promise.all(ringways.map((ringway) => ringway.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  });
  beforeEach(() => waitFor('nobody to listen', async () => (await hubs()) === 0));

  function run(keys: object = {}): Promise<Ringway> {
    return startInProcess({ servers: lines, hash: 'md5', pubsub: 'own', ...keys });
  }

  /** Connections that listen, at all servers that are there. */
  async function hubs(): Promise<number> {
    let count = 0;
    for (const { port } of servers.filter(({ running }) => running)) {
      const direct = await RespClient.open(port);
      const list = String(await direct.command('CLIENT', 'LIST'));
      count += list.split('\n').filter((line) => line.includes(' name=ringway-hub ')).length;
      direct.close();
    }
    return count;
  }

  async function ask(port: number, ...words: string[]): Promise<Reply> {
    const client = await RespClient.open(port);
    const reply = await client.command(...words);
    client.close();
    return reply;
  }

  test('who subscribes has a connection to each server, as long as it has subscriptions', async () => {
    const [a, b] = [
      await Subscriber.open(ringways[0].port),
      await Subscriber.open(ringways[0].port),
    ];
    await a.ask(['SUBSCRIBE', 'one', 'two'], 2);
    assert.equal(await hubs(), 3);
    await b.ask(['PSUBSCRIBE', '*']);
    assert.equal(await hubs(), 6);
    await a.ask(['UNSUBSCRIBE'], 2);
    await waitFor('one to be gone', async () => (await hubs()) === 3);
    // And again, on the same connection.
    await a.ask(['SUBSCRIBE', 'one']);
    assert.equal(await hubs(), 6);
    assert.deepEqual(await a.ask(['RESET']), ['+RESET\r\n']);
    await waitFor('one to be gone', async () => (await hubs()) === 3);
    b.close();
    await waitFor('all to be gone', async () => (await hubs()) === 0);
    a.close();
  });

  test('UNSUBSCRIBE is acknowledged when the servers count it no more', async () => {
    const client = await Subscriber.open(ringways[0].port);
    const direct = await Promise.all(servers.map(({ port }) => RespClient.open(port)));
    const heard = (word: string, name: string): Promise<Reply[]> =>
      Promise.all(direct.map((each) => each.command('PUBSUB', word, ...(name ? [name] : []))));
    await client.ask(['SUBSCRIBE', 'kept']);
    for (let i = 0; i < 50; i++) {
      await client.ask(['SUBSCRIBE', 'one', 'two'], 2);
      await client.ask(['UNSUBSCRIBE', 'one', 'none', 'two'], 3);
      for (const name of ['one', 'two']) {
        const wanted = direct.map(() => `${name},0`);
        assert.deepEqual((await heard('NUMSUB', name)).map(String), wanted);
      }
      await client.ask(['PSUBSCRIBE', 'p*']);
      await client.ask(['PUNSUBSCRIBE']);
      assert.deepEqual(
        await heard('NUMPAT', ''),
        direct.map(() => 0),
      );
    }
    // With the last of all its connections end, and are counted no more by then either.
    assert.deepEqual(await client.ask(['UNSUBSCRIBE']), [frame('*', 'unsubscribe', 'kept', 0)]);
    assert.deepEqual(
      (await heard('NUMSUB', 'kept')).map(String),
      direct.map(() => 'kept,0'),
    );
    assert.deepEqual(await client.ask(['PING']), ['+PONG\r\n']);
    for (const each of [client, ...direct]) each.close();
  });

  test('RESET is answered when the servers count it no more', async () => {
    const client = await Subscriber.open(ringways[0].port);
    const direct = await RespClient.open(servers[0].port);
    await client.ask(['SUBSCRIBE', 'one', 'two'], 2);
    await client.ask(['PSUBSCRIBE', 'p*']);
    servers[0].kill('SIGSTOP');
    try {
      // What is asked behind it finds it done.
      client.send(['RESET'], ['SUBSCRIBE', 'three'], ['RESET'], ['PING']);
      await delay(50);
      assert.deepEqual(client.frames, [], 'that server counts it still');
    } finally {
      servers[0].kill('SIGCONT');
    }
    const heard = frame('*', 'subscribe', 'three', 1);
    assert.deepEqual(await client.take(4), ['+RESET\r\n', heard, '+RESET\r\n', '+PONG\r\n']);
    const counts = await direct.command('PUBSUB', 'NUMSUB', 'one', 'two', 'three');
    assert.equal(String(counts), 'one,0,two,0,three,0');
    assert.equal(await direct.command('PUBSUB', 'NUMPAT'), 0);
    for (const each of [client, direct]) each.close();
  });

  test('UNSUBSCRIBE hears what came before, and does not wait for a server that stands still', async () => {
    const client = await Subscriber.open(ringways[0].port);
    await client.ask(['SUBSCRIBE', ...CHANNELS], CHANNELS.length);
    const publisher = await RespClient.open(ringways[1].port);
    client.send(['UNSUBSCRIBE', CHANNELS[0]]);
    await client.take(1);
    assert.equal(await publisher.command('PUBLISH', CHANNELS[0], 'x'), 0);
    const gone = (name: string, left: number) => [frame('*', 'unsubscribe', name, left)];
    servers[0].kill('SIGSTOP');
    try {
      client.send(['UNSUBSCRIBE', CHANNELS[1]]);
      await delay(50);
      assert.deepEqual(client.frames, [], 'that server counts it still');
      servers[0].kill('SIGCONT');
      assert.deepEqual(await client.take(1), gone(CHANNELS[1], CHANNELS.length - 2));
      servers[0].kill('SIGSTOP');
      client.send(['UNSUBSCRIBE', CHANNELS[2]]);
      assert.deepEqual(await client.take(1), gone(CHANNELS[2], CHANNELS.length - 3));
    } finally {
      servers[0].kill('SIGCONT');
    }
    publisher.close();
    client.close();
  });

  test('counts are those of the servers: of every ringway, and of who is there directly', async () => {
    const direct = await Promise.all(servers.map(({ port }) => Subscriber.open(port)));
    for (const each of direct) await each.ask(['SUBSCRIBE', 'all']);
    const mine: Subscriber[] = [];
    for (const { port } of [...ringways, ...ringways, ringways[0]]) {
      const each = await Subscriber.open(port);
      await each.ask(['SUBSCRIBE', 'all', ...CHANNELS.slice(0, mine.length)], mine.length + 1);
      await each.ask(['PSUBSCRIBE', `p${mine.length % 2}*`]);
      await each.ask(['SSUBSCRIBE', 'shard']);
      mine.push(each);
    }
    for (const { port } of ringways) {
      const sums = CHANNELS.flatMap((name, i) => [name, Math.max(0, 4 - i)]);
      const numSub = await ask(port, 'PUBSUB', 'NUMSUB', 'all', ...CHANNELS);
      assert.equal(String(numSub), ['all', 6, ...sums].join());
      assert.equal(await ask(port, 'PUBSUB', 'NUMPAT'), 2);
      assert.equal(
        String(await ask(port, 'PUBSUB', 'SHARDNUMSUB', 'shard', 'none')),
        'shard,5,none,0',
      );
      const names = (await ask(port, 'PUBSUB', 'CHANNELS')) as string[];
      assert.deepEqual(names.map(String).sort(), ['all', ...CHANNELS.slice(0, 4)]);
      assert.equal(String(await ask(port, 'PUBSUB', 'CHANNELS', 'a*')), 'all');
      assert.equal(String(await ask(port, 'PUBSUB', 'SHARDCHANNELS')), 'shard');
      assert.equal(await ask(port, 'PUBLISH', 'all', 'x'), 6);
      assert.equal(await ask(port, 'PUBLISH', CHANNELS[0], 'x'), 4);
      assert.equal(await ask(port, 'PUBLISH', 'p1', 'x'), 2);
      assert.equal(await ask(port, 'SPUBLISH', 'shard', 'x'), 5);
      assert.equal(await ask(port, 'PUBLISH', 'nobody', 'x'), 0);
    }
    for (const each of mine)
      assert.ok((await each.take(4)).includes(frame('*', 'message', 'all', 'x')));
    for (const each of [...direct, ...mine]) each.close();
  });

  test('they are among max_leased_connections: one more is told so, and may try again', async () => {
    const small = await run({ max_leased_connections: 6, lease_wait: 5000 });
    const clients = await Promise.all([1, 2, 3].map(() => Subscriber.open(small.port)));
    for (const each of clients.slice(0, 2)) await each.ask(['SUBSCRIBE', 'c']);
    const [refused] = await clients[2].ask(['SUBSCRIBE', 'c']);
    assert.match(refused, /^-ERR no connection to \S+ is free \(max_leased_connections\)\r\n$/);
    assert.deepEqual(await clients[2].ask(['PING']), ['+PONG\r\n']);
    // What has one has it, and who needs one for something else waits for them.
    await clients[0].ask(['SUBSCRIBE', 'd']);
    const watcher = await RespClient.open(small.port);
    const watched = watcher.command('WATCH', 'k');
    clients[0].close();
    assert.equal(await watched, 'OK');
    await watcher.command('UNWATCH');
    await waitFor('room', async () => {
      const [said] = await clients[2].ask(['SUBSCRIBE', 'c']);
      return said === frame('*', 'subscribe', 'c', 1);
    });
    for (const each of [...clients, watcher]) each.close();
    await small.stop();
  });

  test('a reload exchanges servers: who listens goes on, and hears all once', async () => {
    const own = await run({ servers: lines.slice(0, 2) });
    const client = await Subscriber.open(own.port);
    await client.ask(['SUBSCRIBE', ...CHANNELS], CHANNELS.length);
    const publisher = await RespClient.open(own.port);
    const say = (text: string): Promise<Reply[]> =>
      publisher.pipeline(CHANNELS.map((name) => ['PUBLISH', name, text]));
    await say('before');
    const keys = { hash: 'md5', pubsub: 'own', listen: `127.0.0.1:${own.port}` };
    const { text } = await poolFile([{ ...keys, servers: lines.slice(1) }]);
    await own.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
    for (const reply of await say('after')) assert.equal(reply, 1);
    const frames = await client.take(CHANNELS.length * 2);
    for (const name of CHANNELS) {
      const heard = frames.filter((each) => each.includes(`\r\n${name}\r\n`));
      const wanted = ['before', 'after'].map((word) => frame('*', 'message', name, word));
      assert.deepEqual(heard, wanted);
    }
    for (const each of [client, publisher]) each.close();
    await own.stop();
    await waitFor('nobody to listen', async () => (await hubs()) === 0);
  });

  test('who may miss messages of a server that is lost is closed', async () => {
    const [a, b] = [
      await Subscriber.open(ringways[0].port),
      await Subscriber.open(ringways[1].port),
    ];
    await a.ask(['PSUBSCRIBE', '*']);
    const [mine] = await channelsOf(ringways[1].port, servers);
    await b.ask(['SUBSCRIBE', mine]);
    await servers[0].stop();
    await Promise.all([a.end(), b.end()]);
    await servers[0].restart();
  });
});
