import type { PoolConfig } from '../../config/index.ts';
import { HEALTH_RETRY_MS } from '../../limits.ts';
import { LOG_NOTICE, LOG_WARN, type LogFields } from '../../log.ts';
import {
  type PoolCounters,
  SERVER_EJECTED_AT,
  SERVER_EJECTS,
  type ServerCounters,
} from '../../stats/counters.ts';
import { exactMillis, wallMicros } from '../engine/clock.ts';
import type { Guard } from '../engine/guard.ts';
import type { Order } from './connections/order.ts';
import { secondsOf } from './outage.ts';

/** A server, as far as its health goes. */
export interface HealthyServer {
  /** Position in the pool's order; -1 once it has left the pool. */
  readonly index: number;
  readonly counters: ServerCounters;
  readonly title: string;
  /** What an operator wants of it. */
  readonly standing: { readonly order: Order };
  log(level: number, text: string, fields: LogFields): void;
  /** Asks it whether it is well. */
  probe(onAnswer: () => void): void;
}

/** The pool whose ring its health decides. */
export interface HealthyPool {
  readonly engine: { readonly guard: Guard };
  readonly config: PoolConfig;
  readonly servers: readonly HealthyServer[];
  readonly counters: PoolCounters;
  /** Lays the ring of the live servers. */
  writeRing(live: ArrayLike<number>): void;
}

/**
 * Which servers of a pool are live. With `auto_eject_hosts` it does what twemproxy does: each lost
 * connection and each -LOADING, -OOM or -BUSY is a failure, any good reply clears the count; at
 * `server_failure_limit` the server leaves the ring for `server_retry_timeout`, and comes back with
 * the first request after that. What an operator orders stands above all this: a server that is
 * ordered out of the ring is not in it until that is taken back, and nothing is counted against it.
 */
export class PoolHealth {
  readonly #pool: HealthyPool;
  #enabled: boolean;
  #limit: number;
  #live: Uint8Array;
  #failures: Int32Array;
  #retryAt: Float64Array;
  /** Since when a server is out, also while it is tried again; 0 = it is well. */
  #outSince: Float64Array;
  /** Earliest time at which an ejected server may come back; 0 = none is out. */
  due = 0;

  constructor(pool: HealthyPool) {
    const { config } = pool;
    this.#pool = pool;
    this.#enabled = config.autoEjectHosts;
    this.#limit = Math.max(1, config.serverFailureLimit);
    this.#live = new Uint8Array(config.servers.length).fill(1);
    this.#failures = new Int32Array(config.servers.length);
    this.#retryAt = new Float64Array(config.servers.length);
    this.#outSince = new Float64Array(config.servers.length);
  }

