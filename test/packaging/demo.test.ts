import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configuration, DEMO_KEYS, request } from '../../packaging/start.ts';
import { parseConfig } from '../../src/config/index.ts';
import { serverOf } from '../fuzz/neighbours/setting.ts';
import { findBinary, startRedis } from '../support/real-servers.ts';
import { shards, startChild } from '../support/ringway.ts';

test('the keys of the demo are each on another server, as the README has them', () => {
  const ports = [1, 2, 3, 4].map((port) => ({ port }));
  const [pool] = parseConfig(Buffer.from(configuration(22121, ports)), 'demo.yml').pools;
  const servers = DEMO_KEYS.map((key) => serverOf(pool, key));
  assert.deepEqual([...servers].sort(), [0, 1, 2, 3]);
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  assert.ok(readme.includes(`mget ${DEMO_KEYS.join(' ')}\n`));
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
