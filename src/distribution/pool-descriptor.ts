import {
  POOL_DISTRIBUTION,
  POOL_HASH,
  POOL_INDEX,
  POOL_INDEX_SHIFT,
  POOL_MAX_ARGUMENTS,
  POOL_RANDOM,
  POOL_RING_COUNT,
  POOL_RING_SERVERS,
  POOL_RING_VALUES,
  POOL_SINGLE,
  POOL_TAG,
  POOL_TOTAL_WEIGHT,
  POOL_WORDS,
} from '../protocol/frame-table.ts';
import { indexWords } from './ketama.ts';
import { DISTRIBUTION_NAMES, maxRingEntries, type Ring, type RingDistribution } from './ring.ts';
import { SLOTS } from './slots.ts';

const WORD_BYTES = 4;
const SLOT_BYTES = POOL_WORDS * WORD_BYTES + SLOTS * 2;
/** Any number but 0, which xorshift32 never leaves. */
const DEFAULT_SEED = 0x9e3779b9;

/** Bytes of a pool descriptor with the arrays of a ring of at most `maxPoints` entries. */
export function poolBytes(maxPoints: number): number {
  return (POOL_WORDS + 2 * maxPoints + indexWords(maxPoints)) * WORD_BYTES;
}

/** Bytes that are enough for a pool of `serverCount` servers, whichever of them are live. */
export function poolBytesForServers(serverCount: number, distribution: RingDistribution): number {
  if (distribution === 'slots') return SLOT_BYTES;
  return poolBytes(maxRingEntries(serverCount, distribution));
}

/**
 * Writes the descriptor of a ring at `address`, and its arrays right behind it. Write again at the
 * same address when the live servers change.
 *
 * @param words the arena's words
 * @param address in bytes, a multiple of 4, with `poolBytesForServers` bytes of room
 * @param seed of the random distribution; workers should differ
 */
export function writePool(
  words: Uint32Array,
  address: number,
  ring: Ring,
  seed: number = DEFAULT_SEED,
): void {
  const at = address >>> 2;
  const values = at + POOL_WORDS;
  const servers = values + ring.values.length;
  const index = servers + ring.servers.length;
  words.fill(0, at, values);
  words[at + POOL_HASH] = ring.hash;
  words[at + POOL_DISTRIBUTION] = DISTRIBUTION_NAMES.indexOf(ring.distribution);
  words[at + POOL_SINGLE] = ring.single ? 1 : 0;
  words[at + POOL_TAG] = ring.tag;
  words[at + POOL_RING_COUNT] = ring.servers.length;
  words[at + POOL_RING_VALUES] = values * WORD_BYTES;
  words[at + POOL_RING_SERVERS] = servers * WORD_BYTES;
  words[at + POOL_TOTAL_WEIGHT] = ring.totalWeight;
  words[at + POOL_INDEX] = index * WORD_BYTES;
  words[at + POOL_INDEX_SHIFT] = ring.indexShift;
  words.set(ring.limits ?? [0, 0, 0], at + POOL_MAX_ARGUMENTS);
  words[at + POOL_RANDOM] = seed >>> 0 || DEFAULT_SEED;
  if (ring.owners !== undefined) {
    words[at + POOL_RING_COUNT] = SLOTS;
    const { owners } = ring;
    for (let i = 0; i < SLOTS; i += 2) words[values + i / 2] = owners[i] | (owners[i + 1] << 16);
    return;
  }
  words.set(ring.values, values);
  words.set(ring.servers, servers);
  words.set(ring.index, index);
}
