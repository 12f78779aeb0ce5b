import { BUCKETS, bucketOf, HISTOGRAM_MAX } from './histogram.ts';

/** What a request is to the metrics: the label `class`. */
export const COMMAND_CLASSES = ['read', 'write', 'multi', 'other'] as const;
export const CLASS_READ = 0;
export const CLASS_WRITE = 1;
/** A request with several keys, or one server's share of it. */
export const CLASS_MULTI = 2;
export const CLASS_OTHER = 3;
export const CLASSES: number = COMMAND_CLASSES.length;

/**
 * The spans of a request. queue: read from the client until written to the server; server: written
 * until its reply was read; total: read from the client until its reply is queued to the client, in
 * the client's order.
 */
export const SPANS = ['queue', 'server', 'total'] as const;
export const SPAN_QUEUE = 0;
export const SPAN_SERVER = 1;
export const SPAN_TOTAL = 2;

const STRIDE = SPANS.length * BUCKETS;

/** Stands for a reply whose request is not measured. */
export const NO_SERIES = -1;

/**
 * The latencies of one pool: a histogram per server, command class and span, all in one array, so
 * that recording is an addition in place. Pages that nothing was recorded in take no memory. A
 * series is a number: server × CLASSES + class.
 */
export class PoolLatency {
  #counts: Float64Array;
  #sums: Float64Array;
  #places: number;
  readonly #free: number[] = [];

  // Requests that came, were written and were answered together are counted first: #times of them.
  #series = NO_SERIES;
  #arrived = 0;
  #written = 0;
  #answered = 0;
  #times = 0;
  /** The newest total, and its bucket. */
  #total = 0;
  #totalBucket: number = SPAN_TOTAL * BUCKETS;

  constructor(servers: number) {
    this.#places = servers;
    this.#counts = new Float64Array(servers * CLASSES * STRIDE);
    this.#sums = new Float64Array(servers * CLASSES * SPANS.length);
  }

  /** Requests per series, span and bucket. */
  get counts(): Float64Array {
    this.#settle();
    return this.#counts;
  }

  /** Microseconds, per series and span. */
  get sums(): Float64Array {
    this.#settle();
    return this.#sums;
  }

  /** A place for one more server. @returns its first series */
  add(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const first = this.#places++ * CLASSES;
    this.#counts = grown(this.#counts, this.#places * CLASSES * STRIDE);
    this.#sums = grown(this.#sums, this.#places * CLASSES * SPANS.length);
    return first;
  }

  /** The server with this first series is gone, and its latencies with it. */
  remove(first: number): void {
    this.counts.fill(0, first * STRIDE, (first + CLASSES) * STRIDE);
    this.sums.fill(0, first * SPANS.length, (first + CLASSES) * SPANS.length);
    this.#free.push(first);
  }

  /**
   * A request is answered: its time in the queue and at the server. All times are microseconds of
   * one clock; differences may be anything, a clock that wrapped counts as 0.
   */
  answered(series: number, arrived: number, written: number, now: number): void {
    const same = series === this.#series && arrived === this.#arrived;
    if (same && written === this.#written && now === this.#answered) {
      this.#times++;
      return;
    }
    this.#settle();
    this.#series = series;
    this.#arrived = arrived;
    this.#written = written;
    this.#answered = now;
    this.#times = 1;
  }

  #settle(): void {
    const times = this.#times;
    if (times === 0) return;
    this.#times = 0;
    this.#add(this.#series, SPAN_QUEUE, (this.#written - this.#arrived) | 0, times);
    this.#add(this.#series, SPAN_SERVER, (this.#answered - this.#written) | 0, times);
  }

  #add(series: number, span: number, micros: number, times: number): void {
    const value = Math.max(0, Math.min(micros, HISTOGRAM_MAX));
    this.#counts[series * STRIDE + span * BUCKETS + bucketOf(value)] += times;
    this.#sums[series * SPANS.length + span] += value * times;
  }

  /** A reply is queued to its client: the request's total time. */
  delivered(series: number, arrived: number, now: number): void {
    const micros = (now - arrived) | 0;
    if (micros !== this.#total) {
      this.#total = Math.max(0, Math.min(micros, HISTOGRAM_MAX));
      this.#totalBucket = SPAN_TOTAL * BUCKETS + bucketOf(this.#total);
    }
    this.#counts[series * STRIDE + this.#totalBucket]++;
    this.#sums[series * SPANS.length + SPAN_TOTAL] += this.#total;
  }
}

/** Servers that come make room for half as many more. */
const GROWTH = 1.5;

/** With room for more: a thousand servers that come at once are not copied a thousand times. */
function grown(values: Float64Array, least: number): Float64Array {
  if (values.length >= least) return values;
  const larger = new Float64Array(Math.max(least, Math.ceil(values.length * GROWTH)));
  larger.set(values);
  return larger;
}

/** The latencies of some servers, given by their first series, in that order. */
export function latenciesOf(
  latency: PoolLatency,
  firstSeries: readonly number[],
): { readonly counts: Float64Array; readonly sums: Float64Array } {
  const { counts, sums } = latency;
  const length = firstSeries.length * CLASSES * STRIDE;
  const inOrder = firstSeries.every((first, i) => first === i * CLASSES);
  if (inOrder && counts.length === length) return { counts, sums };
  const picked = {
    counts: new Float64Array(length),
    sums: new Float64Array(firstSeries.length * CLASSES * SPANS.length),
  };
  firstSeries.forEach((first, i) => {
    const counted = counts.subarray(first * STRIDE, (first + CLASSES) * STRIDE);
    picked.counts.set(counted, i * CLASSES * STRIDE);
    const summed = sums.subarray(first * SPANS.length, (first + CLASSES) * SPANS.length);
    picked.sums.set(summed, i * CLASSES * SPANS.length);
  });
  return picked;
}

/** Where the histogram of a series and span begins in `counts`. */
export function histogramAt(series: number, span: number): number {
  return series * STRIDE + span * BUCKETS;
}

/** Where the sum of a series and span stands in `sums`. */
export function sumAt(series: number, span: number): number {
  return series * SPANS.length + span;
}