  isLive(server: number): boolean {
    if (this.#live[server] === 0) return false;
    return server < 0 || this.#pool.servers[server].standing.order === 'none';
  }

  /** Whether a server was ejected and has not given a good reply since. */
  isOut(server: number): boolean {
    return server >= 0 && this.#outSince[server] !== 0;
  }

  /** An operator's order about the server is another one now; an ejection is over. */
  onOrder({ index }: HealthyServer): void {
    if (index < 0) return;
    this.#failures[index] = 0;
    this.#outSince[index] = 0;
    this.#live[index] = 1;
    this.#rebuild();
  }

  /**
   * Goes on with the pool's new configuration and servers.
   * @param before index that each server had, -1 for a new one
   */
  reconfigure(before: readonly number[]): void {
    const { config } = this.#pool;
    this.#enabled = config.autoEjectHosts;
    this.#limit = Math.max(1, config.serverFailureLimit);
    const known = (index: number): boolean => this.#enabled && index >= 0;
    const live = before.map((index) => (known(index) ? this.#live[index] : 1));
    const failures = before.map((index) => (known(index) ? this.#failures[index] : 0));
    const retryAt = before.map((index) => (known(index) ? this.#retryAt[index] : 0));
    const outSince = before.map((index) => (known(index) ? this.#outSince[index] : 0));
    this.#live = Uint8Array.from(live);
    this.#failures = Int32Array.from(failures);
    this.#retryAt = Float64Array.from(retryAt);
    this.#outSince = Float64Array.from(outSince);
    this.#rebuild();
  }

  onFailure(server: HealthyServer, reason: string): void {
    const { index } = server;
    if (!this.#enabled || index < 0 || server.standing.order !== 'none') return;
    if (++this.#failures[index] < this.#limit) return;
    const { serverRetryTimeoutMs } = this.#pool.config;
    this.#failures[index] = 0;
    this.#retryAt[index] = exactMillis() + serverRetryTimeoutMs;
    this.#pool.counters[SERVER_EJECTS]++;
    server.counters[SERVER_EJECTED_AT] = wallMicros();
    this.#live[index] = 0;
    this.#rebuild();
    // One that stays dead is ejected again and again; its outage is told, not each time.
    if (this.#outSince[index] !== 0) return;
    this.#outSince[index] = exactMillis();
    server.log(
      LOG_WARN,
      `server ${server.title} is ejected for ${serverRetryTimeoutMs} ms: ${reason}; ` +
        `${this.#inRing().filter((flag) => flag === 1).length} of ${this.#live.length} are live`,
      { event: 'ejected', reason },
    );
  }

  onGoodReply(server: HealthyServer): void {
    const { index } = server;
    if (index < 0) return;
    this.#failures[index] = 0;
    if (this.#outSince[index] !== 0 && this.#live[index] !== 0) this.#returned(server);
  }

  #returned(server: HealthyServer): void {
    const { index } = server;
    const seconds = secondsOf(exactMillis() - this.#outSince[index]);
    this.#outSince[index] = 0;
    const text = `server ${server.title} is back in the ring after ${seconds}`;
    server.log(LOG_NOTICE, text, { event: 'revived' });
  }

  /**
   * Takes back the servers whose time is over; called before requests are sent once `due` has
   * passed.
   */
  readmit(now: number): void {
    try {
      this.#takeBack(now);
    } catch (error) {
      // Not the trouble of the client whose requests come next, nor of those after it.
      this.due = now + HEALTH_RETRY_MS;
      this.#pool.engine.guard.note(`pool ${this.#pool.config.name} takes no server back`, error);
    }
  }

  #takeBack(now: number): void {
    let changed = false;
    for (const server of this.#pool.servers) {
      const { index } = server;
      if (this.#live[index] !== 0 || this.#retryAt[index] > now) continue;
      if (this.#pool.config.serverProbe) {
        // Asked again if the probe gets no answer; until then others are not held up.
        this.#retryAt[index] = now + Math.max(1, this.#pool.config.serverRetryTimeoutMs);
        server.probe(() => this.#revive(server));
        continue;
      }
      this.#markLive(server);
      changed = true;
    }
    if (changed) this.#rebuild();
    else this.#findDue();
  }

  #revive(server: HealthyServer): void {
    if (server.index < 0 || this.#live[server.index] !== 0) return;
    this.#markLive(server);
    this.#rebuild();
    this.#returned(server);
  }

  #markLive(server: HealthyServer): void {
    this.#live[server.index] = 1;
    this.#failures[server.index] = 0;
  }

  #rebuild(): void {
    this.#pool.writeRing(this.#inRing());
    this.#findDue();
  }

  #inRing(): number[] {
    return this.#pool.servers.map((_, index) => (this.isLive(index) ? 1 : 0));
  }

  #findDue(): void {
    this.due = 0;
    for (let i = 0; i < this.#live.length; i++) {
      if (this.#live[i] !== 0) continue;
      const at = Math.max(this.#retryAt[i], Number.MIN_VALUE);
      if (this.due === 0 || at < this.due) this.due = at;
    }
  }
}
