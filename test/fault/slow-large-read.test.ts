import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';
import { PausedClient } from './paused-client.ts';
import { Prober } from './prober.ts';
import { REDIS_WIRE } from './wire.ts';

// A read with a large reply, for a client that takes nothing of it for a while, with others behind
// it on the same server: they do not wait for that client, and it loses nothing.

const MB = 1 << 20;
const LIMIT = 2 * MB;

describe('a large reply that its client does not take for 2.5 s, with others behind it', () => {
  let redis: RealServer;
  let ringway: ChildRingway;
  let http: string;
  const others: Prober[] = [];

  before(async () => {
    redis = await startRedis();
    http = `127.0.0.1:${await freePort()}`;
    const pool = { servers: shards([redis.port]), client_output_limit: LIMIT };
    ringway = await startChild(pool, { args: ['--http-addr', http] });
    const direct = await RespClient.open(redis.port);
    const fill = `for i = 1, 300 do redis.call('HSET', KEYS[1], i, string.rep('x', 100000)) end`;
    await direct.text('EVAL', fill, '1', 'hash');
    await direct.text('SETRANGE', 'text', 30 * MB - 1, 'x');
    direct.close();
    for (let i = 0; i < 20; i++) {
      others.push(await Prober.start(ringway.port, REDIS_WIRE, `other${i}`));
    }
  });
  after(async () => {
    await Promise.all(others.map((other) => other.stop()));
    await ringway?.stop();
    await redis?.stop();
  });

  const text = `$${30 * MB}\r\n`.length + 30 * MB + 2;
  const fields = Array.from({ length: 300 }, (_, i) => String(i + 1).length);
  const hash = '*600\r\n'.length + fields.reduce((sum, each) => sum + each + 6 + 100_011, 0);
  const cases = [
    { what: 'HGETALL', words: ['HGETALL', 'hash'], bytes: hash },
    { what: 'GET', words: ['GET', 'text'], bytes: text },
  ];
  for (const { what, words, bytes } of cases) {
    test(`${what} of 30 MB`, async () => {
      const from = performance.now();
      const served = (): number[] => others.map(({ samples }) => samples.length);
      const client = new PausedClient(ringway.port);
      const behind = [encodeRequest('SET', 'text2', 'x'), encodeRequest('GET', 'text2')];
      client.socket.write(encodeRequest(...words));
      await delay(1_000);
      client.socket.write(Buffer.concat(behind));
      const before = served();
      await delay(1_500);
      await waitFor('the others to be served', () => {
        return served().every((count, i) => count > before[i] + 2);
      });
      const longest = Math.max(...others.map((other) => other.longest(from, performance.now())));
      const tail = '+OK\r\n$1\r\nx\r\n';
      const got = await client.readsAfter(0, bytes + tail.length);
      console.log(`${what} of 30 MB: others waited ${longest.toFixed(0)} ms at most`);
      assert.equal(got.length, bytes + tail.length);
      assert.equal(got.toString('latin1', bytes), tail);
      const cut = ringway.log.filter((line) => line.includes('does not read a large reply'));
      assert.deepEqual(cut, []);
    });
  }

  test('it was made again over a connection of its own, once others were behind it', async () => {
    const again = async (): Promise<number> => {
      const metrics = await (await fetch(`http://${http}/metrics`)).text();
      return Number(/^ringway_reads_in_pieces_total\{.*\} (\d+)$/m.exec(metrics)?.[1]);
    };
    const other = new PausedClient(ringway.port);
    other.socket.resume();
    const many = Buffer.alloc(50 * 25, encodeRequest('GET', 'k'));
    for (let tries = 0; tries < 30 && (await again()) === 0; tries++) {
      const client = new PausedClient(ringway.port);
      await client.gets(encodeRequest('PING'), 7);
      client.socket.write(encodeRequest('GET', 'text'));
      other.socket.write(many);
      assert.equal((await client.readsAfter(20, text)).length, text);
    }
    assert.ok((await again()) > 0);
    other.socket.destroy();
  });
});

describe('large values of four servers for one client that pauses', () => {
  // Each connection stands still for itself; none may wait for what only another one can give.
  test('all come, in their order', async () => {
    const servers = await startRedisSet(4);
    const ringway = await startChild({ servers: shards(servers.map(({ port }) => port)) });
    try {
      const names = Array.from({ length: 12 }, (_, i) => `value ${i * 7919}`);
      const client = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
      for (const name of names) await client.text('SETRANGE', name, 12 * MB - 1, 'x');
      client.close();
      const each = `$${12 * MB}\r\n`.length + 12 * MB + 2;
      for (const pause of [0, 500]) {
        const paused = new PausedClient(ringway.port);
        paused.socket.write(Buffer.concat(names.map((name) => encodeRequest('GET', name))));
        const got = await paused.readsAfter(pause, names.length * each);
        assert.equal(got.length, names.length * each);
      }
    } finally {
      await ringway.stop();
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});
