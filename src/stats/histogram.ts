/**
 * Bucket arithmetic of a high dynamic range histogram: log-linear buckets, sixteen to each power of
 * two, so a value is known to within 1/16 from one microsecond to more than a minute in 352
 * buckets.
 */

const SUB_BITS = 4;
const SUBS = 1 << SUB_BITS;
/** Larger values count as this one: 67 seconds in microseconds. */
export const HISTOGRAM_MAX: number = 2 ** 26 - 1;
export const BUCKETS: number = bucketOf(HISTOGRAM_MAX) + 1;

/** @param value a whole number, 0 to HISTOGRAM_MAX */
export function bucketOf(value: number): number {
  if (value < SUBS) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return (shift << SUB_BITS) + (value >>> shift);
}

/** The smallest value of a bucket. The largest is one less than that of the next. */
export function bucketFloor(bucket: number): number {
  if (bucket < 2 * SUBS) return bucket;
  const shift = (bucket >> SUB_BITS) - 1;
  return ((bucket & (SUBS - 1)) + SUBS) * 2 ** shift;
}

/** The value that stands for all of a bucket: its middle. */
function bucketValue(bucket: number): number {
  return (bucketFloor(bucket) + bucketFloor(bucket + 1) - 1) / 2;
}

/** How many values `counts` holds from `at` on, for one histogram. */
export function histogramTotal(counts: ArrayLike<number>, at = 0): number {
  let total = 0;
  for (let i = 0; i < BUCKETS; i++) total += counts[at + i];
  return total;
}

/** Values at the given quantiles, ascending from 0 to 1; 0 for an empty histogram. */
export function quantiles(counts: ArrayLike<number>, wanted: readonly number[], at = 0): number[] {
  const total = histogramTotal(counts, at);
  const found: number[] = [];
  let bucket = 0;
  let seen = counts[at];
  for (const quantile of wanted) {
    const rank = Math.max(1, Math.ceil(quantile * total));
    while (seen < rank && bucket < BUCKETS - 1) seen += counts[at + ++bucket];
    found.push(total === 0 ? 0 : bucketValue(bucket));
  }
  return found;
}

/** How many values are below `limit`, which must be the floor of a bucket. */
export function countBelow(counts: ArrayLike<number>, limit: number, at = 0): number {
  const end = Math.min(BUCKETS, bucketOf(Math.min(limit, HISTOGRAM_MAX)));
  let total = 0;
  for (let i = 0; i < end; i++) total += counts[at + i];
  return total;
}
