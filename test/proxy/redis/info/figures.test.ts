import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { INFO_DATABASES } from '../../../../src/limits.ts';
import {
  figuresOf,
  joinedDatabases,
  joinedSection,
} from '../../../../src/proxy/redis/info/figures.ts';

const infoOf = (...lines: string[]) => figuresOf(['# Some', ...lines, ''].join('\r\n'));

describe('figures of several servers', () => {
  test('sums, the largest, the earliest, and what all agree on; for people as well', () => {
    const servers = [
      infoOf('used_memory:1048576', 'maxmemory:100', 'maxmemory_policy:noeviction'),
      infoOf('used_memory:524288', 'maxmemory:50', 'maxmemory_policy:noeviction'),
      infoOf('rdb_last_save_time:9', 'rdb_bgsave_in_progress:0', 'latest_fork_usec:7'),
      infoOf('rdb_last_save_time:8', 'rdb_bgsave_in_progress:1', 'latest_fork_usec:99'),
      infoOf('used_cpu_sys:1.250000', 'instantaneous_input_kbps:0.25'),
      infoOf('used_cpu_sys:0.500000', 'instantaneous_input_kbps:1.50'),
    ];
    const all = ['Memory', 'Persistence', 'Stats', 'CPU'].flatMap((section) => {
      return joinedSection(section, servers);
    });
    assert.deepEqual(Object.fromEntries(all), {
      used_memory: '1572864',
      used_memory_human: '1.50M',
      maxmemory: '150',
      maxmemory_human: '150B',
      maxmemory_policy: 'noeviction',
      rdb_last_save_time: '8',
      rdb_bgsave_in_progress: '1',
      latest_fork_usec: '99',
      used_cpu_sys: '1.750000',
      instantaneous_input_kbps: '1.75',
    });
  });

  test('what has no meaning for all of them is left out; one without a limit has none', () => {
    const servers = [
      infoOf('maxmemory:0', 'maxmemory_policy:noeviction', 'keyspace_hits:x'),
      infoOf('maxmemory:50', 'maxmemory_policy:allkeys-lru', 'keyspace_hits:1'),
    ];
    assert.deepEqual(joinedSection('Memory', servers), [
      ['maxmemory', '0'],
      ['maxmemory_human', '0B'],
    ]);
    assert.deepEqual(joinedSection('Stats', servers), []);
    assert.deepEqual(joinedSection('Memory', []), []);
  });

  test('databases: keys added up, the mean time left weighed by the keys that expire', () => {
    const servers = [
      infoOf('db0:keys=3,expires=1,avg_ttl=1000', 'db9:keys=1,expires=0,avg_ttl=0'),
      infoOf('db0:keys=5,expires=3,avg_ttl=2000,subexpiry=0', 'db1:keys=2,expires=0'),
    ];
    assert.deepEqual(joinedDatabases(servers), [
      ['db0', 'keys=8,expires=4,avg_ttl=1750'],
      ['db1', 'keys=2,expires=0,avg_ttl=0'],
      ['db9', 'keys=1,expires=0,avg_ttl=0'],
    ]);
  });

  test('whatever a server says, so much of it is kept and nothing of it steers a terminal', () => {
    const many = Array.from({ length: 3 * INFO_DATABASES }, (_, i) => `db${i}:keys=1,expires=0`);
    assert.equal(joinedDatabases([infoOf(...many)]).length, INFO_DATABASES);
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.string({ unit: 'binary', maxLength: 80 }).map((text) => `maxmemory_policy:${text}`),
      fc.string({ maxLength: 30 }).map((text) => `used_memory:${text}`),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        for (const [, value] of joinedSection('Memory', [infoOf(...lines)])) {
          assert.match(String(value), /^[!-~]{1,64}$/);
        }
      }),
      { numRuns: 300, seed: 6 },
    );
  });
});
