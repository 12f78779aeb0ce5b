import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startMemcached, startRedisSet } from '../support/real-servers.ts';
import { RespClient, toText } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { delay, inTime } from '../support/wait.ts';

type Entry = [id: number, at: number, micros: number, args: string[], addr: string, name: string];

/** Enough to have some on each server. */
const KEYS = Array.from({ length: 20 }, (_, i) => `user:${i}:session`);

describe('the slow log', () => {
  let redis: RealServer[];
  let ringway: TestRingway;
  let client: RespClient;

  before(async () => {
    redis = await startRedisSet(2);
    const servers = shards(redis.map(({ port }) => port));
    ringway = await startInProcess([
      { name: 'open', slowlog_ms: 100, slowlog_length: 3, servers },
      { name: 'discreet', slowlog_ms: 100, slowlog_redact: true, servers },
      { name: 'off', servers },
      { name: 'retried', slowlog_ms: 100, retry_reads: 1, servers },
      { name: 'pieces', slowlog_ms: 1, client_output_limit: 65_536, servers },
    ]);
    client = await RespClient.open(ringway.port);
  });

  after(async () => {
    client?.close();
    await ringway?.stop();
    await Promise.all((redis ?? []).map((server) => server.stop()));
  });

  /** Sends a request while the servers stand still. */
  async function slowly(from: RespClient, ...words: string[]): Promise<void> {
    for (const server of redis) server.kill('SIGSTOP');
    const reply = from.command(...words);
    await delay(160);
    for (const server of redis) server.kill('SIGCONT');
    await reply;
  }

  async function entries(from: RespClient, ...words: string[]): Promise<Entry[]> {
    return toText(await from.command('SLOWLOG', 'GET', ...words)) as unknown as Entry[];
  }

  test('has command, key, times, client and server, and not the value', async () => {
    await client.command('CLIENT', 'SETNAME', 'tester');
    await client.command('SET', 'fast', 'value');
    await slowly(client, 'SET', 'the-key', 'the-value', 'EX', '100');
    const [entry, ...others] = await entries(client);
    assert.equal(others.length, 0);
    const [id, at, micros, args, address, name] = entry;
    assert.equal(Number(id), 0);
    assert.ok(Math.abs(Number(at) - Date.now() / 1000) < 5);
    assert.ok(Number(micros) >= 100_000 && Number(micros) < 2_000_000, String(micros));
    assert.deepEqual(args.slice(0, 3), ['SET', 'the-key', '... (3 more arguments)']);
    const share = /^\[server shard[12] took (\d+) us of it\]$/.exec(args[3]);
    assert.ok(share !== null, args[3]);
    assert.ok(Number(share[1]) <= Number(micros) && Number(share[1]) > 90_000);
    assert.match(address, /^127\.0\.0\.1:\d+$/);
    assert.equal(name, 'tester');
    assert.ok(ringway.log.some((line) => /slow request in pool open: SET the-key took/.test(line)));
    assert.ok(!ringway.log.some((line) => line.includes('the-value')));
  });

  test('has an MGET once that is answered in pieces, by its own keys', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `piece:${i}`);
    const reader = await RespClient.open(ringway.ports[4]);
    for (const key of keys) await reader.text('SET', key, 'x'.repeat(100_000));
    await reader.command('SLOWLOG', 'RESET');
    const reply = reader.command('MGET', ...keys);
    for (const server of redis) server.kill('SIGSTOP');
    await delay(30);
    for (const server of redis) server.kill('SIGCONT');
    await reply;
    const found = (await entries(reader, '-1')).map(([, , , args]) => args.slice(0, 3));
    assert.deepEqual(found, [['MGET', 'piece:0', '... (199 more arguments)']]);
    reader.close();
  });

  test('keeps the newest, and LEN, RESET and a number work as in Redis', async () => {
    for (const key of ['one', 'two', 'three']) await slowly(client, 'GET', key);
    const found = await entries(client, '2');
    assert.deepEqual(
      found.map(([, , , args]) => args[1]),
      ['three', 'two'],
    );
    assert.equal(Number(await client.command('SLOWLOG', 'LEN')), 3);
    assert.equal((await entries(client, '-1')).length, 3);
    assert.equal(await client.text('SLOWLOG', 'RESET'), 'OK');
    assert.deepEqual(await entries(client), []);
    assert.match(String(await client.command('SLOWLOG', 'NONSENSE')), /unknown subcommand/i);
    assert.match(String(await client.command('SLOWLOG', 'GET', '-2')), /count should be/);
  });

  test('has a request that was split over the servers once, as its client made it', async () => {
    const values = KEYS.flatMap((key) => [key, 'v']);
    for (const words of [['MGET', ...KEYS], ['MSET', ...values], ['DBSIZE']]) {
      await client.command('SLOWLOG', 'RESET');
      await slowly(client, ...words);
      const found = await entries(client);
      assert.ok(found.length === 1, JSON.stringify(found));
      const [, , micros, args, address, name] = found[0];
      const rest = words.length > 2 ? [`... (${words.length - 2} more arguments)`] : [];
      assert.deepEqual(args.slice(0, -1), [...words.slice(0, 2), ...rest]);
      assert.match(String(args.at(-1)), /^\[server shard[12] took \d+ us of it\]$/);
      assert.ok(Number(micros) >= 100_000, String(micros));
      assert.match(address, /^127\.0\.0\.1:\d+$/);
      assert.equal(name, 'tester');
    }
  });

  test('keeps keys out when they are not to be seen', async () => {
    const discreet = await RespClient.open(ringway.ports[1]);
    await slowly(discreet, 'GET', 'secret');
    const [entry] = await entries(discreet);
    assert.deepEqual(entry[3].slice(0, 2), ['GET', '(redacted)']);
    assert.ok(!ringway.log.some((line) => line.includes('secret')));
    discreet.close();
  });

  test('names the request itself and its client, however it was sent', async () => {
    const ways: (readonly string[])[] = [
      ['DBSIZE'],
      ['KEYS', 'none*'],
      ['SCAN', '0'],
      ['EVAL', 'return 1', '1', 'scripted'],
      ['EVAL', `return 1 ${' '.repeat(9000)}`, '1', 'scripted', 'argument'],
    ];
    const retried = await RespClient.open(ringway.ports[3]);
    for (const [from, words] of [
      ...ways.map((words) => [client, words] as const),
      [retried, ['GET', 'again']] as const,
    ]) {
      await client.command('SLOWLOG', 'RESET');
      for (let i = 0; i < 16; i++) await from.command('SET', `before:${i}`, 'v');
      await slowly(from, ...words);
      const found = await entries(from);
      assert.ok(found.length > 0, words[0]);
      for (const [, , , args, address] of found) {
        assert.equal(args[0], words[0]);
        assert.match(address, /^127\.0\.0\.1:\d+$/, words[0]);
        if (words[0] === 'EVAL') assert.equal(args[1], 'scripted');
        if (words[0] === 'GET') assert.equal(args[1], 'again');
      }
    }
    retried.close();
  });

  test('is empty where it is off', async () => {
    const off = await RespClient.open(ringway.ports[2]);
    await slowly(off, 'GET', 'key');
    assert.deepEqual(await entries(off), []);
    assert.equal(Number(await off.command('SLOWLOG', 'LEN')), 0);
    off.close();
  });

  test('has a memcached get that was split over the servers once', async () => {
    const memcached = await Promise.all([startMemcached(), startMemcached()]);
    const servers = shards(memcached.map(({ port }) => port));
    const split = await startInProcess([{ name: 'mc', redis: false, slowlog_ms: 100, servers }]);
    try {
      const from = connect(split.port, '127.0.0.1');
      await once(from, 'connect');
      for (const server of memcached) server.kill('SIGSTOP');
      from.write(`get ${KEYS.join(' ')}\r\n`);
      await delay(160);
      for (const server of memcached) server.kill('SIGCONT');
      const [reply] = await inTime('bytes', once(from, 'data'));
      assert.equal(String(reply), 'END\r\n');
      from.destroy();
      const lines = split.log.filter((line) => line.includes('slow request in pool mc'));
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(lines[0], /: GET user:0:session took .* on shard[12], from 127\.0\.0\.1:\d+/);
    } finally {
      await split.stop();
      await Promise.all(memcached.map((server) => server.stop()));
    }
  });
});
