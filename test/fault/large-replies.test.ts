import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';
import { PausedClient } from './paused-client.ts';
import { Prober } from './prober.ts';
import { residentBytes } from './targets.ts';
import { REDIS_WIRE } from './wire.ts';

// Replies far beyond client_output_limit, to a client that goes on reading: all of it comes, in
// bounded memory. What another client of a server waits is printed.

const MB = 1 << 20;
const MOST_GROWN = 64 * MB;
const skip = process.platform === 'linux' ? false : 'needs /proc';

describe('replies larger than client_output_limit', { skip }, () => {
  let servers: RealServer[] = [];
  let ringway: ChildRingway;
  let other: Prober;
  const keys = Array.from({ length: 550 }, (_, i) => `mget:${i}`);

  before(async () => {
    servers = await startRedisSet(4);
    ringway = await startChild({ servers: shards(servers.map(({ port }) => port)) });
    const client = await RespClient.open(ringway.port);
    for (const key of keys) await client.text('SETRANGE', key, 100_000 - 1, 'x');
    const fields = `for i = 1, 200 do redis.call('HSET', KEYS[1], i, string.rep('x', ${MB})) end`;
    await client.text('EVAL', fields, '1', 'hash');
    client.close();
    const names = `for i = 1, 250000 do redis.call('SET', ARGV[1] .. ':' .. i, '') end`;
    for (const [i, { port }] of servers.entries()) {
      const direct = await RespClient.open({ port, timeoutMs: 60_000 });
      await direct.text('EVAL', names, '0', `a name that is not short, of server ${i}`);
      direct.close();
    }
    other = await Prober.start(ringway.port, REDIS_WIRE, 'other');
  });
  after(async () => {
    await other?.stop();
    await ringway?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const cases = [
    { what: 'MGET of 55 MB', words: ['MGET', ...keys], least: 55_000_000, head: '*550\r\n' },
    { what: 'HGETALL of 200 MB', words: ['HGETALL', 'hash'], least: 200 * MB, head: '*400\r\n' },
    {
      what: 'KEYS of a million',
      words: ['KEYS', 'a name*'],
      least: 40_000_000,
      head: '*1000000\r\n',
    },
  ];
  for (const { what, words, least, head } of cases) {
    test(`${what}, in bounded memory`, async () => {
      const before = residentBytes(ringway.pid);
      let peak = before;
      const timer = setInterval(() => {
        peak = Math.max(peak, residentBytes(ringway.pid));
      }, 5);
      const from = performance.now();
      const client = new PausedClient(ringway.port);
      let begun = '';
      client.socket.on('data', (chunk: Buffer) => {
        if (begun.length < head.length) begun += chunk.toString('latin1', 0, head.length);
        client.chunks.length = 0;
      });
      client.socket.write(Buffer.concat([encodeRequest(...words), encodeRequest('PING')]));
      await client.readsAfter(0, least);
      clearInterval(timer);
      const grown = (peak - before) / MB;
      const longest = other.longest(from, performance.now());
      console.log(
        `${what}: RSS +${grown.toFixed(0)} MB, another client waited ${longest.toFixed(0)} ms`,
      );
      assert.ok(begun.startsWith(head), begun);
      assert.ok(client.length >= least, `${client.length} bytes`);
      assert.ok(peak - before <= MOST_GROWN, `RSS +${grown.toFixed(0)} MB`);
    });
  }

  test('twenty HGETALLs of 200 MB whose clients stop: what they do not take waits at the server', async () => {
    const before = residentBytes(ringway.pid);
    const clients: PausedClient[] = [];
    for (let i = 0; i < 20; i++) {
      const client = new PausedClient(ringway.port);
      clients.push(client);
      await client.gets(encodeRequest('HGETALL', 'hash'), 1);
    }
    let last = 0;
    await waitFor('the proxy to be done', async () => {
      const earlier = last;
      last = residentBytes(ringway.pid);
      await delay(200);
      return Math.abs(last - earlier) < MB;
    });
    const grown = (last - before) / MB;
    console.log(`${clients.length} that stop: RSS +${grown.toFixed(0)} MB`);
    assert.ok(last - before <= 2 * MOST_GROWN, `RSS +${grown.toFixed(0)} MB`);
    assert.ok(clients.every(({ closed }) => !closed));
    for (const { socket } of clients) socket.destroy();
    await waitFor('them to be gone', async () => {
      const client = await RespClient.open(ringway.port);
      const info = String(await client.text('INFO', 'clients'));
      client.close();
      return Number(/connected_clients:(\d+)/.exec(info)?.[1]) <= 3;
    });
  });
});
