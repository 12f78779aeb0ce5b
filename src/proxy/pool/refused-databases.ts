import { REFUSAL_MS, REFUSED_DATABASES } from '../../limits.ts';

interface Refusal {
  readonly reply: Buffer;
  readonly until: number;
}

/**
 * Databases that a server did not grant a moment ago: asking again takes a connection to every
 * server of the pool. Times in milliseconds of any clock.
 */
export class RefusedDatabases {
  /** Servers number their databases from 0: beyond one that is out of range there is none. */
  #from = Number.POSITIVE_INFINITY;
  #beyond: Refusal | null = null;
  /** Refused for another reason, which says nothing about others. */
  readonly #single: Map<number, Refusal> = new Map();

  /** There is neither this one nor any beyond it. */
  addFrom(db: number, reply: Buffer, now: number): void {
    if (this.#beyond !== null && this.#beyond.until > now && this.#from <= db) return;
    this.#from = db;
    this.#beyond = { reply, until: now + REFUSAL_MS };
  }

  /** This one was refused, for whatever reason. */
  add(db: number, reply: Buffer, now: number): void {
    this.#single.delete(db);
    if (this.#single.size === REFUSED_DATABASES) {
      const [oldest] = this.#single.keys();
      this.#single.delete(oldest);
    }
    this.#single.set(db, { reply, until: now + REFUSAL_MS });
  }

  /** @returns what was said, null when that was not lately */
  replyFor(db: number, now: number): Buffer | null {
    const refusal = db >= this.#from ? this.#beyond : this.#single.get(db);
    return refusal != null && refusal.until > now ? refusal.reply : null;
  }

  /** Other servers, or another password. */
  clear(): void {
    this.#from = Number.POSITIVE_INFINITY;
    this.#beyond = null;
    this.#single.clear();
  }
}
