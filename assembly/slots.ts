// Slots of a Redis Cluster: CRC-16/XMODEM of a key or of the tag in it, in the lowest 14 bits. With
// SIMD one key after the other, 16 bytes at a time (slots.simd.ts); here four keys at once, four
// bytes of each at a time. The readable reference is src/distribution/slots.ts.

import {
  NO_SERVER,
  POOL_RING_VALUES,
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_SERVER,
  SLOTS,
} from './layout';
import { tagged } from './slot-tag';
import { taggedCrc, taggedCrcs } from './slots.simd';

/** Of each byte: what it makes of the state with no, one, two, three bytes behind it. */
const SLICES = memory.data(4 * 512);
const BEHIND_1 = SLICES + 512;
const BEHIND_2 = SLICES + 1024;
const BEHIND_3 = SLICES + 1536;

for (let i: u32 = 0; i < 256; i++) {
  let h = i << 8;
  for (let slice: u32 = 0; slice < 4; slice++) {
    for (let bit = 0; bit < 8; bit++) h = (h & 0x8000) !== 0 ? (h << 1) ^ 0x1021 : h << 1;
    store<u16>(SLICES + slice * 512 + (i << 1), <u16>h);
    h &= 0xffff;
  }
}

/** The state behind four bytes, given that before them. */
function four(h: u32, word: u32): u32 {
  const a = load<u16>(BEHIND_3 + ((((h >>> 8) ^ word) & 0xff) << 1));
  const b = load<u16>(BEHIND_2 + (((h ^ (word >>> 8)) & 0xff) << 1));
  const c = load<u16>(BEHIND_1 + (((word >>> 16) & 0xff) << 1));
  const d = load<u16>(SLICES + ((word >>> 24) << 1));
  return <u32>(a ^ b ^ c ^ d);
}

/** The state behind the bytes in [pos, end), fewer than four, given that before them. */
function rest(state: u32, pos: u32, end: u32): u32 {
  let h = state;
  for (; pos < end; pos++) {
    const slice = ((h >>> 8) ^ <u32>load<u8>(pos)) & 0xff;
    h = ((h << 8) ^ <u32>load<u16>(SLICES + (slice << 1))) & 0xffff;
  }
  return h;
}

/** The slot of the key at [start, start + length). */
export function keySlot(start: u32, length: u32): u32 {
  if (ASC_FEATURE_SIMD) return taggedCrc(start, length) & (SLOTS - 1);
  const what = tagged(start, length);
  let pos = <u32>what;
  const end = pos + <u32>(what >>> 32);
  let h: u32 = 0;
  for (; pos + 4 <= end; pos += 4) h = four(h, load<u32>(pos));
  return rest(h, pos, end) & (SLOTS - 1);
}

/** Server of a slot; NO_SERVER when none is known to have it. */
export function slotServer(slot: u32, pool: u32): u32 {
  const server = <u32>load<u16>(load<u32>(pool + (POOL_RING_VALUES << 2)) + (slot << 1));
  return server === 0xffff ? NO_SERVER : server;
}

/**
 * Routes the keys of eight records, with SIMD alone.
 * @param pool 0 = their SERVER is to be the slot itself
 */
export function routeEightSlots(record: u32, pool: u32): void {
  const slots = v128.and(taggedCrcs(record), i16x8.splat(<i16>(SLOTS - 1)));
  storeSlot(record, 0, i16x8.extract_lane_u(slots, 0), pool);
  storeSlot(record, 1, i16x8.extract_lane_u(slots, 1), pool);
  storeSlot(record, 2, i16x8.extract_lane_u(slots, 2), pool);
  storeSlot(record, 3, i16x8.extract_lane_u(slots, 3), pool);
  storeSlot(record, 4, i16x8.extract_lane_u(slots, 4), pool);
  storeSlot(record, 5, i16x8.extract_lane_u(slots, 5), pool);
  storeSlot(record, 6, i16x8.extract_lane_u(slots, 6), pool);
  storeSlot(record, 7, i16x8.extract_lane_u(slots, 7), pool);
}

function storeSlot(record: u32, index: u32, slot: u32, pool: u32): void {
  const place = pool === 0 ? slot : slotServer(slot, pool);
  store<u32>(record + index * RECORD_BYTES + RECORD_SERVER, place);
}

/**
 * Routes the keys of four records.
 * @param pool 0 = their SERVER is to be the slot itself
 */
export function routeFourSlots(record: u32, pool: u32): void {
  const second = record + RECORD_BYTES;
  const third = second + RECORD_BYTES;
  const fourth = third + RECORD_BYTES;
  const t1 = tagged(load<u32>(record + RECORD_KEY), load<u32>(record + RECORD_KEY_LENGTH));
  const t2 = tagged(load<u32>(second + RECORD_KEY), load<u32>(second + RECORD_KEY_LENGTH));
  const t3 = tagged(load<u32>(third + RECORD_KEY), load<u32>(third + RECORD_KEY_LENGTH));
  const t4 = tagged(load<u32>(fourth + RECORD_KEY), load<u32>(fourth + RECORD_KEY_LENGTH));
  let p1 = <u32>t1;
  let p2 = <u32>t2;
  let p3 = <u32>t3;
  let p4 = <u32>t4;
  const l1 = <u32>(t1 >>> 32);
  const l2 = <u32>(t2 >>> 32);
  const l3 = <u32>(t3 >>> 32);
  const l4 = <u32>(t4 >>> 32);
  const e1 = p1 + l1;
  const e2 = p2 + l2;
  const e3 = p3 + l3;
  const e4 = p4 + l4;
  let h1: u32 = 0;
  let h2: u32 = 0;
  let h3: u32 = 0;
  let h4: u32 = 0;
  for (let left = min(min(l1, l2), min(l3, l4)); left >= 4; left -= 4) {
    h1 = four(h1, load<u32>(p1));
    h2 = four(h2, load<u32>(p2));
    h3 = four(h3, load<u32>(p3));
    h4 = four(h4, load<u32>(p4));
    p1 += 4;
    p2 += 4;
    p3 += 4;
    p4 += 4;
  }
  storePlace(record, h1, p1, e1, pool);
  storePlace(second, h2, p2, e2, pool);
  storePlace(third, h3, p3, e3, pool);
  storePlace(fourth, h4, p4, e4, pool);
}

function storePlace(record: u32, state: u32, from: u32, end: u32, pool: u32): void {
  let h = state;
  let pos = from;
  for (; pos + 4 <= end; pos += 4) h = four(h, load<u32>(pos));
  const slot = rest(h, pos, end) & (SLOTS - 1);
  store<u32>(record + RECORD_SERVER, pool === 0 ? slot : slotServer(slot, pool));
}
