import { HELD_WRITE_MS } from '../limits.ts';
import type { Deadlines, Timed } from './deadlines.ts';

/** A socket whose bytes wait because more are about to come. */
export interface Holder {
  /** On the list below. Owned by it. */
  listed: boolean;
  /** Its bytes have waited long enough: they are written with this turn. */
  writeHeld(): void;
  /** Only writes: safe while a chunk lies in the receive window. */
  writeOut(): void;
}

/**
 * The bound on waiting for company: a socket that holds bytes back for one write with the next ones
 * is on this list, and all on it are written within HELD_WRITE_MS, whatever happens meanwhile.
 */
export class HeldWrites implements Timed {
  readonly #deadlines: Deadlines;
  readonly #holders: Holder[] = [];
  #count = 0;
  #due = 0;
  timerAt = 0;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  /** @param now milliseconds */
  add(holder: Holder, now: number): void {
    if (holder.listed) return;
    holder.listed = true;
    this.#holders[this.#count++] = holder;
    if (this.#due !== 0) return;
    this.#due = now + HELD_WRITE_MS;
    this.#deadlines.arm(this, this.#due);
  }

  /** Writes everything at once, so that its slabs come free. */
  writeAll(): void {
    for (let i = 0; i < this.#count; i++) this.#holders[i].writeOut();
  }

  nextDeadline(): number {
    return this.#due;
  }

  onDeadline(): void {
    const holders = this.#holders;
    const count = this.#count;
    this.#count = 0;
    this.#due = 0;
    for (let i = 0; i < count; i++) {
      const holder = holders[i];
      holder.listed = false;
      holder.writeHeld();
    }
    // Closed connections must not be kept alive here.
    holders.length = 0;
  }
}
