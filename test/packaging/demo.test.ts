import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configuration, DEMO_KEYS } from '../../packaging/start.ts';
import { parseConfig } from '../../src/config/index.ts';
import { serverOf } from '../fuzz/neighbours/setting.ts';

test('the keys of the demo are each on another server, as the README has them', () => {
  const ports = [1, 2, 3, 4].map((port) => ({ port }));
  const [pool] = parseConfig(Buffer.from(configuration(22121, ports)), 'demo.yml').pools;
  const servers = DEMO_KEYS.map((key) => serverOf(pool, key));
  assert.deepEqual([...servers].sort(), [0, 1, 2, 3]);
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  assert.ok(readme.includes(`mget ${DEMO_KEYS.join(' ')}\n`));
});
