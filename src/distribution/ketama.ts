import { md5Words } from '../hash/md5.ts';

/** Points of a server when all weights are equal. */
export const POINTS_PER_SERVER = 160;
/** An MD5 digest gives four points. */
const POINTS_PER_DIGEST = 4;
/** twemproxy cuts the hashed text "name-number" here. */
const HASHED_LIMIT = 272;

/**
 * Ring points of a server. twemproxy computes in single precision and rounds after every step, and
 * the results show it: 25 equal servers get 156 points each.
 *
 * @param totalWeight exact sum of the live weights. twemproxy's sum wraps at 2^32, but then it
 * gives servers more points than it has allocated, so there is no working ring to be compatible
 * with.
 */
export function pointCount(weight: number, totalWeight: number, liveCount: number): number {
  const share = Math.fround(Math.fround(weight) / Math.fround(totalWeight));
  const perServer = Math.fround(Math.fround(share * POINTS_PER_SERVER) / POINTS_PER_DIGEST);
  const digests = Math.fround(Math.fround(perServer * Math.fround(liveCount)) + 1e-10);
  return Math.floor(digests) * POINTS_PER_DIGEST;
}

const text = new Uint8Array(HASHED_LIMIT);

/** Writes `count` points of a server to `values` from `at` on: the words of MD5("name-0"), … */
export function writePoints(
  name: Uint8Array,
  count: number,
  values: Uint32Array,
  at: number,
): void {
  const nameLength = Math.min(name.length, HASHED_LIMIT);
  for (let i = 0; i < nameLength; i++) text[i] = name[i];
  for (let digest = 0; digest < count / POINTS_PER_DIGEST; digest++) {
    const suffix = `-${digest}`;
    let end = nameLength;
    for (let i = 0; i < suffix.length && end < HASHED_LIMIT; i++) {
      text[end++] = suffix.charCodeAt(i);
    }
    md5Words(text, 0, end, values, at + digest * POINTS_PER_DIGEST);
  }
}

/**
 * Sorts points ascending by value; equal values keep their order (a radix sort, lowest byte first:
 * 160,000 points take a few milliseconds, and stability costs nothing).
 */
export function sortPoints(values: Uint32Array, servers: Uint32Array): void {
  const count = values.length;
  let fromValues = values;
  let fromServers = servers;
  let toValues: Uint32Array = new Uint32Array(count);
  let toServers: Uint32Array = new Uint32Array(count);
  const next = new Uint32Array(256);
  // Four passes: an even number, so the result ends where it began.
  for (let shift = 0; shift < 32; shift += 8) {
    next.fill(0);
    for (let i = 0; i < count; i++) next[(fromValues[i] >>> shift) & 0xff]++;
    for (let digit = 0, sum = 0; digit < 256; digit++) {
      const size = next[digit];
      next[digit] = sum;
      sum += size;
    }
    for (let i = 0; i < count; i++) {
      const to = next[(fromValues[i] >>> shift) & 0xff]++;
      toValues[to] = fromValues[i];
      toServers[to] = fromServers[i];
    }
    [fromValues, toValues] = [toValues, fromValues];
    [fromServers, toServers] = [toServers, fromServers];
  }
}

/**
 * Shift of the bucket index over `count` points: a quarter to half a point per bucket while that
 * takes no more than 2^16 buckets, one to two otherwise. A search that has to walk is mispredicted.
 */
export function indexShift(count: number): number {
  const bits = 31 - Math.clz32(count | 1);
  return 32 - Math.max(Math.min(bits + 2, 16), bits, 1);
}

/** Words of the bucket index over at most `count` points. */
export function indexWords(count: number): number {
  return 2 ** (32 - indexShift(count)) + 1;
}

/** For each bucket b the first point with `value >>> shift >= b`; sorted `values`. */
export function bucketIndex(values: Uint32Array, shift: number): Uint32Array {
  const index = new Uint32Array(2 ** (32 - shift) + 1);
  let point = 0;
  for (let bucket = 0; bucket < index.length; bucket++) {
    while (point < values.length && values[point] >>> shift < bucket) point++;
    index[bucket] = point;
  }
  return index;
}

/**
 * The first point with a value of at least `h`; past the last one the ring wraps to the first.
 * @param values position of the point values in `words`
 * @param index position of the bucket index in `words`
 */
export function nextPoint(
  words: Uint32Array,
  values: number,
  count: number,
  index: number,
  shift: number,
  h: number,
): number {
  let point = words[index + (h >>> shift)];
  while (point < count && words[values + point] < h) point++;
  return point < count ? point : 0;
}
