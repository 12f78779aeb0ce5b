import { BUCKETS, bucketOf, HISTOGRAM_MAX } from './histogram.ts';

/** What a request is to the metrics: the label `class`. */
export const COMMAND_CLASSES = ['read', 'write', 'multi', 'other'] as const;
export type CommandClass = (typeof COMMAND_CLASSES)[number];
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
export type Span = (typeof SPANS)[number];
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
  counts: Float64Array;
  /** Microseconds, per series and span. */
  sums: Float64Array;
  #places: number;
  readonly #free: number[] = [];

  constructor(servers: number) {
    this.#places = servers;
    this.counts = new Float64Array(servers * CLASSES * STRIDE);
    this.sums = new Float64Array(servers * CLASSES * SPANS.length);
  }

  /** A place for one more server. @returns its first series */
  add(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const first = this.#places++ * CLASSES;
    this.counts = grown(this.counts, this.#places * CLASSES * STRIDE);
    this.sums = grown(this.sums, this.#places * CLASSES * SPANS.length);
    return first;
  }

  /** The server with this first series is gone, and its latencies with it. */
  remove(first: number): void {
    this.counts.fill(0, first * STRIDE, (first + CLASSES) * STRIDE);
    this.sums.fill(0, first * SPANS.length, (first + CLASSES) * SPANS.length);
    this.#free.push(first);
  }

  /** @param micros may be anything: a clock that wrapped counts as 0 */
  record(series: number, span: number, micros: number): void {
    const value = Math.max(0, Math.min(micros, HISTOGRAM_MAX));
    this.counts[series * STRIDE + span * BUCKETS + bucketOf(value)]++;
    this.sums[series * SPANS.length + span] += value;
  }
}

function grown(values: Float64Array, length: number): Float64Array {
  const larger = new Float64Array(length);
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
