import type { Hash } from '../hash/index.ts';

const PRESENT = 0x10000;

/**
 * A `hash_tag` of two bytes as the pool descriptor's POOL_TAG word; 0 without one.
 * @param tag two bytes, for example those of "{}"
 */
export function tagWord(tag: Uint8Array | null): number {
  if (tag === null) return 0;
  if (tag.length !== 2) throw new RangeError(`hash tag must be 2 bytes, got ${tag.length}`);
  return PRESENT | tag[0] | (tag[1] << 8);
}

/**
 * Hash of a key: of the bytes between the first opening byte and the first closing byte after it,
 * if at least one byte is there, otherwise of the whole key; there is no second attempt. Empty: 0.
 *
 * @param tag a POOL_TAG word
 */
export function hashTagged(
  hash: Hash,
  bytes: Uint8Array,
  start: number,
  end: number,
  tag: number,
): number {
  if (tag !== 0) {
    const open = findByte(bytes, start, end, tag & 0xff) + 1;
    const close = findByte(bytes, open, end, (tag >>> 8) & 0xff);
    if (close < end && close > open) return hash(bytes, open, close);
  }
  return start === end ? 0 : hash(bytes, start, end);
}

/** First position of `byte` in [start, end); `end` or beyond when there is none. */
function findByte(bytes: Uint8Array, start: number, end: number, byte: number): number {
  let i = start;
  while (i < end && bytes[i] !== byte) i++;
  return i;
}
