import { hashByIndex } from '../hash/index.ts';
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
} from '../protocol/frame-table.ts';
import { hashTagged } from './hash-tag.ts';
import { nextPoint } from './ketama.ts';
import { slotOwner } from './modula.ts';
import { xorshift32 } from './random.ts';
import { keySlot, NO_OWNER } from './slots.ts';

const KETAMA = 0;
const RANDOM = 2;
const SLOTTED = 3;

/**
 * Server index for a key, by the pool descriptor in an arena: the JS twin of `route` in
 * WebAssembly.
 *
 * @param bytes holds the key, at [start, start + length): the arena or any other bytes
 * @param words the arena's words, where the descriptor is
 * @param pool address of the descriptor in bytes
 * @returns NO_SERVER when no server is live
 */
export function routeKey(
  bytes: Uint8Array,
  start: number,
  length: number,
  words: Uint32Array,
  pool: number,
): number {
  const at = pool >>> 2;
  if (words[at + POOL_SINGLE] !== 0) return 0;
  const count = words[at + POOL_RING_COUNT];
  if (count === 0) return NO_SERVER;
  const distribution = words[at + POOL_DISTRIBUTION];
  if (distribution === SLOTTED)
    return slotServer(words, pool, keySlot(bytes, start, start + length));
  const servers = words[at + POOL_RING_SERVERS] >>> 2;
  if (distribution === RANDOM) {
    const next = xorshift32(words[at + POOL_RANDOM]);
    words[at + POOL_RANDOM] = next;
    return words[servers + (next % count)];
  }

  const hash = hashByIndex(words[at + POOL_HASH]);
  const h = hashTagged(hash, bytes, start, start + length, words[at + POOL_TAG]);
  const values = words[at + POOL_RING_VALUES] >>> 2;
  if (distribution !== KETAMA) {
    return words[servers + slotOwner(words, values, count, words[at + POOL_TOTAL_WEIGHT], h)];
  }
  const index = words[at + POOL_INDEX] >>> 2;
  const shift = words[at + POOL_INDEX_SHIFT];
  return words[servers + nextPoint(words, values, count, index, shift, h)];
}

/** Whether the ring of a pool is that of a Redis Cluster. */
export function isSlotted(words: Uint32Array, pool: number): boolean {
  return words[(pool >>> 2) + POOL_DISTRIBUTION] === SLOTTED;
}

/** Server index of a slot in such a ring; NO_SERVER when none is known to have it. */
export function slotServer(words: Uint32Array, pool: number, slot: number): number {
  const table = words[(pool >>> 2) + POOL_RING_VALUES] >>> 2;
  const server = (words[table + (slot >>> 1)] >>> ((slot & 1) << 4)) & 0xffff;
  return server === NO_OWNER ? NO_SERVER : server;
}

/** A slot belongs to another server from now on, in the ring that routeKey() reads. */
export function setSlot(words: Uint32Array, pool: number, slot: number, server: number): void {
  const at = (words[(pool >>> 2) + POOL_RING_VALUES] >>> 2) + (slot >>> 1);
  const shift = (slot & 1) << 4;
  words[at] = (words[at] & ~(0xffff << shift)) | (server << shift);
}
