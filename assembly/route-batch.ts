// Routes the keys of several records at once. fnv1a_64, the usual hash, is a chain of
// multiplications: four chains side by side take little longer than one.

import { BASIS_64_LOW, fnv1a64Rest, PRIME_64_LOW } from './hash/fnv';
import { FNV1A_64 } from './hash/order';
import {
  POOL_DISTRIBUTION,
  POOL_HASH,
  POOL_RING_COUNT,
  POOL_SINGLE,
  POOL_TAG,
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_SERVER,
} from './layout';
import { isSlotted, route, serverOfHash } from './route';
import { routeEight } from './route-batch.simd';
import { keySlot, routeEightSlots, routeFourSlots, slotServer } from './slots';

/** SERVER of a record whose key is still to be routed; never seen outside a scan. */
export const DEFERRED: u32 = 0xfffffffe;

/** Bytes of the records whose keys are hashed at once: their bytes are still in the cache then. */
export const BATCH_BYTES: u32 = 16 * RECORD_BYTES;

/**
 * Whether the pool is of a kind that routeDeferred knows: ketama, fnv1a_64, no hash tag; or slots.
 */
export function canDefer(pool: u32): bool {
  return isSlotted(pool) || isPlainKetama(pool);
}

function isPlainKetama(pool: u32): bool {
  return (
    load<u32>(pool + (POOL_SINGLE << 2)) === 0 &&
    load<u32>(pool + (POOL_RING_COUNT << 2)) !== 0 &&
    load<u32>(pool + (POOL_DISTRIBUTION << 2)) === 0 &&
    load<u32>(pool + (POOL_HASH << 2)) === FNV1A_64 &&
    load<u32>(pool + (POOL_TAG << 2)) === 0
  );
}

/** Fills in the server of each record in [record, end) that is DEFERRED. */
export function routeDeferred(record: u32, end: u32, pool: u32): void {
  if (isSlotted(pool)) {
    routeSlots(record, end, pool);
    return;
  }
  while (record < end) {
    if (ASC_FEATURE_SIMD) {
      if (end - record >= 8 * RECORD_BYTES && fourDeferred(record)) {
        if (fourDeferred(record + 4 * RECORD_BYTES)) {
          routeEight(record, pool);
          record += 8 * RECORD_BYTES;
          continue;
        }
      }
    }
    if (end - record >= 4 * RECORD_BYTES && fourDeferred(record)) {
      routeFour(record, pool);
      record += 4 * RECORD_BYTES;
      continue;
    }
    if (load<u32>(record + RECORD_SERVER) === DEFERRED) {
      const key = load<u32>(record + RECORD_KEY);
      const length = load<u32>(record + RECORD_KEY_LENGTH);
      store<u32>(record + RECORD_SERVER, route(key, length, pool));
    }
    record += RECORD_BYTES;
  }
}

/**
 * Fills in the server of each record in [record, end) that is DEFERRED.
 * @param pool of slots; 0 = their SERVER is to be the slot itself
 */
export function routeSlots(record: u32, end: u32, pool: u32): void {
  while (record < end) {
    if (ASC_FEATURE_SIMD) {
      if (end - record >= 8 * RECORD_BYTES && fourDeferred(record)) {
        if (fourDeferred(record + 4 * RECORD_BYTES)) {
          routeEightSlots(record, pool);
          record += 8 * RECORD_BYTES;
          continue;
        }
      }
    } else if (end - record >= 4 * RECORD_BYTES && fourDeferred(record)) {
      routeFourSlots(record, pool);
      record += 4 * RECORD_BYTES;
      continue;
    }
    if (load<u32>(record + RECORD_SERVER) === DEFERRED) {
      const slot = keySlot(load<u32>(record + RECORD_KEY), load<u32>(record + RECORD_KEY_LENGTH));
      store<u32>(record + RECORD_SERVER, pool === 0 ? slot : slotServer(slot, pool));
    }
    record += RECORD_BYTES;
  }
}

