// CRC-16/XMODEM of keys in vectors; slots.ts calls it only where ASC_FEATURE_SIMD holds.
//
// The CRC is the key, as a polynomial whose first bit has the highest power, times t^16, modulo P =
// t^16 + t^12 + t^5 + 1. Over GF(2) a square has the squares of its terms, so P^8 is t^128 + t^96 +
// t^40 + 1: what stands 128 places further to the left comes in again at 96, 40 and 0, which are
// whole bytes. So a key is folded into 16 bytes, and those by P^4, P^2 and P in the same way into
// 8, 4 and 2, of eight keys at once.

import { RECORD_BYTES, RECORD_KEY, RECORD_KEY_LENGTH } from './layout';
import { CLOSE, OPEN } from './slot-tag';

/** Sixteen zeros, then ones: from `n` on the mask of the last n bytes of 16. */
const LAST = memory.data<u64>([0, 0, -1, -1]);
/** Lanes from the last to the first. */
const BACKWARDS = memory.data<u8>([15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
/** Eight keys, each folded into 16 bytes. */
const FOLDED = memory.data(128);

/** The CRC of the key at [start, start + length), or of the tag in it. */
export function taggedCrc(start: u32, length: u32): u32 {
  const h = i8x16.swizzle(keyFolded(start, length), v128.load(BACKWARDS));
  const eight = byFourth(i64x2.extract_lane(h, 1)) ^ i64x2.extract_lane(h, 0);
  const four = bySquare(<u32>(eight >>> 32)) ^ <u32>eight;
  return byOnce(byOnce(four >>> 16) ^ (four & 0xffff));
}

/** The CRCs of the keys of eight records, or of the tags in them. */
export function taggedCrcs(record: u32): v128 {
  for (let i: u32 = 0; i < 8; i++) {
    const at = record + i * RECORD_BYTES;
    const h = keyFolded(load<u32>(at + RECORD_KEY), load<u32>(at + RECORD_KEY_LENGTH));
    v128.store(FOLDED + (i << 4), h);
  }
  const a = eightOfTwo(FOLDED);
  const b = eightOfTwo(FOLDED + 32);
  const c = eightOfTwo(FOLDED + 64);
  const d = eightOfTwo(FOLDED + 96);
  const ab = fourOfFour(a, b);
  const cd = fourOfFour(c, d);
  const high = v128.shuffle<u16>(ab, cd, 1, 3, 5, 7, 9, 11, 13, 15);
  const low = v128.shuffle<u16>(ab, cd, 0, 2, 4, 6, 8, 10, 12, 14);
  return byOnceEach(v128.xor(byOnceEach(high), low));
}

/** A key, or the tag in it, folded into 16 bytes. Reads up to 15 bytes in front of it. */
function keyFolded(start: u32, length: u32): v128 {
  if (length === 0) return i8x16.splat(0);
  const open = i8x16.splat(<i8>OPEN);
  const end = start + length;
  let pos = firstEnd(start, length);
  let h = firstBlock(start, pos);
  let opens = i8x16.eq(h, open);
  for (; pos !== end; pos += 16) {
    const next = v128.load(pos);
    opens = v128.or(opens, i8x16.eq(next, open));
    h = v128.xor(byEighth(h), next);
  }
  return v128.any_true(opens) ? tagFolded(start, length) : h;
}

/** Where the first of the blocks ends that a key is taken in: the others have 16 bytes each. */
function firstEnd(start: u32, length: u32): u32 {
  return start + ((length - 1) & 15) + 1;
}

/** The first block, filled up with zeros in front: they change nothing. */
function firstBlock(start: u32, end: u32): v128 {
  return v128.and(v128.load(end - 16), v128.load(LAST + (end - start)));
}

/** The tag of a key that has a brace, or all of it, folded into 16 bytes. */
function tagFolded(start: u32, length: u32): v128 {
  const end = start + length;
  let pos = firstEnd(start, length);
  let block = firstBlock(start, pos);
  let opens = placesOf(block, OPEN);
  for (; opens === 0 && pos !== end; pos += 16) {
    block = v128.load(pos);
    opens = placesOf(block, OPEN);
  }
  const open = pos - 16 + ctz(opens) + 1;
  // Of this block what stands behind the brace.
  let closes = placesOf(block, CLOSE) & (0 - ((opens & (0 - opens)) << 1));
  for (; closes === 0 && pos !== end; pos += 16) closes = placesOf(v128.load(pos), CLOSE);
  const close = pos - 16 + ctz(closes);
  return closes === 0 || close === open ? folded(start, end) : folded(open, close);
}

/** A bit for each byte of a block that is `byte`. */
function placesOf(block: v128, byte: u32): u32 {
  return i8x16.bitmask(i8x16.eq(block, i8x16.splat(<i8>byte)));
}

function folded(start: u32, end: u32): v128 {
  let pos = firstEnd(start, end - start);
  let h = firstBlock(start, pos);
  for (; pos !== end; pos += 16) h = v128.xor(byEighth(h), v128.load(pos));
  return h;
}

/**
 * h t^128 modulo P^8. What h (t^96 + t^40 + 1) has beyond 128 places comes in again, until nothing
 * is beyond: in all it is h / t^32 + h / t^64 + h / t^88 + h / t^96.
 */
function byEighth(h: v128): v128 {
  const zero = i8x16.splat(0);
  const by32 = v128.shuffle<u32>(zero, h, 3, 4, 5, 6);
  const y = v128.xor(h, by32);
  const by64 = v128.shuffle<u64>(zero, y, 1, 2);
  const by88 = v128.shuffle<u8>(zero, h, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20);
  const z = v128.xor(v128.xor(y, by64), by88);
  const up40 = v128.shuffle<u8>(z, zero, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20);
  const up96 = v128.shuffle<u32>(z, zero, 3, 4, 5, 6);
  return v128.xor(v128.xor(z, up40), up96);
}

/** h t^64 modulo P^4, which is t^64 + t^48 + t^20 + 1. */
function byFourth(h: u64): u64 {
  const y = h ^ (h >>> 16);
  const z = y ^ (y >>> 32) ^ (h >>> 44);
  return z ^ (z << 20) ^ (z << 48);
}

/** h t^32 modulo P^2, which is t^32 + t^24 + t^10 + 1. */
function bySquare(h: u32): u32 {
  const y = h ^ (h >>> 8);
  const z = y ^ (y >>> 16) ^ (h >>> 22);
  return z ^ (z << 10) ^ (z << 24);
}

/** h t^16 modulo P. */
function byOnce(h: u32): u32 {
  const y = h ^ (h >>> 4);
  const z = y ^ (y >>> 8) ^ (h >>> 11);
  return (z ^ (z << 5) ^ (z << 12)) & 0xffff;
}

/** Two keys of 16 bytes, one behind the other, to eight bytes each. */
function eightOfTwo(at: usize): v128 {
  const backwards = v128.load(BACKWARDS);
  const first = i8x16.swizzle(v128.load(at), backwards);
  const second = i8x16.swizzle(v128.load(at, 16), backwards);
  const h = v128.shuffle<u64>(first, second, 1, 3);
  const y = v128.xor(h, i64x2.shr_u(h, 16));
  const z = v128.xor(v128.xor(y, i64x2.shr_u(y, 32)), i64x2.shr_u(h, 44));
  const r = v128.xor(z, v128.xor(i64x2.shl(z, 20), i64x2.shl(z, 48)));
  return v128.xor(r, v128.shuffle<u64>(first, second, 0, 2));
}

/** Four keys of eight bytes to four bytes each. */
function fourOfFour(a: v128, b: v128): v128 {
  const h = v128.shuffle<u32>(a, b, 1, 3, 5, 7);
  const y = v128.xor(h, i32x4.shr_u(h, 8));
  const z = v128.xor(v128.xor(y, i32x4.shr_u(y, 16)), i32x4.shr_u(h, 22));
  const r = v128.xor(z, v128.xor(i32x4.shl(z, 10), i32x4.shl(z, 24)));
  return v128.xor(r, v128.shuffle<u32>(a, b, 0, 2, 4, 6));
}

/** byOnce() of each lane. */
function byOnceEach(h: v128): v128 {
  const y = v128.xor(h, i16x8.shr_u(h, 4));
  const z = v128.xor(v128.xor(y, i16x8.shr_u(y, 8)), i16x8.shr_u(h, 11));
  return v128.xor(z, v128.xor(i16x8.shl(z, 5), i16x8.shl(z, 12)));
}
