import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../../bench/statistics.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { delay } from '../support/wait.ts';
import { Prober } from './prober.ts';
import { residentBytes } from './targets.ts';
import { REDIS_WIRE } from './wire.ts';

// npm run large-report: the longest that another client of the same server waits while somebody
// takes a large reply, straight at a Redis that has everything, through a ringway in front of it,
// and through one in front of four that share it; and what the proxy's memory grows by. Round by
// round, one after the other; medians are the figures.

const ROUNDS = 5;
const MB = 1 << 20;
/** What a reply's bytes may add to what the command costs straight at Redis. */
const BYTES_PER_MS = 500_000;
const MOST_GROWN = 64 * MB;
const NAMES = 1_000_000;
const READER = fileURLToPath(new URL('large-reader.js', import.meta.url));
const run = promisify(execFile);

const mget = Array.from({ length: 550 }, (_, i) => `mget:${i}`);
const name = (i: number): string => `a name that is not short, number ${i}`;

interface Work {
  readonly what: string;
  readonly words: readonly string[];
  readonly bytes: number;
}

const names = Array.from({ length: NAMES }, (_, i) => name(i).length);
const WORKS: readonly Work[] = [
  { what: 'MGET of 55 MB', words: ['MGET', ...mget], bytes: 55_000_000 },
  { what: 'HGETALL of 200 MB', words: ['HGETALL', 'hash'], bytes: 200 * MB },
  {
    what: 'KEYS of a million',
    words: ['KEYS', 'a name*'],
    bytes: names.reduce((sum, length) => sum + length + `$${length}\r\n\r\n`.length, 0),
  },
];

async function fill(port: number): Promise<void> {
  const client = await RespClient.open({ port, timeoutMs: 60_000 });
  for (const key of mget) await client.text('SETRANGE', key, 100_000 - 1, 'x');
  for (let i = 0; i < 200; i++) await client.text('HSET', 'hash', `f${i}`, 'x'.repeat(MB));
  for (let i = 0; i < NAMES; i += 5_000) {
    const pairs = Array.from({ length: 5_000 }, (_, j) => [name(i + j), '']);
    await client.text('MSET', ...pairs.flat());
  }
  client.close();
}

/** @returns a key of the server that has the hash */
async function besideHash(port: number, servers: readonly RealServer[]): Promise<string> {
  const client = await RespClient.open(port);
  const direct = await Promise.all(servers.map((each) => RespClient.open(each.port)));
  let found = '';
  for (let i = 0; found === ''; i++) {
    await client.text('SET', `other${i}`, '');
    for (const each of direct) {
      const both = await each.text('EXISTS', `other${i}`, 'hash');
      if (both === 2) found = `other${i}`;
    }
  }
  for (const each of [client, ...direct]) each.close();
  return found;
}

const servers = await startRedisSet(5);
const [all, ...four] = servers;
const straight = { name: 'straight', port: all.port, ringway: null as ChildRingway | null };
const targets = [straight];
for (const [label, shown] of [
  ['1 server', [all]],
  ['4 servers', four],
] as const) {
  const ringway = await startChild({ servers: shards(shown.map(({ port }) => port)) });
  targets.push({ name: label, port: ringway.port, ringway });
}
console.log('filling …');
await Promise.all([fill(all.port), fill(targets[2].port)]);
const keys = ['other', 'other', await besideHash(targets[2].port, four)];

for (const { what, words, bytes } of WORKS) {
  const waited: number[][] = targets.map(() => []);
  const took: number[][] = targets.map(() => []);
  const grown = targets.map(() => 0);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, { port, ringway }] of targets.entries()) {
      const other = await Prober.start(port, REDIS_WIRE, keys[i]);
      await delay(200);
      const before = ringway === null ? 0 : residentBytes(ringway.pid);
      let peak = before;
      const timer = setInterval(() => {
        if (ringway !== null) peak = Math.max(peak, residentBytes(ringway.pid));
      }, 10);
      const from = performance.now();
      await run(process.execPath, [READER, String(port), String(bytes), ...words]);
      const to = performance.now();
      clearInterval(timer);
      await delay(100);
      await other.stop();
      if (round === 0) continue;
      waited[i].push(other.longest(from, to));
      took[i].push(to - from);
      grown[i] = Math.max(grown[i], peak - before);
    }
  }
  const [base] = waited.map(median);
  const most = base + bytes / BYTES_PER_MS;
  for (const [i, target] of targets.entries()) {
    const wait = median(waited[i]);
    const verdict = wait <= most && grown[i] <= MOST_GROWN ? 'holds' : 'MISSES';
    console.log(
      `${what}, ${target.name}: another client waited ${wait.toFixed(0)} ms at most ` +
        `(${waited[i].map((each) => each.toFixed(0)).join(', ')}), ` +
        `all was there in ${median(took[i]).toFixed(0)} ms` +
        (i === 0
          ? ''
          : `, RSS +${(grown[i] / MB).toFixed(0)} MB; ${most.toFixed(0)} ms: ${verdict}`),
    );
  }
}
for (const { ringway } of targets) await ringway?.stop();
await Promise.all(servers.map((server) => server.stop()));
process.exit(0);
