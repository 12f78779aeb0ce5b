import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { tagWord } from '../../src/distribution/hash-tag.ts';
import { pointCount } from '../../src/distribution/ketama.ts';
import { poolBytesForServers, writePool } from '../../src/distribution/pool-descriptor.ts';
import { buildRing, DISTRIBUTION_NAMES, type Ring } from '../../src/distribution/ring.ts';
import { routeKey } from '../../src/distribution/route.ts';
import { HASH_NAMES, hashByIndex } from '../../src/hash/index.ts';
import { FIXED_END, POOL_RANDOM, WINDOW } from '../../src/protocol/frame-table.ts';
import { equalServers, hashes, keys, pools } from '../distribution/arbitraries.ts';
import { goldenMaps, keysOf, ringOf } from '../distribution/golden-maps.ts';
import { VECTOR_KEYS, VECTORS } from '../hash/vectors.ts';

interface Exports {
  route(start: number, length: number, pool: number): number;
  hashKey(kind: number, start: number, length: number): number;
  ketamaPointCount(weight: number, totalWeight: number, liveCount: number): number;
  ketamaPoints(
    name: number,
    nameLength: number,
    server: number,
    count: number,
    values: number,
    servers: number,
  ): void;
  sortPoints(values: number, servers: number, count: number, scratch: number): void;
  indexPoints(values: number, count: number, index: number, shift: number): void;
}

// Room behind the fixed regions for a ring of 1,000 servers and for building another.
const PAGES = 56 + 160;
const POOL = FIXED_END;
const BUILD = FIXED_END + 0x400000;

/** Resolved at run time: a build is a file, not a module. */
function load(build: string) {
  const module = new WebAssembly.Module(readFileSync(new URL(import.meta.resolve(build))));
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return {
    wasm: instance.exports as unknown as Exports,
    bytes: new Uint8Array(memory.buffer),
    words: new Uint32Array(memory.buffer),
  };
}

for (const build of ['#ringway.wasm', '#ringway-simd.wasm']) {
  const { wasm, bytes, words } = load(build);

  function route(key: Uint8Array, at = WINDOW): number {
    bytes.set(key, at);
    return wasm.route(at, key.length, POOL) >>> 0;
  }

  for (const map of goldenMaps) {
    test(`${build} routes as nutcracker does: ${map.name}`, () => {
      writePool(words, POOL, ringOf(map));
      assert.deepEqual(
        keysOf(map).map((key) => route(key)),
        map.to,
      );
    });
  }

  HASH_NAMES.forEach((name, kind) => {
    test(`${build} ${name} gives twemproxy's values`, () => {
      VECTOR_KEYS.forEach((key, i) => {
        bytes.set(key, WINDOW);
        assert.equal(wasm.hashKey(kind, WINDOW, key.length) >>> 0, VECTORS[name][i]);
      });
    });
  });

  test(`${build} hashes equal those in JavaScript at every length and alignment`, () => {
    for (let length = 0; length <= 140; length++) {
      const key = Uint8Array.from({ length }, (_, i) => (i * 151 + length * 29) & 0xff);
      const at = WINDOW + (length % 7);
      // What is around the key must not matter.
      bytes.fill(0xee, WINDOW, WINDOW + 256);
      bytes.set(key, at);
      for (let kind = 0; kind < HASH_NAMES.length; kind++) {
        const h = wasm.hashKey(kind, at, length) >>> 0;
        assert.equal(h, hashByIndex(kind)(key, 0, length), `${HASH_NAMES[kind]}, ${length} bytes`);
      }
    }
  });

  test(`${build} routes random keys as JavaScript does`, () => {
    const tags = fc.constantFrom(null, '{}', '$$', 'ab');
    const distributions = fc.constantFrom(...DISTRIBUTION_NAMES);
    const tagged = fc.string({ unit: fc.constantFrom('{', '}', '$', 'a', 'b'), maxLength: 8 });
    const someKeys = fc.array(
      fc.oneof(
        keys,
        tagged.map((text) => Buffer.from(text)),
      ),
    );
    fc.assert(
      fc.property(
        pools(40),
        hashes,
        distributions,
        tags,
        someKeys,
        (pool, hash, distribution, tag, list) => {
          const word = tagWord(tag === null ? null : Buffer.from(tag));
          const options = { hash, distribution, tag: word };
          const ring = buildRing(pool.servers, pool.live, options);
          const size = poolBytesForServers(pool.servers.length, distribution);
          const copy = new Uint32Array((POOL + size) / 4);
          writePool(copy, POOL, ring, 77);
          writePool(words, POOL, ring, 77);
          for (const key of list) {
            assert.equal(route(key), routeKey(key, 0, key.length, copy, POOL));
          }
          assert.equal(words[POOL / 4 + POOL_RANDOM], copy[POOL / 4 + POOL_RANDOM]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test(`${build} counts points in single precision as JavaScript does`, () => {
    const weight = fc.integer({ min: 1, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(weight, fc.nat(2 ** 40), fc.integer({ min: 1, max: 1000 }), (own, more, live) => {
        const total = own + more;
        assert.equal(wasm.ketamaPointCount(own, total, live), pointCount(own, total, live));
      }),
      { numRuns: 2000 },
    );
    assert.equal(wasm.ketamaPointCount(1, 25, 25), 156);
  });

  /** Builds the ring at BUILD with WebAssembly alone and compares each array. */
  function assertSameRing(ring: Ring, servers: readonly { name: Uint8Array; weight: number }[]) {
    const count = ring.values.length;
    const values = BUILD;
    const owners = values + 4 * count;
    const scratch = owners + 4 * count;
    let total = 0;
    for (const { weight } of servers) total += weight;
    let at = 0;
    servers.forEach(({ name, weight }, i) => {
      bytes.set(name, WINDOW);
      const points = wasm.ketamaPointCount(weight, total, servers.length);
      wasm.ketamaPoints(WINDOW, name.length, i, points, values + 4 * at, owners + 4 * at);
      at += points;
    });
    assert.equal(at, count);
    wasm.sortPoints(values, owners, count, scratch);
    wasm.indexPoints(values, count, scratch, ring.indexShift);
    const view = (address: number, length: number) =>
      words.subarray(address / 4, address / 4 + length);
    assert.deepEqual(view(values, count), ring.values);
    assert.deepEqual(view(owners, count), ring.servers);
    assert.deepEqual(view(scratch, ring.index.length), ring.index);
  }

  test(`${build} builds the same ring as JavaScript`, () => {
    const options = { hash: 6, distribution: 'ketama', tag: 0 } as const;
    fc.assert(
      fc.property(pools(60), ({ servers }) => {
        const live = Array(servers.length).fill(1);
        assertSameRing(buildRing(servers, live, options), servers);
      }),
      { numRuns: 50 },
    );
    const thousand = equalServers(1000);
    assertSameRing(buildRing(thousand, Array(1000).fill(1), options), thousand);
    // Names at the cut of the hashed text; two of them become the same text, so equal points
    // of different servers meet and must stay in insertion order.
    const long = [270, 271, 272, 272, 300].map((length) => ({
      name: Buffer.alloc(length, 'n'),
      weight: 3,
    }));
    assertSameRing(buildRing(long, Array(long.length).fill(1), options), long);
  });
}
