import type { HashName } from '../hash/index.ts';
import type { Ring } from './ring.ts';
import { NO_OWNER, SLOTS } from './slots.ts';

/** How many values a hash function can have. */
function hashRange(hash: HashName): number {
  return hash === 'crc32' ? 2 ** 15 : 2 ** 32;
}

/**
 * Which part of all hash values each server gets, by server index; they add up to 1 when a server
 * is live.
 */
export function ringShares(ring: Ring, serverCount: number, hash: HashName): number[] {
  const shares: number[] = new Array(serverCount).fill(0);
  const { values, servers, distribution } = ring;
  if (ring.single) shares[0] = 1;
  else if (ring.owners !== undefined) slotShares(ring.owners, shares);
  else if (distribution === 'random') for (const i of servers) shares[i] = 1 / servers.length;
  else if (distribution === 'modula') modulaShares(ring, shares);
  else if (values.length > 0) {
    const range = hashRange(hash);
    let from = -1;
    for (let i = 0; i < values.length && from < range - 1; i++) {
      const to = Math.min(values[i], range - 1);
      shares[servers[i]] += (to - from) / range;
      from = to;
    }
    shares[servers[0]] += Math.max(0, range - 1 - from) / range;
  }
  return shares;
}

function slotShares(owners: Uint16Array, shares: number[]): void {
  for (const server of owners) if (server !== NO_OWNER) shares[server] += 1 / SLOTS;
}

function modulaShares(ring: Ring, shares: number[]): void {
  const { values, servers } = ring;
  const slots = values.length === 0 ? 1 : values[values.length - 1] + 1;
  for (let i = 0; i < values.length; i++) {
    const before = i === 0 ? -1 : values[i - 1];
    shares[servers[i]] += (values[i] - before) / slots;
  }
}

/** Where a hash value falls on a ring. */
export interface Place {
  /** Server index. */
  readonly server: number;
  /** ketama: position and value of the point; modula, slots: the slot. Absent where is none. */
  readonly point?: number;
  readonly value?: number;
}

/** The place of hash value `h`; null when no server is live. Random has none before it is asked. */
export function placeOf(ring: Ring, h: number): Place | null {
  const { values, servers } = ring;
  if (ring.single) return { server: 0 };
  if (ring.owners !== undefined) {
    const value = h & (SLOTS - 1);
    const server = ring.owners[value];
    return server === NO_OWNER ? null : { server, value };
  }
  if (servers.length === 0 || ring.distribution === 'random') return null;
  if (ring.distribution === 'modula') {
    const slot = ring.totalWeight === 0 ? h : h % ring.totalWeight;
    return { server: servers[firstNotBelow(values, slot)], value: slot };
  }
  const found = firstNotBelow(values, h);
  const point = found < values.length ? found : 0;
  return { server: servers[point], point, value: values[point] };
}

/** Index of the first value ≥ `wanted`, `values.length` when there is none. */
function firstNotBelow(values: Uint32Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
