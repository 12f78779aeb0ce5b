import {
  FAILOVER_RETRY_MS,
  OTHER_OUTAGE_MS,
  REDIRECTIONS,
  REDIRECTIONS_AT_ONCE,
  SLOT_RETRY_MAX_MS,
  SLOT_RETRY_MS,
} from '../../limits.ts';
import { millis } from '../engine/clock.ts';

/** Whose requests wait, and how long. */
export interface PatientPool {
  readonly config: { readonly followsMaster: boolean; readonly failoverWaitMs: number };
}

/**
 * How long one request waits for a server that is none of its own for a moment: `failover_wait`,
 * once per outage. What it is given are times until it is tried again.
 */
export class Patience {
  readonly #pool: PatientPool;
  /** Since when it waits. */
  #since = 0;
  #tries = 0;
  #redirections = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(pool: PatientPool) {
    this.#pool = pool;
  }

  /** While no node has its slot. */
  get afterNobody(): number | null {
    return this.#next() ? SLOT_RETRY_MAX_MS : null;
  }

  /** @returns milliseconds; null when it has waited enough */
  afterRefusal(): number | null {
    return this.#next() ? FAILOVER_RETRY_MS : null;
  }

  /** The same, while its slot is on the move. */
  afterSplit(): number | null {
    if (!this.#next()) return null;
    return Math.min(SLOT_RETRY_MAX_MS, SLOT_RETRY_MS << Math.min(this.#tries++, 8));
  }

  /** The same, when it is to be sent elsewhere: at once as a rule. */
  afterRedirection(): number | null {
    const waits = this.#next();
    this.#redirections++;
    if (this.#redirections <= REDIRECTIONS_AT_ONCE) return 0;
    if (!waits) return this.#redirections <= REDIRECTIONS ? 0 : null;
    return SLOT_RETRY_MAX_MS;
  }

  /** @returns whether it may go on waiting */
  #next(): boolean {
    const { followsMaster, failoverWaitMs } = this.#pool.config;
    const now = millis();
    if (now - this.#last > failoverWaitMs + OTHER_OUTAGE_MS) {
      this.#since = now;
      this.#tries = 0;
      this.#redirections = 0;
    }
    this.#last = now;
    return followsMaster && now - this.#since < failoverWaitMs;
  }
}
