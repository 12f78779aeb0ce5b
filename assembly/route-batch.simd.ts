// Eight chains of fnv1a_64 in two vectors; route-batch.ts calls it only where ASC_FEATURE_SIMD
// holds.

import { BASIS_64_LOW, fnv1a64Rest, PRIME_64_LOW } from './hash/fnv';
import { RECORD_BYTES, RECORD_KEY, RECORD_KEY_LENGTH, RECORD_SERVER } from './layout';
import { serverOfHash } from './route';

/** How much longer than the shortest of eight keys the others may be to be hashed with it. */
const LONGER: u32 = 64;

/** Hashes and routes eight records. Reads up to LONGER + 3 bytes behind each key. */
export function routeEight(record: u32, pool: u32): void {
  const k0 = keyOf(record, 0);
  const k1 = keyOf(record, 1);
  const k2 = keyOf(record, 2);
  const k3 = keyOf(record, 3);
  const k4 = keyOf(record, 4);
  const k5 = keyOf(record, 5);
  const k6 = keyOf(record, 6);
  const k7 = keyOf(record, 7);
  const lengths = lengthsOf(record);
  const lengths2 = lengthsOf(record + 4 * RECORD_BYTES);
  const together = lanesMin(i32x4.min_u(lengths, lengths2)) & ~3;
  const longest = lanesMax(i32x4.max_u(lengths, lengths2));
  const prime = i32x4.splat(PRIME_64_LOW);
  let h = i32x4.splat(BASIS_64_LOW);
  let h2 = h;
  let i: u32 = 0;
  for (; i < together; i += 4) {
    const w = fourWords(k0 + i, k1 + i, k2 + i, k3 + i);
    const w2 = fourWords(k4 + i, k5 + i, k6 + i, k7 + i);
    h = i32x4.mul(v128.xor(h, i32x4.shr_s(i32x4.shl(w, 24), 24)), prime);
    h2 = i32x4.mul(v128.xor(h2, i32x4.shr_s(i32x4.shl(w2, 24), 24)), prime);
    h = i32x4.mul(v128.xor(h, i32x4.shr_s(i32x4.shl(w, 16), 24)), prime);
    h2 = i32x4.mul(v128.xor(h2, i32x4.shr_s(i32x4.shl(w2, 16), 24)), prime);
    h = i32x4.mul(v128.xor(h, i32x4.shr_s(i32x4.shl(w, 8), 24)), prime);
    h2 = i32x4.mul(v128.xor(h2, i32x4.shr_s(i32x4.shl(w2, 8), 24)), prime);
    h = i32x4.mul(v128.xor(h, i32x4.shr_s(w, 24)), prime);
    h2 = i32x4.mul(v128.xor(h2, i32x4.shr_s(w2, 24)), prime);
  }
  if (longest - together > LONGER) {
    finishFour(record, h, i, pool);
    finishFour(record + 4 * RECORD_BYTES, h2, i, pool);
    return;
  }
  // A lane whose key is over takes zeros and is multiplied by one.
  for (; i < longest; i += 4) {
    let w = fourWords(k0 + i, k1 + i, k2 + i, k3 + i);
    let w2 = fourWords(k4 + i, k5 + i, k6 + i, k7 + i);
    for (let at = i; at < i + 4; at++) {
      const on = i32x4.gt_s(lengths, i32x4.splat(at));
      const on2 = i32x4.gt_s(lengths2, i32x4.splat(at));
      h = i32x4.mul(v128.xor(h, v128.and(on, lowByte(w))), factor(on));
      h2 = i32x4.mul(v128.xor(h2, v128.and(on2, lowByte(w2))), factor(on2));
      w = i32x4.shr_u(w, 8);
      w2 = i32x4.shr_u(w2, 8);
    }
  }
  // Only an empty key hashes to 0.
  const zero = i32x4.splat(0);
  storeFour(record, v128.and(h, i32x4.gt_s(lengths, zero)), pool);
  storeFour(record + 4 * RECORD_BYTES, v128.and(h2, i32x4.gt_s(lengths2, zero)), pool);
}

function storeFour(record: u32, h: v128, pool: u32): void {
  storeServer(record, 0, i32x4.extract_lane(h, 0), pool);
  storeServer(record, 1, i32x4.extract_lane(h, 1), pool);
  storeServer(record, 2, i32x4.extract_lane(h, 2), pool);
  storeServer(record, 3, i32x4.extract_lane(h, 3), pool);
}

function storeServer(record: u32, index: u32, h: u32, pool: u32): void {
  store<u32>(record + index * RECORD_BYTES + RECORD_SERVER, serverOfHash(pool, h));
}

/** Ends the chains of four keys one by one; `from` bytes of each are in its hash. */
function finishFour(record: u32, h: v128, from: u32, pool: u32): void {
  finishOne(record, 0, i32x4.extract_lane(h, 0), from, pool);
  finishOne(record, 1, i32x4.extract_lane(h, 1), from, pool);
  finishOne(record, 2, i32x4.extract_lane(h, 2), from, pool);
  finishOne(record, 3, i32x4.extract_lane(h, 3), from, pool);
}

function finishOne(record: u32, index: u32, h: u32, from: u32, pool: u32): void {
  const at = record + index * RECORD_BYTES;
  const hash = fnv1a64Rest(h, load<u32>(at + RECORD_KEY), from, load<u32>(at + RECORD_KEY_LENGTH));
  storeServer(record, index, hash, pool);
}

function keyOf(record: u32, index: u32): u32 {
  return load<u32>(record + index * RECORD_BYTES + RECORD_KEY);
}

function lengthsOf(record: u32): v128 {
  const at = record + RECORD_KEY_LENGTH;
  return fourWords(at, at + RECORD_BYTES, at + 2 * RECORD_BYTES, at + 3 * RECORD_BYTES);
}

function fourWords(a: u32, b: u32, c: u32, d: u32): v128 {
  let words = v128.load_zero<u32>(a);
  words = v128.load_lane<u32>(b, words, 1);
  words = v128.load_lane<u32>(c, words, 2);
  return v128.load_lane<u32>(d, words, 3);
}

function lowByte(words: v128): v128 {
  return i32x4.shr_s(i32x4.shl(words, 24), 24);
}

function factor(on: v128): v128 {
  return v128.or(v128.and(on, i32x4.splat(PRIME_64_LOW - 1)), i32x4.splat(1));
}

function lanesMin(v: v128): u32 {
  const a = min<u32>(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
  return min<u32>(a, min<u32>(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}

function lanesMax(v: v128): u32 {
  const a = max<u32>(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
  return max<u32>(a, max<u32>(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}
