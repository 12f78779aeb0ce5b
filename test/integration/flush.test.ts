import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';

// What `allow_flush: false` stops, and what it does not: docs/security.md says so, and what does.

const KEYS = Array.from({ length: 40 }, (_, i) => `key:${i}`);
const RENAMED = ['--rename-command', 'FLUSHALL', 'WIPE'];
const FLUSH_IN_SCRIPT = "return redis.call('FLUSHDB')";
const LIBRARY =
  "#!lua name=lib\nredis.register_function('wipe', function() return redis.call('FLUSHDB') end)";

async function startFilled(
  args: readonly string[],
  pool: object = {},
): Promise<{ servers: RealServer[]; ringway: TestRingway; client: RespClient }> {
  const servers = await startRedisSet(2, { args });
  const ringway = await startInProcess({
    servers: shards(servers.map(({ port }) => port)),
    ...pool,
  });
  const client = await RespClient.open(ringway.port);
  return { servers, ringway, client };
}

/** How many keys each server has. */
function sizes(servers: readonly RealServer[]): Promise<number[]> {
  return Promise.all(
    servers.map(async ({ port }) => {
      const direct = await RespClient.open(port);
      const size = (await direct.command('DBSIZE')) as number;
      direct.close();
      return size;
    }),
  );
}

describe('without allow_flush', () => {
  let servers: RealServer[];
  let ringway: TestRingway;
  let client: RespClient;

  before(async () => {
    ({ servers, ringway, client } = await startFilled([]));
  });
  after(async () => {
    client.close();
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });
  beforeEach(async () => {
    await client.command('MSET', ...KEYS.flatMap((key) => [key, 'value']));
  });

  for (const words of [
    ['FLUSHALL'],
    ['flushdb', 'ASYNC'],
    ['DEBUG', 'FLUSHALL'],
    ['SWAPDB', '0', '1'],
  ]) {
    test(`${words.join(' ')} is refused`, async () => {
      assert.match(String(await client.command(...words)), /is not supported by ringway/);
      assert.deepEqual(
        (await sizes(servers)).reduce((a, b) => a + b),
        KEYS.length,
      );
    });
  }

  test('a script empties its server, and that one only', async () => {
    const before = await sizes(servers);
    assert.ok(before.every((size) => size > 0));
    assert.equal(await client.text('EVAL', FLUSH_IN_SCRIPT, '0'), 'OK');
    const now = await sizes(servers);
    assert.equal(now.filter((size) => size === 0).length, 1);
    assert.ok(now.every((size, i) => size === 0 || size === before[i]));
  });

  test('with the keys to go by, scripts and functions empty every server', async () => {
    await client.text('FUNCTION', 'LOAD', 'REPLACE', LIBRARY);
    for (const key of KEYS) await client.text('FCALL', 'wipe', '1', key);
    assert.deepEqual(await sizes(servers), [0, 0]);
  });

  test('a script reaches the other databases of its server', async () => {
    await client.text('SET', 'key:0', 'zero');
    const script = "redis.call('SELECT', 3) return redis.call('SET', KEYS[1], 'three')";
    assert.equal(await client.text('EVAL', script, '1', 'key:0'), 'OK');
    assert.equal(await client.text('GET', 'key:0'), 'zero');
    await client.text('SELECT', '3');
    assert.equal(await client.text('GET', 'key:0'), 'three');
    await client.text('SELECT', '0');
  });

  test('KEYS and DEL empty everything', async () => {
    const all = (await client.text('KEYS', '*')) as string[];
    await client.text('DEL', ...all);
    assert.deepEqual(await sizes(servers), [0, 0]);
  });
});

describe('a renamed FLUSHALL', () => {
  test('is sent under the new name if custom_commands says so, and not by unknown_commands', async () => {
    for (const [pool, gone] of [
      [{ custom_commands: 'WIPE none' }, true],
      [{ unknown_commands: 'ask' }, false],
    ] as const) {
      const { servers, ringway, client } = await startFilled(RENAMED, pool);
      await client.command('MSET', ...KEYS.flatMap((key) => [key, 'value']));
      const reply = String(await client.command('WIPE'));
      assert.match(reply, gone ? /^OK$/ : /is not supported by ringway/);
      assert.equal((await sizes(servers)).filter((size) => size === 0).length, gone ? 1 : 0);
      client.close();
      await ringway.stop();
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});

describe('what stops it is the user of the servers', () => {
  test('as docs/security.md has it: neither a command nor a script flushes', async () => {
    const [, user] = /^user (default on >secret .*)$/m.exec(
      readFileSync('docs/security.md', 'utf8'),
    )!;
    const { servers, ringway, client } = await startFilled(['--user', ...user.split(' ')], {
      redis_auth: 'secret',
      allow_flush: true,
    });
    await client.command('AUTH', 'secret');
    await client.command('MSET', ...KEYS.flatMap((key) => [key, 'value']));
    for (const name of ['FLUSHALL', 'FLUSHDB', 'FUNCTION']) {
      const words = name === 'FUNCTION' ? [name, 'LOAD', LIBRARY] : [name];
      assert.match(String(await client.command(...words)), /NOPERM/);
    }
    for (const key of KEYS) {
      const reply = await client.command('EVAL', FLUSH_IN_SCRIPT, '1', key);
      assert.match(String(reply), /can't run this command|permission/);
    }
    assert.equal(await client.command('DBSIZE'), KEYS.length);
    assert.match(String(await client.command('INFO', 'server')), /redis_version:/);
    client.close();
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });
});
