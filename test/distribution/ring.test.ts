import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tagWord } from '../../src/distribution/hash-tag.ts';
import { poolBytesForServers, writePool } from '../../src/distribution/pool-descriptor.ts';
import { buildRing, DISTRIBUTION_NAMES, type Ring } from '../../src/distribution/ring.ts';
import { routeKey } from '../../src/distribution/route.ts';
import { hashByIndex } from '../../src/hash/index.ts';
import { NO_SERVER } from '../../src/protocol/frame-table.ts';
import { equalServers, hashes, keys, namedServer, pools } from './arbitraries.ts';

const POOL = 128;
const distributions = fc.constantFrom(...DISTRIBUTION_NAMES);

function place(ring: Ring, seed?: number): Uint32Array {
  const bytes = poolBytesForServers(ring.servers.length, ring.distribution);
  const words = new Uint32Array((POOL + bytes) / 4);
  writePool(words, POOL, ring, seed);
  return words;
}

test('keys go to live servers only; without any there is no server', () => {
  fc.assert(
    fc.property(pools(20), hashes, distributions, keys, (pool, hash, distribution, key) => {
      const words = place(buildRing(pool.servers, pool.live, { hash, distribution, tag: 0 }));
      const server = routeKey(key, 0, key.length, words, POOL);
      if (!pool.live.includes(1)) assert.equal(server, NO_SERVER);
      else assert.equal(pool.live[server], 1);
    }),
    { numRuns: 500 },
  );
});

test('modula gives each live server as many slots in turn as its weight', () => {
  const small = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(small, fc.nat(11), hashes, keys, (weights, dead, hash, key) => {
      const servers = weights.map((weight, i) => namedServer(i, weight));
      const live = weights.map((_, i) => (i === dead ? 0 : 1));
      const slots = weights.flatMap((weight, i) => (live[i] === 0 ? [] : Array(weight).fill(i)));
      const words = place(buildRing(servers, live, { hash, distribution: 'modula', tag: 0 }));
      const h = key.length === 0 ? 0 : hashByIndex(hash)(key, 0, key.length);
      assert.equal(routeKey(key, 0, key.length, words, POOL), slots[h % slots.length]);
    }),
  );
});

test('modula with 2^32 slots and more takes the hash itself as the slot', () => {
  const half = 2 ** 31 - 1;
  for (const weights of [
    [half, half, 2],
    [half, half, 3],
    [half, 5, half, half, 7],
  ]) {
    const servers = weights.map((weight, i) => namedServer(i, weight));
    const options = { hash: 4, distribution: 'modula', tag: 0 } as const;
    const words = place(buildRing(servers, [1, 1, 1, 1, 1], options));
    for (let i = 0; i < 2000; i++) {
      const key = Buffer.from(`key${i}`);
      const h = hashByIndex(4)(key, 0, key.length);
      let expected = 0;
      for (let sum = weights[0]; sum <= h; sum += weights[expected]) expected++;
      assert.equal(routeKey(key, 0, key.length, words, POOL), expected);
    }
  }
});

test('modula with a total weight just below 2^32 does not overflow', () => {
  const servers = [2 ** 31 - 1, 2 ** 31 - 1, 1].map((weight, i) => namedServer(i, weight));
  const ring = buildRing(servers, [1, 1, 1], { hash: 4, distribution: 'modula', tag: 0 });
  assert.equal(ring.totalWeight, 2 ** 32 - 1);
  assert.deepEqual(Array.from(ring.values), [2 ** 31 - 2, 2 ** 32 - 3, 2 ** 32 - 2]);
});

test('random draws every live server about equally often, whatever its weight', () => {
  const servers = [1, 100, 1, 1000, 5].map((weight, i) => namedServer(i, weight));
  const live = [1, 1, 0, 1, 1];
  const words = place(buildRing(servers, live, { hash: 6, distribution: 'random', tag: 0 }));
  const drawn = [0, 0, 0, 0, 0];
  const key = Buffer.from('same key');
  for (let i = 0; i < 40_000; i++) drawn[routeKey(key, 0, key.length, words, POOL)]++;
  assert.equal(drawn[2], 0);
  for (const i of [0, 1, 3, 4]) assert.ok(Math.abs(drawn[i] - 10_000) < 500, String(drawn));
});

