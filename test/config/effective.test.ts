import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveConfig, POOL_KEYS, parseConfig } from '../../src/config/index.ts';

const FILE = `alpha:
  listen: 127.0.0.1:6001
  redis: true
  redis_auth: hunter2
  client_auth: hunter3
  hash_tag: "{}"
  timeout: 400
  partial_failure: per-key
  read_only: true
  deny_commands: KEYS, CONFIG|SET
  servers:
    - 127.0.0.1:6379:1 one
    - /tmp/two.sock:2 two
beta:
  listen: /tmp/beta.sock 0600
  servers:
    - 127.0.0.1:11211:1
`;

test('each key of each pool, given or by default, and no secret', () => {
  const config = parseConfig(Buffer.from(FILE), 'test.yml');
  const pools = effectiveConfig(config);
  assert.deepEqual(
    pools.map(({ name }) => name),
    ['beta', 'alpha'],
  );
  const names = POOL_KEYS.map(({ name }) => name).sort();
  for (const { given, defaults } of pools) {
    assert.deepEqual([...Object.keys(given), ...Object.keys(defaults)].sort(), names);
  }
  const [beta, alpha] = pools;
  assert.deepEqual(alpha.given, {
    listen: '127.0.0.1:6001',
    servers: ['127.0.0.1:6379:1 one', '/tmp/two.sock:2 two'],
    hash_tag: '{}',
    timeout: 400,
    redis: true,
    redis_auth: 'set',
    partial_failure: 'per-key',
    read_only: true,
    deny_commands: ['KEYS', 'CONFIG|SET'],
    client_auth: 'set',
  });
  assert.equal(alpha.defaults['client_auth_file'], 'unset');
  assert.equal(alpha.defaults['hash'], 'fnv1a_64');
  assert.equal(alpha.defaults['server_retry_timeout'], 30_000);
  assert.doesNotMatch(JSON.stringify(pools), /hunter/);
  assert.deepEqual(beta.given, { listen: '/tmp/beta.sock 0600', servers: ['127.0.0.1:11211:1'] });
  assert.equal(beta.defaults['unknown_commands'], 'refuse');
});

test('what is shown as a default is the default of the key table', () => {
  const text = 'a:\n  listen: 127.0.0.1:6001\n  redis: true\n  servers:\n    - 127.0.0.1:1:1\n';
  const [{ defaults }] = effectiveConfig(parseConfig(Buffer.from(text), 'test.yml'));
  const other = ['redis', 'sentinels', 'failover_wait', 'cluster_view'];
  for (const { name, default: fallback } of POOL_KEYS) {
    if (!Object.hasOwn(defaults, name) || other.includes(name)) continue;
    const shown = defaults[name];
    if (shown === 'unset') assert.equal(fallback, null, name);
    else if (Array.isArray(shown)) assert.deepEqual([shown, fallback], [[], null], name);
    else assert.equal(shown ?? 0, fallback ?? 0, name);
  }
});
