import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { startRedis } from '../support/real-servers.ts';
import { shards, startInProcess } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { killLeft, run } from './moving.ts';

after(() => killLeft());

function wordsOf(request: Buffer): string[] {
  return request
    .toString('latin1')
    .split('\r\n')
    .filter((_, i) => i > 0 && i % 2 === 0);
}

/** A server that hands what is published to one connection only: the first that has subscribed. */
async function serverThatTellsOne(): Promise<FakeServer> {
  let first: { write(bytes: string): unknown } | null = null;
  return startFake((_index, request, socket) => {
    const [name, channel, text] = wordsOf(request);
    if (/^.?(UN)?SUBSCRIBE$/.test(name)) {
      first ??= socket;
      return send(frame('*', name.toLowerCase(), channel, 1));
    }
    if (name !== 'PUBLISH') return send(name === 'PING' ? '+PONG\r\n' : '+OK\r\n');
    first?.write(frame('*', 'message', channel, text));
    return send(':1\r\n');
  });
}

/** A server that grants a channel to the first connection that asks for it, and to no other. */
async function serverThatGrantsOnce(only: string): Promise<FakeServer> {
  const heard = new Map<string, Set<Socket>>();
  return startFake((_index, request, socket) => {
    const [name, channel, text] = wordsOf(request);
    const known = heard.get(channel) ?? new Set();
    heard.set(channel, known);
    if (name === 'SUBSCRIBE') {
      if (channel === only && known.size > 0) return send('-NOPERM no\r\n');
      known.add(socket);
    }
    if (/^.?(UN)?SUBSCRIBE$/.test(name)) return send(frame('*', name.toLowerCase(), channel, 1));
    if (name !== 'PUBLISH') return send(name === 'PING' ? '+PONG\r\n' : '+OK\r\n');
    for (const each of known) each.write(frame('*', 'message', channel, text));
    return send(':1\r\n');
  });
}

describe('subscribers that go along', () => {
  test('do so although one of them cannot', async () => {
    const server = await serverThatGrantsOnce('bad');
    const running = await run([server], 'upgrade', 1);
    const clients = await Promise.all([1, 2, 3].map(() => Subscriber.open(running.port)));
    const [bad, one, other] = clients;
    await bad.ask(['SUBSCRIBE', 'bad']);
    await one.ask(['SUBSCRIBE', 'c']);
    await other.ask(['SUBSCRIBE', 'c', 'd'], 2);
    await running.move();
    await bad.end();
    await one.ask(['PING']);
    await other.ask(['PING']);
    for (const each of clients) each.close();
    await running.stop();
    await server.stop();
  });

  test('are closed soon when the mark does not come to where they go', async () => {
    const server = await serverThatTellsOne();
    const running = await run([server], 'restart', 2);
    const client = await Subscriber.open(running.port);
    await client.ask(['SUBSCRIBE', 'c']);
    await running.move();
    const before = Date.now();
    await client.end();
    assert.ok(Date.now() - before < 8_000, 'two seconds, not ten');
    client.close();
    await running.stop();
    await server.stop();
  });
});

describe('a channel on which cuts are marked', () => {
  test('is asked of no server for a client, which hears nothing there', async () => {
    const redis = await startRedis();
    const ringway = await startInProcess({ servers: shards([redis.port]) });
    const [client, direct] = await Promise.all([ringway.port, redis.port].map(Subscriber.open));
    const channel = '__ringway:cut:0:127.0.0.1:1';
    await client.ask(['SUBSCRIBE', channel, 'c'], 2);
    const count = async (): Promise<string[]> => direct.ask(['PUBSUB', 'NUMSUB', channel, 'c']);
    assert.deepEqual(await count(), [frame('*', channel, 0, 'c', 1)]);
    await direct.ask(['PUBLISH', channel, 'x']);
    await direct.ask(['PUBLISH', 'c', 'y']);
    assert.deepEqual(await client.take(1), [frame('*', 'message', 'c', 'y')]);
    for (const each of [client, direct]) each.close();
    await ringway.stop();
    await redis.stop();
  });
});
