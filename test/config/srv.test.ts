import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  effectiveConfig,
  linesOf,
  type Members,
  memberNames,
  type PoolConfig,
  parseConfig,
  withMembers,
} from '../../src/config/index.ts';
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
    assert.deepEqual(srvNamesOf(config), [
      { pool: 'p', name: '_s._tcp.z', intervalMs: 0, isRing: false },
    ]);
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

  test('stand for servers of a ring, each as if it stood there by itself', () => {
    const follow = ['discover_members: follow'];
    const config = configOf(follow, { servers: ['srv:_r._tcp.z:3', 'x:1:2', 'u:5:1 named'] });
    assert.deepEqual(memberNames(config), ['_r._tcp.z']);
    assert.deepEqual(srvNamesOf(config), [
      { pool: 'p', name: '_r._tcp.z', intervalMs: 0, isRing: true },
    ]);
    const serversIn = (members: Members): string[] =>
      withMembers(config, members).pools[0].servers.map(({ name, host, port, weight }) => {
        return `${name} ${host} ${port} ${weight}`;
      });
    assert.deepEqual(serversIn({}), ['x:1 x 1 2', 'named u 5 1'], 'these are always there');
    // What the file has too is as the file says, and the default port is no part of a name.
    const members = { '_r._tcp.z': ['a:11211', 'x:1', 'y:2'], other: ['b:1'] };
    assert.deepEqual(serversIn(members), ['a a 11211 3', 'x:1 x 1 2', 'y:2 y 2 3', 'named u 5 1']);
    const lines = ['a:11211:3', 'x:1:2', 'y:2:3', 'u:5:1 named'];
    const [asListed] = withMembers(config, members).pools;
    const [asWritten] = configOf([], { servers: lines }).pools;
    const ring = ({ servers }: PoolConfig) =>
      servers.map(({ ringName, weight }) => [ringName, weight]);
    assert.deepEqual(ring(asListed), ring(asWritten), 'no key moves from one file to the other');
    assert.deepEqual(
      linesOf(asListed).map(({ text }) => text),
      ['x:1:2', 'u:5:1 named', 'srv:_r._tcp.z:3'],
    );
    assert.equal(effectiveConfig(config)[0].given['discover_members'], 'follow');
  });

  test('stand for servers of one ring only once', () => {
    const config = configOf(['discover_members: follow'], {
      servers: ['srv:_a._tcp.z', 'srv:_b._tcp.z:2'],
    });
    const [{ servers }] = withMembers(config, {
      '_a._tcp.z': ['x:1'],
      '_b._tcp.z': ['x:1', 'y:1'],
    }).pools;
    assert.deepEqual(
      servers.map(({ name, weight }) => [name, weight]),
      [
        ['x:1', 1],
        ['y:1', 2],
      ],
    );
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
    assert.match(ring, /SRV records are a list of servers only with "discover_members: follow"/);
    const odd = mistakes([], { servers: ['h:1:1 a'], sentinels: ['srv:_a b'] });
    assert.match(odd, /"_a b" is no name of SRV records; expected "srv:_service\._tcp\.domain"/);
    const follow = ['discover_members: follow'];
    const list = ['srv:_r._tcp.z'];
    assert.match(
      mistakes(follow, { servers: ['h:1:1 a'] }),
      /no line of "servers:" names SRV records/,
    );
    assert.match(
      mistakes([...follow, 'cluster: true'], { servers: list }),
      /discover_members: a cluster tells its nodes itself/,
    );
    for (const [key, line] of [
      ['sentinels', 'x:1'],
      ['replicas', 'x:1 h:1'],
    ]) {
      const found = mistakes(follow, { servers: ['h:1:1', ...list], [key]: [line] });
      assert.match(found, new RegExp(`expected ${key} or discover_members`));
    }
    for (const weight of ['0', '4294967295']) {
      const found = mistakes(follow, { servers: [`srv:_r._tcp.z:${weight}`] });
      assert.match(found, new RegExp(`"${weight}" is not a weight; expected a number from 1`));
    }
    assert.match(mistakes(follow, { servers: [...list, ...list] }), /the ring name .* is taken/);
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
