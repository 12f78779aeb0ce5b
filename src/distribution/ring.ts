import {
  bucketIndex,
  indexShift,
  POINTS_PER_SERVER,
  pointCount,
  sortPoints,
  writePoints,
} from './ketama.ts';
import { lastSlots, slotCount } from './modula.ts';
import { DISTRIBUTION_NAMES as CHOICES, type RingDistribution } from './names.ts';
import { equalSlots, NO_OWNER } from './slots.ts';

/**
 * How keys can be spread; the position is the pool descriptor's POOL_DISTRIBUTION. The first three
 * are values of `distribution:`, the last is what a Redis Cluster has.
 */
export const DISTRIBUTION_NAMES: readonly RingDistribution[] = [...CHOICES, 'slots'];

export type { RingDistribution } from './names.ts';

/** A server as the ring sees it; its index is its position in the internal order. */
export interface RingServer {
  /** The bytes of the ring name. */
  readonly name: Uint8Array;
  /** 1 to 2^31 - 1 */
  readonly weight: number;
}

/** How a pool maps keys to servers, besides its servers. */
export interface RingOptions {
  /** Position in HASH_NAMES. */
  readonly hash: number;
  readonly distribution: RingDistribution;
  /** A POOL_TAG word. */
  readonly tag: number;
  /** Bounds of requests: words, bytes of a word, bytes of an inline line; absent = the standard. */
  readonly limits?: readonly [number, number, number];
  /** slots: server index of each, or NO_OWNER; absent = the live servers share them equally. */
  readonly owners?: Uint16Array;
}

/** What `writePool` lays into the arena for both codecs. */
export interface Ring extends RingOptions {
  /** The pool has exactly one server, and it is live: it takes every key. */
  readonly single: boolean;
  /** Sorted ketama points, or the last slot of each live server (modula); empty for others. */
  readonly values: Uint32Array;
  /** Server index per point, or per live server. */
  readonly servers: Uint32Array;
  /** modula: number of slots, 0 for 2^32 and more. */
  readonly totalWeight: number;
  /** ketama: first point per bucket of hashes. */
  readonly index: Uint32Array;
  readonly indexShift: number;
}

const NONE = new Uint32Array(0);
const NO_LIMITS = [0, 0, 0] as const;

/** Most entries that the ring of `serverCount` servers can have, whichever of them are live. */
export function maxRingEntries(serverCount: number, distribution: RingDistribution): number {
  return distribution === 'ketama' ? serverCount * POINTS_PER_SERVER : serverCount;
}

/**
 * Builds the ring of the live servers. Ejected servers contribute nothing, neither weight nor
 * count.
 * @param servers in internal order
 * @param live non-zero for each live server
 */
export function buildRing(
  servers: readonly RingServer[],
  live: ArrayLike<number>,
  options: RingOptions,
): Ring {
  const alive: number[] = [];
  for (let i = 0; i < servers.length; i++) {
    if (live[i] !== 0) alive.push(i);
  }
  const ring = {
    hash: options.hash,
    distribution: options.distribution,
    tag: options.tag,
    limits: options.limits ?? NO_LIMITS,
    single: options.distribution !== 'slots' && servers.length === 1 && alive.length === 1,
    values: NONE,
    servers: Uint32Array.from(alive),
    totalWeight: 0,
    index: NONE,
    indexShift: 0,
  };
  const weights = alive.map((i) => servers[i].weight);
  switch (options.distribution) {
    case 'ketama':
      return { ...ring, ...ketamaRing(servers, alive) };
    case 'modula':
      return { ...ring, values: lastSlots(weights), totalWeight: slotCount(weights) };
    case 'random':
      return ring;
    case 'slots':
      return { ...ring, owners: liveOwners(options.owners ?? equalSlots(alive), live) };
  }
}

/** Slots of servers that are not live have no owner. */
function liveOwners(owners: Uint16Array, live: ArrayLike<number>): Uint16Array {
  return owners.map((server) => (server !== NO_OWNER && live[server] !== 0 ? server : NO_OWNER));
}

function ketamaRing(servers: readonly RingServer[], alive: readonly number[]) {
  let totalWeight = 0;
  for (const i of alive) totalWeight += servers[i].weight;
  const counts = alive.map((i) => pointCount(servers[i].weight, totalWeight, alive.length));
  let total = 0;
  for (const count of counts) total += count;
  const values = new Uint32Array(total);
  const owners = new Uint32Array(total);
  let at = 0;
  for (let n = 0; n < alive.length; n++) {
    writePoints(servers[alive[n]].name, counts[n], values, at);
    owners.fill(alive[n], at, at + counts[n]);
    at += counts[n];
  }
  sortPoints(values, owners);
  const shift = indexShift(total);
  return { values, servers: owners, index: bucketIndex(values, shift), indexShift: shift };
}
