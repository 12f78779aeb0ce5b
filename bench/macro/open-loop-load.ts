import { once } from 'node:events';
import { Random } from '../random.ts';
import { Arrivals } from './arrivals.ts';
import { makeBursts } from './bursts.ts';
import { Latencies } from './latencies.ts';
import type { ProbeOrder, ProbeResult } from './open-loop.ts';
import { ProbeConnection } from './probe-connection.ts';

const RECEIVE_BYTES = 64 * 1024;
/** Sent in one turn of the event loop at most: replies that have come must be looked at, too. */
const BURSTS_PER_TURN = 32;
/** The last replies have this long; a target that needs longer does not keep up. */
const DRAIN_MS = 3_000;

/**
 * Sends requests when they are due, whether earlier ones are answered or not, and times each reply
 * from when its request was due. A client that waits for replies before it sends again would leave
 * out just the requests that a stall delays (coordinated omission).
 *
 * Between due times it does not sleep, as timers are good to a millisecond only: it keeps one core.
 */
export class OpenLoopLoad {
  readonly #order: ProbeOrder;
  readonly #connections: ProbeConnection[] = [];
  readonly #bursts: readonly Buffer[];
  readonly #latencies = new Latencies();
  readonly #late = new Latencies();
  #recordFrom = 0;
  #outstanding = 0;
  #hasFailed = false;
  #fail: (error: Error) => void = () => {};

  constructor(order: ProbeOrder) {
    this.#order = order;
    this.#bursts = makeBursts(order.command, order.keySpace, order.depth, order.seed);
  }

  async run(): Promise<ProbeResult> {
    await this.#connect();
    await new Promise<void>((resolve, reject) => {
      this.#fail = (error) => {
        this.#hasFailed = true;
        reject(error);
      };
      this.#offer(resolve);
    });
    // Without the requests that were never answered any quantile would be too good.
    const quantileMs = (quantile: number): number | null =>
      this.#outstanding > 0 ? null : this.#latencies.quantileMs(quantile);
    return {
      requests: this.#latencies.total,
      unanswered: this.#outstanding * this.#order.depth,
      p50Ms: quantileMs(0.5),
      p99Ms: quantileMs(0.99),
      p999Ms: quantileMs(0.999),
      maxMs: this.#latencies.maxMs,
      lateP50Ms: this.#late.quantileMs(0.5),
      lateP99Ms: this.#late.quantileMs(0.99),
      lateP999Ms: this.#late.quantileMs(0.999),
    };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #connect(): Promise<void> {
    const { port, connections, depth, reply } = this.#order;
    // One for all sockets: nothing in it is needed once the callback has returned.
    const buffer = Buffer.allocUnsafeSlow(RECEIVE_BYTES);
    const events = {
      onReply: (dueMs: number, nowMs: number): void => {
        if (dueMs >= this.#recordFrom) this.#latencies.record(nowMs - dueMs);
      },
      onBurst: (): void => void this.#outstanding--,
      onFailure: (error: Error): void => this.#fail(error),
    };
    for (let i = 0; i < connections; i++) {
      const connection = new ProbeConnection({ port, depth, reply, buffer }, events);
      this.#connections.push(connection);
      await once(connection.socket, 'connect');
    }
  }

  #offer(done: () => void): void {
    const { requestsPerSecond, depth, warmupSeconds, seconds, seed } = this.#order;
    const arrivals = new Arrivals(requestsPerSecond / depth, new Random(seed));
    const start = performance.now();
    this.#recordFrom = start + warmupSeconds * 1000;
    const end = this.#recordFrom + seconds * 1000;
    let sent = 0;
    const turn = (): void => {
      if (this.#hasFailed) return;
      const turnAt = performance.now();
      const limit = sent + BURSTS_PER_TURN;
      let dueMs = start + arrivals.next;
      while (dueMs <= turnAt && dueMs < end && sent < limit) {
        if (dueMs >= this.#recordFrom) this.#late.record(performance.now() - dueMs);
        this.#outstanding++;
        const connection = this.#connections[sent % this.#connections.length];
        connection.send(this.#bursts[sent % this.#bursts.length], dueMs);
        sent++;
        arrivals.advance();
        dueMs = start + arrivals.next;
      }
      const allAnswered = dueMs >= end && this.#outstanding === 0;
      if (allAnswered || turnAt >= end + DRAIN_MS) done();
      else setImmediate(turn);
    };
    turn();
  }
}
