import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bucketIndex,
  indexShift,
  indexWords,
  nextPoint,
  pointCount,
  sortPoints,
  writePoints,
} from '../../src/distribution/ketama.ts';
import { buildRing } from '../../src/distribution/ring.ts';
import { equalServers } from './arbitraries.ts';

const OPTIONS = { hash: 6, distribution: 'ketama', tag: 0 } as const;

function counts(weights: number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => pointCount(weight, total, weights.length));
}

test('points are counted in single precision', () => {
  assert.deepEqual(counts([1, 1, 1, 1]), [160, 160, 160, 160]);
  assert.deepEqual(counts([1, 2, 3, 10, 100]), [4, 12, 20, 68, 688]);
  assert.deepEqual(counts([10, 20, 100, 20, 100]), [28, 60, 320, 60, 320]);
  for (const n of [25, 47, 50, 55, 61, 71, 94, 100]) {
    assert.deepEqual(counts(Array(n).fill(1)), Array(n).fill(156), `${n} equal servers`);
  }
});

test('a tiny share of the weight gives no points', () => {
  assert.deepEqual(counts([100000, 1]), [316, 0]);
});

test('a total weight beyond 2^32 does not wrap', () => {
  assert.deepEqual(counts(Array(4).fill(2 ** 31 - 1)), [160, 160, 160, 160]);
});

test('the points of a server are the words of its digests', () => {
  const values = new Uint32Array(9);
  writePoints(Buffer.from('127.0.0.1:31001'), 8, values, 1);
  assert.deepEqual(
    Array.from(values.subarray(0, 5)),
    [0, 0x04d62e4d, 0x32184841, 0xee44ab90, 0x2b433495],
  );
  const second = createHash('md5').update('127.0.0.1:31001-1').digest();
  assert.equal(values[5], second.readUInt32LE(0));
  assert.equal(values[8], second.readUInt32LE(12));
});

test('the hashed text of a long name is cut at 272 bytes', () => {
  for (const length of [270, 271, 272, 300]) {
    const name = Buffer.alloc(length, 'n');
    const values = new Uint32Array(48);
    writePoints(name, 48, values, 0);
    for (let i = 0; i < 12; i++) {
      const text = Buffer.from(`${name}-${i}`).subarray(0, 272);
      const digest = createHash('md5').update(text).digest();
      assert.equal(values[4 * i], digest.readUInt32LE(0), `${length} bytes, digest ${i}`);
    }
  }
});

test('sorting keeps the order of equal values', () => {
  const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.nat(0xffffffff)));
  fc.assert(
    fc.property(values, (list) => {
      const sorted = Uint32Array.from(list);
      const servers = Uint32Array.from(list.keys());
      sortPoints(sorted, servers);
      const expected = list.map((value, i) => [value, i]).sort((a, b) => a[0] - b[0]);
      assert.deepEqual(
        Array.from(sorted, (value, i) => [value, servers[i]]),
        expected,
      );
    }),
  );
});

test('the bucket index finds the point that a plain search finds', () => {
  const values = fc.array(
    fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 0xffffffff)),
    { minLength: 1, maxLength: 200 },
  );
  const anyHash = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffffffff));
  fc.assert(
    fc.property(values, anyHash, (list, h) => {
      const points = Uint32Array.from(list).sort();
      const shift = indexShift(points.length);
      const index = bucketIndex(points, shift);
      assert.equal(index.length, indexWords(points.length));
      const words = new Uint32Array([...index, ...points]);
      for (const hash of [h, points[0], points[points.length - 1], points[0] - 1]) {
        const plain = points.findIndex((value) => value >= hash >>> 0);
        const found = nextPoint(words, index.length, points.length, 0, shift, hash >>> 0);
        assert.equal(found, Math.max(plain, 0));
      }
    }),
    { numRuns: 500 },
  );
});

test('the bucket index is fine where the ring is small, and never coarser than two points', () => {
  for (const count of [1, 2, 3, 25, 300, 1000]) {
    const ring = buildRing(equalServers(count), Array(count).fill(1), OPTIONS);
    const buckets = ring.index.length - 1;
    const perBucket = ring.values.length / buckets;
    assert.ok(buckets >= 2 ** 16 ? perBucket < 2 : perBucket < 0.5, `${count}: ${perBucket}`);
    assert.ok(perBucket >= 0.25 || buckets <= 2 ** 16, `${count}: ${perBucket}`);
    assert.equal(ring.index[ring.index.length - 1], ring.values.length);
  }
});
