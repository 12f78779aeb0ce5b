import { BUCKETS } from './histogram.ts';
import { CLASSES, histogramAt, SPANS } from './latency.ts';

// Reading the histograms of a pool: never on the hot path.

/** The sum of the histograms of some series, for one span. */
export function mergeSpan(
  counts: Float64Array,
  series: Iterable<number>,
  span: number,
): Float64Array {
  const merged = new Float64Array(BUCKETS);
  for (const one of series) {
    const at = histogramAt(one, span);
    for (let i = 0; i < BUCKETS; i++) merged[i] += counts[at + i];
  }
  return merged;
}

/** All series of one server, or of servers `first` to `last`. */
export function* seriesOf(first: number, last: number = first): Generator<number> {
  for (let series = first * CLASSES; series < (last + 1) * CLASSES; series++) yield series;
}

/** Whether anything was ever recorded in a series: its sums are the cheap way to tell. */
export function isUsed(sums: Float64Array, counts: Float64Array, series: number): boolean {
  for (let span = 0; span < SPANS.length; span++) {
    if (sums[series * SPANS.length + span] > 0) return true;
  }
  return counts[histogramAt(series, 0)] > 0;
}
