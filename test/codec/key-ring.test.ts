import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRing, type RingServer } from '../../src/codec/index.ts';
import { goldenMaps, keysOf, poolOf } from '../distribution/golden-maps.ts';

const SERVERS: RingServer[] = [{ name: 'ada' }, { name: 'grace', weight: 2 }];

test('a ring puts keys where nutcracker does', () => {
  const maps = goldenMaps.filter(({ distribution }) => distribution !== 'random');
  assert.ok(maps.length > 20);
  for (const map of maps) {
    const { hash, distribution, hash_tag: hashTag } = map;
    const servers = poolOf(map).servers.map(({ ringName, weight }) => {
      const name = Buffer.from(ringName, 'latin1').toString();
      return { name, weight, live: !map.ejected?.includes(name) };
    });
    const ring = createRing({
      ...{ servers, hash, distribution },
      ...(hashTag === undefined ? {} : { hashTag }),
    });
    const found = keysOf(map).map((key) => ring.serverOf(key));
    assert.deepEqual(found, map.to, map.name);
  }
});

test('text stands for its bytes in UTF-8', () => {
  const ring = createRing({ servers: SERVERS });
  for (const key of ['', 'apple', 'größe', '鍵']) {
    assert.equal(ring.serverOf(key), ring.serverOf(Buffer.from(key)));
  }
});

test('a server that is not live has no key', () => {
  const servers = [{ name: 'ada', live: false }, { name: 'grace' }];
  const ring = createRing({ servers });
  for (let i = 0; i < 100; i++) assert.equal(ring.serverOf(`key:${i}`), 1);
  const gone = servers.map((server) => ({ ...server, live: false }));
  assert.equal(createRing({ servers: gone }).serverOf('key'), -1);
});

test('what is no ring is refused in words', () => {
  const refused = (server: RingServer, more: object = {}) => {
    assert.throws(() => createRing({ servers: [server], ...more }), RangeError);
  };
  refused({ name: '' });
  for (const weight of [0, -1, 1.5, 2 ** 31, Number.NaN]) refused({ name: 'ada', weight });
  refused({ name: 'ada' }, { hash: 'sha1' });
  refused({ name: 'ada' }, { hashTag: '{' });
});
