// Builds a ketama ring in linear memory; src/distribution/ketama.ts is the readable twin.

import { DIGEST, md5Digest } from './hash/md5';

const POINTS_PER_SERVER: f32 = 160;
const POINTS_PER_DIGEST: u32 = 4;
/** twemproxy cuts the hashed text "name-number" here. */
const HASHED_LIMIT: u32 = 272;
const TEXT = memory.data(272, 16);
/** Decimal digits, filled from the end; a u32 has at most ten. */
const DIGITS = memory.data(16, 16);
/** Counters of the radix sort, one per byte value. */
const COUNTERS = memory.data(1024, 16);

/** Ring points of a server; single precision, rounded after every step, as twemproxy computes. */
export function ketamaPointCount(weight: u32, totalWeight: f64, liveCount: u32): u32 {
  const share: f32 = (weight as f32) / (totalWeight as f32);
  const perServer: f32 = (share * POINTS_PER_SERVER) / (POINTS_PER_DIGEST as f32);
  const digests: f32 = (((perServer * (liveCount as f32)) as f64) + 1e-10) as f32;
  return (floor<f32>(digests) as u32) * POINTS_PER_DIGEST;
}

/**
 * Writes `count` points of the server named by [name, name + nameLength): values at `values`, its
 * index at `servers`.
 */
export function ketamaPoints(
  name: u32,
  nameLength: u32,
  server: u32,
  count: u32,
  values: u32,
  servers: u32,
): void {
  const length = min<u32>(nameLength, HASHED_LIMIT);
  memory.copy(TEXT, name as usize, length as usize);
  let value = values as usize;
  let owner = servers as usize;
  const digests = count / POINTS_PER_DIGEST;
  for (let n: u32 = 0; n < digests; n++) {
    md5Digest(TEXT, TEXT + (appendNumber(length, n) as usize));
    memory.copy(value, DIGEST, 16);
    store<u32>(owner, server);
    store<u32>(owner, server, 4);
    store<u32>(owner, server, 8);
    store<u32>(owner, server, 12);
    value += 16;
    owner += 16;
  }
}

/** Puts "-n" behind the first `length` bytes of TEXT, as far as it fits; returns the new length. */
function appendNumber(length: u32, n: u32): u32 {
  let digit = DIGITS + 16;
  do {
    digit--;
    store<u8>(digit, 48 + (n % 10));
    n /= 10;
  } while (n !== 0);
  digit--;
  store<u8>(digit, 45);
  while (digit < DIGITS + 16 && length < HASHED_LIMIT) {
    store<u8>(TEXT + (length as usize), load<u8>(digit));
    digit++;
    length++;
  }
  return length;
}

/**
 * Sorts points ascending by value; equal values keep their order.
 * @param scratch room for 8 * count bytes
 */
export function sortPoints(values: u32, servers: u32, count: u32, scratch: u32): void {
  let fromValues = values as usize;
  let fromServers = servers as usize;
  let toValues = scratch as usize;
  let toServers = toValues + ((count as usize) << 2);
  // Four passes: an even number, so the result ends where it began.
  for (let shift: u32 = 0; shift < 32; shift += 8) {
    countDigits(fromValues, count, shift);
    for (let i: usize = 0; i < (count as usize) << 2; i += 4) {
      const value = load<u32>(fromValues + i);
      const counter = COUNTERS + ((((value >> shift) & 0xff) as usize) << 2);
      const to = load<u32>(counter);
      store<u32>(counter, to + 1);
      store<u32>(toValues + ((to as usize) << 2), value);
      store<u32>(toServers + ((to as usize) << 2), load<u32>(fromServers + i));
    }
    let swap = fromValues;
    fromValues = toValues;
    toValues = swap;
    swap = fromServers;
    fromServers = toServers;
    toServers = swap;
  }
}

/** Leaves in COUNTERS, for each byte value, where its first point goes. */
function countDigits(values: usize, count: u32, shift: u32): void {
  memory.fill(COUNTERS, 0, 1024);
  const end = values + ((count as usize) << 2);
  for (let p = values; p < end; p += 4) {
    const counter = COUNTERS + ((((load<u32>(p) >> shift) & 0xff) as usize) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
  let sum: u32 = 0;
  for (let counter = COUNTERS; counter < COUNTERS + 1024; counter += 4) {
    const size = load<u32>(counter);
    store<u32>(counter, sum);
    sum += size;
  }
}

/** Fills the bucket index over sorted points: 2^(32 - shift) + 1 words at `index`. */
export function indexPoints(values: u32, count: u32, index: u32, shift: u32): void {
  const buckets: u32 = 1 << (32 - shift);
  let point: u32 = 0;
  for (let bucket: u32 = 0; bucket <= buckets; bucket++) {
    while (point < count && load<u32>((values + (point << 2)) as usize) >> shift < bucket) point++;
    store<u32>((index + (bucket << 2)) as usize, point);
  }
}