function fourDeferred(record: u32): bool {
  return (
    load<u32>(record + RECORD_SERVER) === DEFERRED &&
    load<u32>(record + RECORD_SERVER + RECORD_BYTES) === DEFERRED &&
    load<u32>(record + RECORD_SERVER + 2 * RECORD_BYTES) === DEFERRED &&
    load<u32>(record + RECORD_SERVER + 3 * RECORD_BYTES) === DEFERRED
  );
}

function routeFour(record: u32, pool: u32): void {
  const second = record + RECORD_BYTES;
  const third = second + RECORD_BYTES;
  const fourth = third + RECORD_BYTES;
  const k1 = load<u32>(record + RECORD_KEY);
  const k2 = load<u32>(second + RECORD_KEY);
  const k3 = load<u32>(third + RECORD_KEY);
  const k4 = load<u32>(fourth + RECORD_KEY);
  const l1 = load<u32>(record + RECORD_KEY_LENGTH);
  const l2 = load<u32>(second + RECORD_KEY_LENGTH);
  const l3 = load<u32>(third + RECORD_KEY_LENGTH);
  const l4 = load<u32>(fourth + RECORD_KEY_LENGTH);
  const together = min(min(l1, l2), min(l3, l4));
  let h1 = BASIS_64_LOW;
  let h2 = BASIS_64_LOW;
  let h3 = BASIS_64_LOW;
  let h4 = BASIS_64_LOW;
  let i: u32 = 0;
  for (; i + 4 <= together; i += 4) {
    const w1 = load<u32>(k1 + i);
    const w2 = load<u32>(k2 + i);
    const w3 = load<u32>(k3 + i);
    const w4 = load<u32>(k4 + i);
    h1 = (h1 ^ <u32>(<i32>(w1 << 24) >> 24)) * PRIME_64_LOW;
    h2 = (h2 ^ <u32>(<i32>(w2 << 24) >> 24)) * PRIME_64_LOW;
    h3 = (h3 ^ <u32>(<i32>(w3 << 24) >> 24)) * PRIME_64_LOW;
    h4 = (h4 ^ <u32>(<i32>(w4 << 24) >> 24)) * PRIME_64_LOW;
    h1 = (h1 ^ <u32>(<i32>(w1 << 16) >> 24)) * PRIME_64_LOW;
    h2 = (h2 ^ <u32>(<i32>(w2 << 16) >> 24)) * PRIME_64_LOW;
    h3 = (h3 ^ <u32>(<i32>(w3 << 16) >> 24)) * PRIME_64_LOW;
    h4 = (h4 ^ <u32>(<i32>(w4 << 16) >> 24)) * PRIME_64_LOW;
    h1 = (h1 ^ <u32>(<i32>(w1 << 8) >> 24)) * PRIME_64_LOW;
    h2 = (h2 ^ <u32>(<i32>(w2 << 8) >> 24)) * PRIME_64_LOW;
    h3 = (h3 ^ <u32>(<i32>(w3 << 8) >> 24)) * PRIME_64_LOW;
    h4 = (h4 ^ <u32>(<i32>(w4 << 8) >> 24)) * PRIME_64_LOW;
    h1 = (h1 ^ <u32>(<i32>w1 >> 24)) * PRIME_64_LOW;
    h2 = (h2 ^ <u32>(<i32>w2 >> 24)) * PRIME_64_LOW;
    h3 = (h3 ^ <u32>(<i32>w3 >> 24)) * PRIME_64_LOW;
    h4 = (h4 ^ <u32>(<i32>w4 >> 24)) * PRIME_64_LOW;
  }
  store<u32>(record + RECORD_SERVER, serverOfHash(pool, fnv1a64Rest(h1, k1, i, l1)));
  store<u32>(second + RECORD_SERVER, serverOfHash(pool, fnv1a64Rest(h2, k2, i, l2)));
  store<u32>(third + RECORD_SERVER, serverOfHash(pool, fnv1a64Rest(h3, k3, i, l3)));
  store<u32>(fourth + RECORD_SERVER, serverOfHash(pool, fnv1a64Rest(h4, k4, i, l4)));
}
