import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configuration, DEMO_KEYS, request, requireFree } from '../../packaging/start.ts';
import { balanceOf } from '../../src/commands/balance.ts';
import { configWarnings, parseConfig } from '../../src/config/index.ts';
import { serverOf } from '../fuzz/neighbours/setting.ts';
import { freePort } from '../support/free-port.ts';
import { findBinary, startRedis } from '../support/real-servers.ts';
import { shards, startChild } from '../support/ringway.ts';

test('the keys of the demo are each on another server, as the README has them', () => {
  const ports = [1, 2, 3, 4].map((port) => ({ port }));
  const config = parseConfig(Buffer.from(configuration(22121, ports)), 'demo.yml');
  const [pool] = config.pools;
  const servers = DEMO_KEYS.map((key) => serverOf(pool, key));
  assert.deepEqual([...servers].sort(), [0, 1, 2, 3]);
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const pairs = DEMO_KEYS.map((key, i) => `${key} ${i + 1}`).join(' ');
  assert.ok(readme.includes(`mset ${pairs}\n`));
  assert.ok(readme.includes(`mget ${DEMO_KEYS.join(' ')}\n`));
});

test('ringway itself finds nothing to advise in the configuration of the demo', () => {
  const ports = [1, 2, 3, 4].map((port) => ({ port }));
  const config = parseConfig(Buffer.from(configuration(22121, ports)), 'demo.yml');
  assert.deepEqual(configWarnings(config), []);
  const [pool] = config.pools;
  assert.deepEqual(
    balanceOf(config, null).flatMap(({ advice }) => advice),
    [],
  );
  assert.ok(pool.timeoutMs > 0 && pool.hashTag !== null);
});

test('ports of the demo that are in use are told together, with others that are free', async () => {
  const redis = await startRedis();
  try {
    const free = await freePort();
    await requireFree({ RINGWAY_PORT: free });
    const both = requireFree({ RINGWAY_PORT: redis.port, RINGWAY_STATS_PORT: redis.port });
    await assert.rejects(both, ({ message }: Error) => {
      const others = /choose others: RINGWAY_PORT=(\d+) RINGWAY_STATS_PORT=(\d+) npm start$/;
      const [, ...given] = others.exec(message) ?? [];
      assert.notEqual(given[0], given[1]);
      return given.length === 2 && message.startsWith(`ports ${redis.port} and ${redis.port} are`);
    });
  } finally {
    await redis.stop();
  }
});

test('what the demo says to type works with a client, and without one', async () => {
  const redis = await startRedis();
  const ringway = await startChild({ servers: shards([redis.port]) });
  try {
    const lines = [request(ringway.port, 'mset apple 1 kiwi 2', null)];
    lines.push(request(ringway.port, "keys '*'", null));
    const clients = ['redis-cli', 'valkey-cli'].filter((name) => findBinary([name]) !== undefined);
    for (const name of clients) lines.push(request(ringway.port, 'mget apple kiwi', name));
    const said = lines.map((line) => spawnSync('sh', ['-c', line], { encoding: 'utf8' }).stdout);
    assert.equal(said[0], '+OK\r\n');
    assert.match(said[1], /^\*2\r\n\$\d\r\n(apple|kiwi)\r\n/);
    for (const reply of said.slice(2)) assert.match(reply, /1\n.*2\n$/s);
  } finally {
    await ringway.stop();
    await redis.stop();
  }
});
