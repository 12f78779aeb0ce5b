import { REFUSAL_LOG_INTERVAL_MS } from '../limits.ts';
import { LOG_WARN } from '../log.ts';
import { CLIENTS_REFUSED } from '../stats/counters.ts';
import { exactMillis } from './engine/clock.ts';
import type { Pool } from './pool/pool.ts';

interface Told {
  at: number;
  /** Refused since then. */
  more: number;
}

/** Counts the clients that a limit keeps out, and tells of them, pool by pool, now and then. */
export class Refusals {
  readonly #told: WeakMap<Pool, Told> = new WeakMap();

  /** @param client its address @param why the limit that leaves no room for it */
  add(pool: Pool, client: string, why: string): void {
    pool.counters[CLIENTS_REFUSED]++;
    const { name } = pool.config;
    const now = exactMillis();
    const told = this.#told.get(pool);
    if (told !== undefined && now - told.at < REFUSAL_LOG_INTERVAL_MS) {
      told.more++;
      return;
    }
    const more = told === undefined || told.more === 0 ? '' : `, and ${told.more} others before`;
    this.#told.set(pool, { at: now, more: 0 });
    const line = `pool ${name} refuses client ${client}${more}: ${why}`;
    pool.engine.log.write(LOG_WARN, line, { pool: name, client });
  }
}
