import {
  BUCKETS,
  bucketOf,
  HISTOGRAM_MAX,
  histogramTotal,
  quantiles,
} from '../../src/stats/histogram.ts';

/** A quantile is given only if so many values lie above it; from fewer it would be chance. */
const LEAST_ABOVE = 10;

/** Times of one run, in the buckets of ringway's own histograms: each is known to within 1/16. */
export class Latencies {
  readonly #counts = new Float64Array(BUCKETS);
  #maxUs = 0;

  record(ms: number): void {
    const us = Math.min(HISTOGRAM_MAX, Math.round(ms * 1000));
    this.#counts[bucketOf(us)]++;
    if (us > this.#maxUs) this.#maxUs = us;
  }

  get total(): number {
    return histogramTotal(this.#counts);
  }

  get maxMs(): number {
    return this.#maxUs / 1000;
  }

  /** null when too few values were recorded to tell. */
  quantileMs(quantile: number): number | null {
    if (this.total * (1 - quantile) < LEAST_ABOVE - 1e-6) return null;
    return quantiles(this.#counts, [quantile])[0] / 1000;
  }
}
