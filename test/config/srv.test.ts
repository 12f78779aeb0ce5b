import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { effectiveConfig, parseConfig } from '../../src/config/index.ts';
import { clustersOf, shardsOf, srvNamesOf } from '../../src/run/shard-specs.ts';
import { mistakesIn, onePoolFile } from '../support/pool-file.ts';

const LISTED = [
  { host: 'x', port: 1 },
  { host: 'y', port: 2 },
];

function configOf(keys: readonly string[], lists: Parameters<typeof onePoolFile>[1]) {
  return parseConfig(Buffer.from(onePoolFile(keys, lists)), 'test.yml');
}

describe('names of SRV records in the file', () => {
  test('stand for sentinels, beside others; without any known the shard is not followed yet', () => {
    const config = configOf([], { servers: ['h:1:1 a'], sentinels: ['srv:_s._tcp.z', 'x:1'] });
    assert.deepEqual(srvNamesOf(config), [{ pool: 'p', name: '_s._tcp.z', intervalMs: 0 }]);
    const [shard] = shardsOf(config, () => LISTED);
    assert.deepEqual(shard.sentinels, LISTED, 'each once');
    assert.deepEqual(shardsOf(config)[0].sentinels, [{ host: 'x', port: 1 }]);
    const alone = configOf([], { servers: ['h:1:1 a'], sentinels: ['srv:_s._tcp.z'] });
    assert.deepEqual(shardsOf(alone), []);
    const { given } = effectiveConfig(alone)[0];
    assert.deepEqual(given['sentinels'], ['srv:_s._tcp.z']);
  });

  test('stand for the servers of one shard, the master of the file among them', () => {
    const config = configOf([], { servers: ['x:1:1 a', 'z:3:1 b'], replicas: ['srv:_r._tcp.z a'] });
    const shards = shardsOf(config, () => LISTED);
    assert.deepEqual(
      shards.map(({ replicas }) => replicas),
      [[{ host: 'y', port: 2 }], []],
    );
  });

  test('stand for nodes of a cluster, which is not followed before any is known', () => {
    const config = configOf(['cluster: true'], { servers: ['srv:_r._tcp.z'] });
    assert.deepEqual(clustersOf(config)[0]?.seeds, undefined);
    assert.deepEqual(clustersOf(config, () => LISTED)[0].seeds, LISTED);
  });

  test('are none where a host is called srv', () => {
    const config = configOf([], {
      servers: ['srv:6379:1 a', 'srv:1:1 b'],
      sentinels: ['srv:26379'],
    });
    assert.deepEqual(srvNamesOf(config), []);
    assert.deepEqual(
      config.pools[0].servers.map(({ host, port }) => [host, port]),
      [
        ['srv', 6379],
        ['srv', 1],
      ],
    );
    assert.deepEqual(config.pools[0].sentinels, [{ host: 'srv', port: 26379 }]);
  });

  test('are mistakes where they cannot be used', () => {
    const mistakes = (keys: readonly string[], lists: Parameters<typeof onePoolFile>[1]) =>
      mistakesIn(onePoolFile(keys, lists)).join('\n');
    const ring = mistakes([], { servers: ['srv:_r._tcp.z'] });
    assert.match(ring, /SRV records list no names that keys could be spread by/);
    const odd = mistakes([], { servers: ['h:1:1 a'], sentinels: ['srv:_a b'] });
    assert.match(odd, /"_a b" is no name of SRV records; expected "srv:_service\._tcp\.domain"/);
    const door = mistakes(['announce: srv:_r._tcp.z'], { servers: ['h:1:1 a'] });
    assert.match(door, /no door/);
    const servers = ['h:1:1 a'];
    const replicas = ['srv:_r._tcp.z a'];
    const witnesses = ['w:1', 'w:2', 'srv:_w._tcp.z'];
    const promoting = mistakes(['promote: true'], { servers, replicas, witnesses });
    assert.match(promoting, /srv:_r\._tcp\.z may list others to each proxy/);
    assert.match(promoting, /srv:_w\._tcp\.z may list others later/);
  });
});
