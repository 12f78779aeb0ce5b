import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { configWarnings, type PoolConfig, parseConfig } from '../../src/config/index.ts';
import { SENTINELS } from '../../src/limits.ts';
import { compareConfigs } from '../../src/proxy/pool/config-changes.ts';
import { shardsOf } from '../../src/run/shard-specs.ts';
import { mistakesIn, onePoolFile, poolOf } from '../support/pool-file.ts';

interface File {
  readonly keys?: readonly string[];
  readonly servers?: readonly string[];
  readonly sentinels?: readonly string[] | null;
}

function textOf({ keys = [], servers = ['127.0.0.1:6379:1 a'], sentinels = ['s:1'] }: File) {
  return onePoolFile(keys, { servers, sentinels });
}

const read = (file: File): PoolConfig => poolOf(textOf(file));
const mistakes = (file: File): string[] => mistakesIn(textOf(file));

describe('sentinels of a pool', () => {
  test('are a list of their own, with a weight or without', () => {
    const { sentinels, followsMaster, failoverWaitMs } = read({
      sentinels: ['10.0.0.1:26379', 'sentinel-2.svc:26379:1', '::1:26379:1'],
    });
    assert.deepEqual(sentinels, [
      { host: '10.0.0.1', port: 26379 },
      { host: 'sentinel-2.svc', port: 26379 },
      { host: '::1', port: 26379 },
    ]);
    assert.equal(followsMaster, true);
    assert.equal(failoverWaitMs, 5000);
  });

  test('bring keys of their own', () => {
    const keys = ['sentinel_auth: user pass word', 'sentinel_prefix: prod-', 'failover_wait: 0'];
    const { sentinelLogin, sentinelPrefix, failoverWaitMs } = read({ keys });
    assert.deepEqual(
      [sentinelLogin?.words.bytes.toString(), sentinelPrefix, failoverWaitMs],
      ['user pass word', 'prod-', 0],
    );
  });

  test('which are mistakes without them', () => {
    const keys = ['sentinel_auth: x', 'sentinel_prefix: y', 'failover_wait: 1'];
    assert.deepEqual(mistakes({ keys, sentinels: null }), [
      'sentinel_auth: only pools with sentinels have it; expected "sentinels:" as well',
      'sentinel_prefix: only pools with sentinels have it; expected "sentinels:" as well',
      'failover_wait: only pools with sentinels or replicas have it; expected "sentinels:" or ' +
        '"replicas:" as well',
    ]);
  });

  test('want a master for each server', () => {
    const why =
      'servers: sentinels know no master by this line; expected "host:port:weight name", the ' +
      "name being the master's";
    const servers = ['127.0.0.1:6379:1', '/tmp/redis.sock:1 a', '127.0.0.1:6379:1 b'];
    assert.deepEqual(mistakes({ servers }), [why, why]);
  });

  test('do not go with ejection, nor with memcached', () => {
    assert.deepEqual(mistakes({ keys: ['auto_eject_hosts: true'] }), [
      'auto_eject_hosts: an ejected server would move keys; expected sentinels or auto_eject_hosts',
    ]);
    assert.deepEqual(read({ keys: ['auto_eject_hosts: false'] }).autoEjectHosts, false);
    const memcached = textOf({}).replace('redis: true', 'redis: false');
    assert.throws(() => parseConfig(Buffer.from(memcached), 'f.yml'), /only Redis pools have them/);
  });

  for (const [line, problem] of [
    ['host', '"host" has no port; expected "host:port"'],
    ['host:0', '"0" is not a port; expected 1 to 65535'],
    ['host:x', '"x" is not a port; expected 1 to 65535'],
    ['host:1:x', '"host:1:x" ends with no number; expected "host:port"'],
    ['"[::1]:1:1"', '"[::1]" is no host; expected a host name or an address'],
    ['"a b:1"', '"a b" is no host; expected a host name or an address'],
  ]) {
    test(`a line that is none: ${line}`, () => {
      assert.deepEqual(mistakes({ sentinels: [line] }), [`sentinels: ${problem}`]);
    });
  }

  test('are not too many, and a list', () => {
    const many = Array.from({ length: SENTINELS + 1 }, (_, i) => `h:${i + 1}`);
    assert.deepEqual(mistakes({ sentinels: many }), [
      'sentinels: there are 33; expected at most 32',
    ]);
    const scalar = `${textOf({ sentinels: null })}  sentinels: h:1\n`;
    assert.throws(() => parseConfig(Buffer.from(scalar), 'f.yml'), /there is no list/);
  });

  test('make retry_reads needless', () => {
    const file = { keys: ['retry_reads: 3'] };
    assert.equal(read(file).retryReads, 0);
    const lines = configWarnings(parseConfig(Buffer.from(textOf(file)), 'f.yml'));
    assert.match(lines.join(), /p\.retry_reads: the key has no effect where masters are followed/);
  });

  test('their password is in no list of changes', () => {
    const of = (word: string) =>
      parseConfig(Buffer.from(textOf({ keys: [`sentinel_auth: ${word}`] })), 'f.yml');
    const [change] = compareConfigs(of('first'), of('second'), []);
    assert.deepEqual(change.differences, ['sentinel_auth is another']);
  });

  test('their password is shown by nothing, and not part of what sets them apart', () => {
    const config = parseConfig(
      Buffer.from(textOf({ keys: ['sentinel_auth: user topsecret'] })),
      'f.yml',
    );
    const [spec] = shardsOf(config);
    assert.deepEqual(spec.sentinelLogin(), ['user', 'topsecret']);
    for (const text of [JSON.stringify(config), inspect(config, { depth: 9 })]) {
      assert.doesNotMatch(text, /topsecret/);
    }
    assert.doesNotMatch(JSON.stringify(spec), /topsecret/);
  });

  test('their password may stand in a file, which is read again, or in the environment', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringway-sentinels-'));
    try {
      const file = join(folder, 'secret');
      writeFileSync(file, 'user first\n', { mode: 0o600 });
      const text = textOf({ keys: [`sentinel_auth_file: ${file}`] });
      const [spec] = shardsOf(parseConfig(Buffer.from(text), 'f.yml'));
      assert.deepEqual(spec.sentinelLogin(), ['user', 'first']);
      writeFileSync(file, 'second\n');
      assert.deepEqual(spec.sentinelLogin(), ['second']);
      rmSync(file);
      assert.deepEqual(spec.sentinelLogin(), ['user', 'first'], 'as it was read first');
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.deepEqual(mistakes({ keys: ['sentinel_auth_env: RINGWAY_TEST_NO_SUCH'] }), [
      'sentinel_auth_env: the environment has no "RINGWAY_TEST_NO_SUCH"; expected one that is set',
    ]);
    assert.deepEqual(mistakes({ keys: ['sentinel_auth: a', 'sentinel_auth_file: b'] }), [
      'sentinel_auth_file: there is `sentinel_auth` as well; expected one of the two',
    ]);
  });
});
