import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PoolConfig } from '../../src/config/index.ts';
import { REPLICAS } from '../../src/limits.ts';
import { mistakesIn, onePoolFile, poolOf } from '../support/pool-file.ts';

interface File {
  readonly keys?: readonly string[];
  readonly servers?: readonly string[];
  readonly replicas?: readonly string[] | null;
}

function textOf({ keys = [], servers = ['h:6379:1 a'], replicas = ['r:6379 a'] }: File): string {
  return onePoolFile(keys, { servers, replicas });
}

const read = (file: File): PoolConfig => poolOf(textOf(file));
const mistakes = (file: File): string[] => mistakesIn(textOf(file));

describe('replicas of a pool', () => {
  test('are a list of their own, each with the name of its server', () => {
    const keys = ['read_from: any', 'max_replica_lag: 0', 'read_after_write: 5'];
    const pool = read({ keys, replicas: ['r:6379 a', '::1:6380 a'] });
    assert.deepEqual(pool.replicas, [
      { host: 'r', port: 6379, server: 'a' },
      { host: '::1', port: 6380, server: 'a' },
    ]);
    const { followsMaster, failoverWaitMs, readFrom, maxReplicaLag, readAfterWriteMs } = pool;
    assert.deepEqual(
      [followsMaster, failoverWaitMs, readFrom, maxReplicaLag, readAfterWriteMs],
      [true, 5000, 'any', 0, 5],
    );
  });

  const wrong: readonly (readonly [file: File, message: RegExp])[] = [
    [{ replicas: ['r:6379'] }, /^replicas: "r:6379" has no name; expected "host:port name"/],
    [{ replicas: ['r:x a'] }, /^replicas: "x" is not a port/],
    [{ replicas: ['r:1 b'] }, /^replicas: no server is called "b"; expected the name of one/],
    [{ replicas: ['r:1 a', 'r:1 a'] }, /^replicas: r:1 is there twice; expected it once/],
    [{ servers: ['/s:1 a'] }, /^replicas: "a" is a unix socket; expected a server with an address/],
    [{ keys: ['sentinels:', ' - s:1'] }, /^replicas: sentinels know the replicas; expected/],
    [{ keys: ['auto_eject_hosts: true'] }, /^auto_eject_hosts: .* expected replicas or auto_eject/],
    [{ keys: ['read_from: slaves'] }, /^read_from: "slaves" is not known.* prefer-replica/],
    [{ keys: ['read_from: any'], replicas: null }, /^read_from: only pools with sentinels or repl/],
    [
      { replicas: Array.from({ length: REPLICAS + 1 }, (_, i) => `r${i}:1 a`) },
      /^replicas: "a" has more than 64; expected fewer/,
    ],
  ];
  for (const [file, message] of wrong) {
    test(`a mistake: ${message.source.slice(0, 50)}`, () => {
      const found = mistakes(file);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0], message);
    });
  }
});

describe('a line of servers with a range of numbers', () => {
  test('stands for one server each', () => {
    const servers = ['redis-{8..10}.redis.svc:6379:1 redis-{}'];
    const found = read({ servers, replicas: null }).servers;
    assert.deepEqual(
      found.map(({ host, name }) => `${host} ${name}`),
      ['redis-8.redis.svc redis-8', 'redis-9.redis.svc redis-9', 'redis-10.redis.svc redis-10'],
    );
  });

  test('has names that are told apart, and not too many', () => {
    const wrong = (line: string): string => mistakes({ servers: [line], replicas: null })[0];
    assert.match(wrong('r-{0..1}:6379:1 r'), /the ring name "r" is taken by line/);
    assert.match(wrong('r-{2..1}:6379:1'), /servers: "\{2\.\.1\}" is no range; expected 1 to 1024/);
    assert.match(wrong('r-{0..99999}:6379:1'), /is no range/);
  });
});
