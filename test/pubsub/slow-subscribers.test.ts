import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

const LIMIT = 1024 * 1024;

for (const variant of VARIANTS) {
  describe(`messages and their readers, ${variant.label}`, () => suite(variant));
}

function suite(variant: Variant): void {
  let servers: RealServer[];
  let ringway: TestRingway;
  let publisher: RespClient;

  before(async () => {
    servers = await startRedisSet(2);
    const lines = shards(servers.map(({ port }) => port));
    ringway = await startInProcess({ servers: lines, client_output_limit: LIMIT }, variant);
    publisher = await RespClient.open(ringway.port);
  });
  after(async () => {
    publisher.close();
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const info = async (field: string): Promise<number> => {
    const text = String(await publisher.command('INFO', 'stats'));
    return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1]);
  };

  test('who does not read is closed, and the others get every message in order', async () => {
    const [slow, quick] = await Promise.all([
      Subscriber.open(ringway.port),
      Subscriber.open(ringway.port),
    ]);
    for (const client of [slow, quick]) await client.ask(['SUBSCRIBE', 'c']);
    slow.socket.pause();
    const before = await info('pubsub_slow_closed');
    const messages = Array.from(
      { length: 400 },
      (_, i) => `${i}:${'x'.repeat(i % 7 === 0 ? 90_000 : 20_000)}`,
    );
    for (let i = 0; i < messages.length; i += 20) {
      const counts = await publisher.pipeline(
        messages.slice(i, i + 20).map((text) => ['PUBLISH', 'c', text]),
      );
      for (const count of counts) assert.ok(count === 1 || count === 2, String(count));
    }
    const got = await quick.take(messages.length);
    assert.deepEqual(
      got,
      messages.map((text) => frame('*', 'message', 'c', text)),
    );
    await waitFor('the slow one to be closed', async () => {
      return (await info('pubsub_slow_closed')) === before + 1;
    });
    assert.equal(await publisher.command('PUBLISH', 'c', 'last'), 1);
    for (const client of [slow, quick]) client.close();
  });

  test('a message never comes within a reply', async () => {
    const large = Buffer.alloc(8 * LIMIT, 'v').toString('latin1');
    await publisher.command('SET', 'large', large);
    await publisher.command('SET', 'small', 'v');
    const names = Array.from({ length: 20_000 }, (_, i) => `${'k'.repeat(80)}:${i}`);
    await publisher.command('MSET', ...names.flatMap((name) => [name, 'x']));
    const client = await Subscriber.open(ringway.port);
    await client.ask(['HELLO', '3']);
    await client.ask(['SUBSCRIBE', 'c', 'd'], 2);
    client.send(
      ['GET', 'large'],
      ['GET', 'small'],
      ['MGET', 'large', 'small'],
      ['KEYS', 'kk*'],
      ['PING'],
    );
    let published = 0;
    const replies: string[] = [];
    const heard: string[] = [];
    while (replies.length < 5) {
      await publisher.pipeline([
        ['PUBLISH', 'c', `${published++}`],
        ['PUBLISH', 'c', `${published++}:${'y'.repeat(3000)}`],
      ]);
      for (const each of await client.take(client.frames.length)) {
        if (each.startsWith('>')) heard.push(each);
        else replies.push(each);
      }
    }
    while (heard.length < published) heard.push(...(await client.take(1)));
    assert.equal(replies[0].length, large.length + `$${large.length}\r\n\r\n`.length);
    assert.ok(!/[^v]/.test(replies[0].slice(`$${large.length}\r\n`.length, -2)));
    assert.equal(replies[1], '$1\r\nv\r\n');
    assert.ok(replies[2] === `*2\r\n$${large.length}\r\n${large}\r\n$1\r\nv\r\n`, 'MGET');
    const keys = replies[3].split('\r\n').filter((each) => each.startsWith('k'));
    assert.deepEqual(keys.sort(), [...names].sort());
    assert.equal(replies[4], '+PONG\r\n');
    assert.deepEqual(
      heard.map((each) => Number(/\r\n(\d+)(:y*)?\r\n$/.exec(each)?.[1])),
      Array.from({ length: published }, (_, i) => i),
    );
    client.close();
  });

  test('who sends no more requests, or asks for the end, hears nothing more', async () => {
    const [halved, leaving] = await Promise.all([
      Subscriber.open(ringway.port),
      Subscriber.open(ringway.port),
    ]);
    for (const client of [halved, leaving]) await client.ask(['SUBSCRIBE', 'c']);
    halved.socket.end();
    leaving.send(['QUIT']);
    await Promise.all([halved.end(), leaving.end()]);
    assert.deepEqual(leaving.frames, ['+OK\r\n']);
    await waitFor('both to be forgotten', async () => {
      return (await publisher.command('PUBLISH', 'c', 'x')) === 0;
    });
  });

  test('clients that vanish leave nothing behind', async () => {
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all([1, 2, 3, 4].map(() => Subscriber.open(ringway.port)));
      for (const [i, client] of clients.entries()) {
        const request = encodeRequest('SUBSCRIBE', 'gone', `gone:${i}`, `gone:${round}`);
        client.socket.write(request.subarray(0, i === 0 ? 20 : request.length));
        if (i > 1) client.send(['PSUBSCRIBE', 'g*'], ['SSUBSCRIBE', 'gone']);
        if (i > 2) await client.take(5);
      }
      await publisher.pipeline([
        ['PUBLISH', 'gone', 'x'],
        ['PUBLISH', `gone:${round}`, 'x'.repeat(50_000)],
      ]);
      for (const [i, client] of clients.entries()) {
        if (i % 2 === 0) client.socket.resetAndDestroy();
        else client.close();
      }
    }
    await waitFor('an empty pool', async () => {
      const [channels, patterns, shards_] = [
        await publisher.command('PUBSUB', 'CHANNELS'),
        await publisher.command('PUBSUB', 'NUMPAT'),
        await publisher.command('PUBSUB', 'SHARDCHANNELS'),
      ];
      return String(channels) === '' && patterns === 0 && String(shards_) === '';
    });
    const direct = await RespClient.open(servers[0].port);
    await waitFor('the hub to close its connections', async () => {
      return !String(await direct.command('CLIENT', 'LIST')).includes('name=ringway-hub');
    });
    direct.close();
  });
}
