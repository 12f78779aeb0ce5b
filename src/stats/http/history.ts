import { FORWARD_ERROR, RESPONSES, SERVER_EOF, SERVER_ERR, SERVER_TIMEDOUT } from '../counters.ts';
import { BUCKETS, quantiles } from '../histogram.ts';
import { SPAN_TOTAL } from '../latency.ts';
import { mergeSpan, seriesOf } from '../latency-view.ts';
import type { PoolSnapshot, Snapshot } from '../snapshot.ts';

/** Seconds that are remembered. */
const HISTORY_SECONDS = 180;

/** Per second, oldest first. Latencies in microseconds; 0 where nothing was answered. */
export interface PoolHistory {
  readonly requests: readonly number[];
  readonly errors: readonly number[];
  readonly p50: readonly number[];
  readonly p99: readonly number[];
}

/** The last second of a server. */
export interface ServerRate {
  readonly requests: number;
  /** Times that a connection or a request failed. */
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
}

const NO_RATE: ServerRate = { requests: 0, errors: 0, p50: 0, p99: 0 };

/**
 * What happened in each of the last seconds, from the difference of two snapshots: for charts. It
 * follows pools and servers by name, so they may come and go.
 */
export class History {
  readonly #pools: Map<string, PoolTrack> = new Map();
  #sampledAt = 0;

  /** To be called about once a second. */
  sample(snapshot: Snapshot): void {
    const seconds = (snapshot.now - this.#sampledAt) / 1000;
    const known = this.#sampledAt !== 0 && seconds > 0;
    this.#sampledAt = snapshot.now;
    const names = new Set(snapshot.pools.map(({ name }) => name));
    for (const name of this.#pools.keys()) if (!names.has(name)) this.#pools.delete(name);
    for (const pool of snapshot.pools) {
      const track = this.#pools.get(pool.name) ?? new PoolTrack();
      this.#pools.set(pool.name, track);
      track.sample(pool, known ? seconds : 0);
    }
  }

  pool(name: string): PoolHistory {
    return this.#pools.get(name)?.history ?? EMPTY;
  }

  server(pool: string, server: string): ServerRate {
    return this.#pools.get(pool)?.rates.get(server) ?? NO_RATE;
  }
}

const EMPTY: PoolHistory = { requests: [], errors: [], p50: [], p99: [] };

class PoolTrack {
  readonly history = {
    requests: [] as number[],
    errors: [] as number[],
    p50: [] as number[],
    p99: [] as number[],
  };
  rates: Map<string, ServerRate> = new Map();
  #responses: Map<string, number> = new Map();
  /** Only of those that have failed at all. */
  #failures: Map<string, number> = new Map();
  #counts: Map<string, Float64Array> = new Map();
  #errors = 0;

  /** @param seconds since the last sample; 0 = this is the first */
  sample(pool: PoolSnapshot, seconds: number): void {
    const rates = new Map<string, ServerRate>();
    const responses = new Map<string, number>();
    const failures = new Map<string, number>();
    const counts = new Map<string, Float64Array>();
    const merged = new Float64Array(BUCKETS);
    let all = 0;
    pool.servers.forEach((server, index) => {
      const { counters } = server;
      const answered = counters[RESPONSES];
      const before = this.#responses.get(server.name);
      const since = before === undefined ? answered : answered - before;
      responses.set(server.name, answered);
      all += since;
      const failed = counters[SERVER_ERR] + counters[SERVER_TIMEDOUT] + counters[SERVER_EOF];
      const newlyFailed = failed - (this.#failures.get(server.name) ?? 0);
      if (failed > 0) failures.set(server.name, failed);
      const latencies = this.#since(pool, server.name, index, since, counts);
      // Most of many servers rest.
      if (since === 0 && newlyFailed === 0) return;
      for (let i = 0; i < BUCKETS; i++) merged[i] += latencies[i];
      const [p50, p99] = quantiles(latencies, [0.5, 0.99]);
      const perSecond = (n: number): number => (seconds === 0 ? 0 : n / seconds);
      const rate = { requests: perSecond(since), errors: perSecond(newlyFailed), p50, p99 };
      rates.set(server.name, rate);
    });
    const errors = pool.counters[FORWARD_ERROR];
    if (seconds > 0) this.#push(all / seconds, (errors - this.#errors) / seconds, merged);
    this.#errors = errors;
    this.#responses = responses;
    this.#failures = failures;
    this.#counts = counts;
    this.rates = rates;
  }

  /** The latencies of a server since the last sample; unchanged ones are not looked through. */
  #since(
    pool: PoolSnapshot,
    name: string,
    index: number,
    answered: number,
    counts: Map<string, Float64Array>,
  ): Float64Array {
    const before = this.#counts.get(name);
    if (answered === 0 && before !== undefined) counts.set(name, before);
    if (pool.latencyCounts === null || answered === 0) return NO_COUNTS;
    const now = mergeSpan(pool.latencyCounts, seriesOf(index), SPAN_TOTAL);
    counts.set(name, now);
    return before === undefined ? now : now.map((count, i) => Math.max(0, count - before[i]));
  }

  #push(requests: number, errors: number, latencies: Float64Array): void {
    const [p50, p99] = quantiles(latencies, [0.5, 0.99]);
    const { history } = this;
    history.requests.push(Math.round(requests));
    history.errors.push(Math.round(errors));
    history.p50.push(Math.round(p50));
    history.p99.push(Math.round(p99));
    for (const series of Object.values(history)) {
      if (series.length > HISTORY_SECONDS) series.shift();
    }
  }
}

const NO_COUNTS = new Float64Array(BUCKETS);
