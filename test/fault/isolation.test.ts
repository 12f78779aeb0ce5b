import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { Cache } from '../support/cache.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { type Reply, RespClient, type Word } from '../support/resp-client.ts';
import { poolFile, shards, startInProcess } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';
import { delay, waitFor } from '../support/wait.ts';
import { vanish } from './isolation/works.ts';

// Transactions, watches, queues and databases of many clients, while clients vanish in the middle,
// connections are killed, servers stand still and the file is read again; others publish, and keep
// what they read until they are told of changes. What must hold then: sums are kept, no update is
// lost, nobody hears another's reply, messages come in order and once, nobody keeps what is not so,
// and nothing is left behind.

const ROUNDS = 12;
const TAGS = ['{a}', '{b}', '{c}', '{d}'];
const KEYS = { hash_tag: '{}', max_leased_connections: 24, lease_wait: 300, watch_timeout: 500 };

let servers: RealServer[];
let ringway: Awaited<ReturnType<typeof startInProcess>>;
let over = false;
/** What was done of each kind. */
const done = [0, 0, 0, 0, 0, 0];
/** Numbers of messages, by who has published them. */
let publishers = 0;

before(async () => {
  servers = await startRedisSet(3);
  ringway = await startInProcess({ servers: lines(), timeout: 2000, ...KEYS });
});
after(async () => {
  await ringway.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

function lines(): string[] {
  return shards(servers.map(({ port }) => port));
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}

async function transfer(client: RespClient, tag: string): Promise<void> {
  const large: Word[][] = random(8) === 0 ? [['SET', `${tag}pad`, 'x'.repeat(300_000)]] : [];
  const selects: Word[][] = random(5) === 0 ? [['SELECT', 0]] : [];
  const [exec, pong] = (
    await client.pipeline([
      ['MULTI'],
      ['INCRBY', `${tag}from`, 1],
      ...large,
      ...selects,
      ['INCRBY', `${tag}to`, -1],
      ['EXEC'],
      ['PING'],
    ])
  ).slice(-2);
  if (Array.isArray(exec)) done[0]++;
  assert.equal(pong, 'PONG');
}

async function count(client: RespClient, tag: string): Promise<void> {
  const [, value] = await client.pipeline([
    ['WATCH', `${tag}n`],
    ['GET', `${tag}n`],
  ]);
  const next = value instanceof Error ? 'unknown' : Number(value) + 1;
  const replies = await client.pipeline([
    ['MULTI'],
    next === 'unknown' ? ['GET'] : ['SET', `${tag}n`, next],
    ['INCR', `${tag}counted`],
    ['EXEC'],
    ['PING'],
  ]);
  if (Array.isArray(replies[3])) done[1]++;
  assert.equal(replies[4], 'PONG');
}

async function pop(client: RespClient, tag: string): Promise<void> {
  const replies = await client.pipeline([
    ['RPUSH', `${tag}queue`, 'v'],
    ['BLPOP', `${tag}queue`, '0.05'],
    ['PING'],
  ]);
  if (Array.isArray(replies[1])) done[2]++;
  assert.equal(replies[2], 'PONG');
}

async function moveAbout(client: RespClient, tag: string): Promise<void> {
  const replies = await client.pipeline([
    ['SELECT', 2],
    ['SET', `${tag}s`, 1],
    ['MULTI'],
    ['SELECT', 3],
    ['EXEC'],
    ['GET', `${tag}s`],
    ['SELECT', 0],
    ['GET', `${tag}s`],
  ]);
  const isNothing = (reply: Reply): boolean => reply === null || reply instanceof Error;
  if (Array.isArray(replies[4])) {
    done[3]++;
    assert.ok(isNothing(replies[5]), 'database 3 has nothing');
  }
  assert.ok(isNothing(replies[7]), 'database 0 has nothing');
}

async function change(client: RespClient, tag: string): Promise<void> {
  const [set, pong] = await client.pipeline([['SET', `${tag}kept`, random(1000)], ['PING']]);
  if (!(set instanceof Error)) done[4]++;
  assert.equal(pong, 'PONG');
}

/** What one client publishes is numbered. */
const numbers: WeakMap<RespClient, [publisher: number, next: number]> = new WeakMap();

async function publish(client: RespClient): Promise<void> {
  const [publisher, next] = numbers.get(client) ?? [++publishers, 0];
  numbers.set(client, [publisher, next + 1]);
  const reply = await client.command('PUBLISH', 'news', `${publisher}:${next}`);
  if (!(reply instanceof Error)) done[5]++;
}

/** Each publisher's messages come in their order, and none twice. */
function judgeMessages(frames: readonly string[]): void {
  const last: Map<string, number> = new Map();
  for (const text of frames) {
    const [, publisher, number] = /(\d+):(\d+)\r\n$/.exec(text) ?? [];
    assert.ok(Number(number) > (last.get(publisher) ?? -1), text);
    last.set(publisher, Number(number));
  }
  assert.ok(frames.length > 10, String(frames.length));
}

async function keep(cache: Cache): Promise<void> {
  while (!over) {
    cache.read(`${TAGS[random(TAGS.length)]}kept`);
    await delay(random(3));
    cache.settle();
  }
}

async function busy(work: (client: RespClient, tag: string) => Promise<void>): Promise<void> {
  while (!over) {
    const client = await RespClient.open(ringway.port);
    for (let left = 3 + random(20); left > 0 && !over; left--) {
      await work(client, TAGS[random(TAGS.length)]);
    }
    await vanish(client, TAGS[random(TAGS.length)]);
    client.close();
  }
}

async function disturb(round: number, direct: readonly RespClient[]): Promise<void> {
  await delay(150);
  const some = random(servers.length);
  if (round % 3 === 0) await direct[some].command('CLIENT', 'KILL', 'TYPE', 'normal');
  if (round % 4 === 1) {
    const listen = `127.0.0.1:${ringway.port}`;
    const keys = { listen, timeout: 2000 + round, ...KEYS };
    const { text } = await poolFile([{ servers: lines(), ...keys }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
  }
  if (round % 4 === 2) {
    servers[some].kill('SIGSTOP');
    await delay(100);
    servers[some].kill('SIGCONT');
  }
}

test('transactions, watches, queues and databases keep to themselves, whatever happens', async () => {
  const direct = await Promise.all(servers.map(({ port }) => RespClient.open(port)));
  const caches = await Promise.all([1, 2, 3, 4].map(() => Cache.open(ringway.port)));
  const subscriber = await Subscriber.open(ringway.port);
  await subscriber.ask(['SUBSCRIBE', 'news']);
  const works = [transfer, count, pop, moveAbout, change, publish];
  const all = Array.from({ length: 30 }, (_, i) => busy(works[i % works.length]));
  for (const cache of caches) all.push(keep(cache));
  for (let round = 0; round < ROUNDS; round++) await disturb(round, direct);
  over = true;
  await Promise.all(all);
  assert.ok(
    done.every((times) => times > 10),
    done.join(),
  );
  const client = await RespClient.open(ringway.port);
  for (const tag of TAGS) {
    const names = ['from', 'to', 'n', 'counted'].map((name) => `${tag}${name}`);
    const [from, to, n, counted] = ((await client.command('MGET', ...names)) as Reply[]).map(
      Number,
    );
    assert.equal(from + to, 0, 'all of a transaction is done, or nothing');
    assert.equal(n, counted, 'no update is lost');
  }
  await waitFor('nobody to keep what is not so', async () => {
    for (const cache of caches) if (!cache.settle() || !(await cache.isTrue(client))) return false;
    return true;
  });
  assert.equal(subscriber.closed, false);
  judgeMessages(subscriber.frames);
  for (const each of [...caches, subscriber]) each.close();
  await waitFor('the servers to know of all that left', async () => {
    const lists = await Promise.all(direct.map((each) => each.command('CLIENT', 'LIST')));
    return !/flags=\S*[xb]|multi=[0-9]/.test(lists.join('\n'));
  });
  const info = await waitFor('ringway to know as well', async () => {
    const text = String(await client.command('INFO', 'clients'));
    return /connected_clients:1\r\n/.test(text) ? text : null;
  });
  assert.match(info, /tracking_clients:0\r\n/);
  assert.match(info, /blocked_clients:0\r\n/);
  for (const each of [client, ...direct]) each.close();
});
