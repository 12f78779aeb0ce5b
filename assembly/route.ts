import { crc16 } from './hash/crc16';
import { crc32, crc32a } from './hash/crc32';
import { fnv1a32, fnv1a64, fnv132, fnv164 } from './hash/fnv';
import { hsieh } from './hash/hsieh';
import { jenkins } from './hash/jenkins';
import { md5 } from './hash/md5';
import { murmur } from './hash/murmur';
import { oneAtATime } from './hash/one-at-a-time';
import * as order from './hash/order';
import {
  NO_SERVER,
  POOL_DISTRIBUTION,
  POOL_HASH,
  POOL_INDEX,
  POOL_INDEX_SHIFT,
  POOL_RANDOM,
  POOL_RING_COUNT,
  POOL_RING_SERVERS,
  POOL_RING_VALUES,
  POOL_SINGLE,
  POOL_TAG,
  POOL_TOTAL_WEIGHT,
} from './layout';
import { keySlot, slotServer } from './slots';

const KETAMA: u32 = 0;
const MODULA: u32 = 1;
const SLOTTED: u32 = 3;

function word(pool: u32, index: u32): u32 {
  return load<u32>((pool + (index << 2)) as usize);
}

/** Hash number `kind` (HASH order) of [start, start + length), also of an empty key. */
export function hashKey(kind: u32, start: u32, length: u32): u32 {
  const p = start as usize;
  const end = p + (length as usize);
  switch (kind) {
    case order.ONE_AT_A_TIME:
      return oneAtATime(p, end);
    case order.MD5:
      return md5(p, end);
    case order.CRC16:
      return crc16(p, end);
    case order.CRC32:
      return crc32(p, end);
    case order.CRC32A:
      return crc32a(p, end);
    case order.FNV1_64:
      return fnv164(p, end);
    case order.FNV1A_64:
      return fnv1a64(p, end);
    case order.FNV1_32:
      return fnv132(p, end);
    case order.FNV1A_32:
      return fnv1a32(p, end);
    case order.HSIEH:
      return hsieh(p, end);
    case order.MURMUR:
      return murmur(p, end);
    case order.JENKINS:
      return jenkins(p, end);
    default:
      return unreachable();
  }
}

/**
 * Server index for the key at [start, start + length) in the ring of `pool`.
 * @returns NO_SERVER when no server is live
 */
export function route(start: u32, length: u32, pool: u32): u32 {
  if (word(pool, POOL_SINGLE) !== 0) return 0;
  const count = word(pool, POOL_RING_COUNT);
  if (count === 0) return NO_SERVER;
  const distribution = word(pool, POOL_DISTRIBUTION);
  if (distribution === SLOTTED) return slotServer(keySlot(start, length), pool);
  if (distribution > MODULA) return draw(pool, count);

  const tag = word(pool, POOL_TAG);
  let p = start as usize;
  let end = p + (length as usize);
  if (tag !== 0) {
    const open = find(p, end, tag & 0xff) + 1;
    const close = find(open, end, (tag >> 8) & 0xff);
    if (close < end && close > open) {
      p = open;
      end = close;
    }
  }

  let h: u32 = 0;
  if (p !== end) {
    const kind = word(pool, POOL_HASH);
    h = kind === order.FNV1A_64 ? fnv1a64(p, end) : hashKey(kind, p as u32, (end - p) as u32);
  }
  const slot = distribution === KETAMA ? nextPoint(pool, count, h) : slotOwner(pool, count, h);
  return load<u32>((word(pool, POOL_RING_SERVERS) + (slot << 2)) as usize);
}

/** Whether the ring of a pool is that of a Redis Cluster. */
export function isSlotted(pool: u32): bool {
  return word(pool, POOL_DISTRIBUTION) === SLOTTED;
}

/** First `byte` in [p, end); `end` or beyond when there is none. */
function find(p: usize, end: usize, byte: u32): usize {
  while (p < end && (load<u8>(p) as u32) !== byte) p++;
  return p;
}

/** Server for hash `h` in a ketama ring that is not empty. */
export function serverOfHash(pool: u32, h: u32): u32 {
  const slot = nextPoint(pool, word(pool, POOL_RING_COUNT), h);
  return load<u32>((word(pool, POOL_RING_SERVERS) + (slot << 2)) as usize);
}

/** ketama: the first point at or after `h`; past the last one the ring wraps. */
function nextPoint(pool: u32, count: u32, h: u32): u32 {
  const values = word(pool, POOL_RING_VALUES);
  const bucket = h >> word(pool, POOL_INDEX_SHIFT);
  let slot = load<u32>((word(pool, POOL_INDEX) + (bucket << 2)) as usize);
  while (slot < count && load<u32>((values + (slot << 2)) as usize) < h) slot++;
  return slot < count ? slot : 0;
}

/** modula: the server whose range of slots holds `h` modulo the total weight. */
function slotOwner(pool: u32, count: u32, h: u32): u32 {
  const values = word(pool, POOL_RING_VALUES);
  const total = word(pool, POOL_TOTAL_WEIGHT);
  const slot = total !== 0 ? h % total : h; // 0 stands for 2^32 or more: h is below it already
  let low: u32 = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>((values + (middle << 2)) as usize) < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** random: xorshift32; the key does not matter, nor do weights. */
function draw(pool: u32, count: u32): u32 {
  let x = word(pool, POOL_RANDOM);
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  store<u32>((pool + (POOL_RANDOM << 2)) as usize, x);
  return load<u32>((word(pool, POOL_RING_SERVERS) + ((x % count) << 2)) as usize);
}