test('a seed of 0 still draws different servers', () => {
  const servers = equalServers(4);
  const ring = buildRing(servers, [1, 1, 1, 1], { hash: 6, distribution: 'random', tag: 0 });
  const words = place(ring, 0);
  const drawn = new Set<number>();
  for (let i = 0; i < 100; i++) drawn.add(routeKey(new Uint8Array(0), 0, 0, words, POOL));
  assert.equal(drawn.size, 4);
});

test('only the bytes between the first pair of tag bytes are hashed', () => {
  const servers = equalServers(64);
  const live = Array(64).fill(1);
  function router(tag: string | null) {
    const options = {
      hash: 6,
      distribution: 'ketama',
      tag: tagWord(tag === null ? null : Buffer.from(tag, 'latin1')),
    } as const;
    const words = place(buildRing(servers, live, options));
    return (text: string) => {
      const key = Buffer.from(`##${text}##`, 'latin1');
      return routeKey(key, 2, key.length - 4, words, POOL);
    };
  }
  const plain = router(null);
  const cases: readonly [string, string, string][] = [
    ['{}', 'a{user1}b', 'user1'],
    ['{}', '{user1}', 'user1'],
    ['{}', '{}{user1}', '{}{user1}'],
    ['{}', '{{a}}', '{a'],
    ['{}', 'a}b{c', 'a}b{c'],
    ['{}', 'x}{user1}', 'user1'],
    ['{}', '{user1', '{user1'],
    ['{}', 'user1{', 'user1{'],
    ['{}', '', ''],
    ['$$', 'a$user1$b', 'user1'],
    ['$$', '$$user1$', '$$user1$'],
    ['$$', 'one$only', 'one$only'],
    ['\xe9\xff', 'a\xe9user1\xffb', 'user1'],
  ];
  for (const [tag, key, hashed] of cases) {
    assert.equal(router(tag)(key), plain(hashed), `${key} with ${tag}`);
  }
  // The cases mean something only if their keys go to different servers.
  assert.equal(new Set(['user1', '{}{user1}', '{a', '{{a}}'].map(plain)).size, 4);
});

test('a tag that is not two bytes is refused', () => {
  assert.equal(tagWord(null), 0);
  assert.equal(tagWord(Buffer.from('{}')), 0x17d7b);
  for (const tag of ['', '{', '{}}']) assert.throws(() => tagWord(Buffer.from(tag)), RangeError);
});

test('the room for a pool is enough for every set of live servers and writes stay inside', () => {
  fc.assert(
    fc.property(pools(30), distributions, (pool, distribution) => {
      const ring = buildRing(pool.servers, pool.live, { hash: 6, distribution, tag: 0 });
      const bytes = poolBytesForServers(pool.servers.length, distribution);
      const words = new Uint32Array((POOL + bytes) / 4 + 8).fill(0xabcdef);
      writePool(words, POOL, ring);
      assert.ok(words.subarray(0, POOL / 4).every((word) => word === 0xabcdef));
      assert.ok(words.subarray((POOL + bytes) / 4).every((word) => word === 0xabcdef));
    }),
  );
});

test('rings of 1 to 1,000 servers fit the room computed for them', () => {
  fc.assert(
    fc.property(pools(1000), (pool) => {
      const options = { hash: 6, distribution: 'ketama', tag: 0 } as const;
      const ring = buildRing(pool.servers, pool.live, options);
      const liveCount = pool.live.filter((live) => live === 1).length;
      assert.ok(ring.servers.length <= 160 * liveCount);
      for (let i = 1; i < ring.values.length; i++) {
        if (ring.values[i - 1] > ring.values[i]) assert.fail(`unsorted at ${i}`);
      }
    }),
    { numRuns: 15 },
  );
});
