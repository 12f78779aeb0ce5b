import { HELD_WRITE_MS } from '../../../limits.ts';
import type { Deadlines, Timed } from '../deadlines.ts';

/** A socket whose bytes wait because more are about to come. */
export interface Holder {
  /** On one of the lists below. Owned by them. */
  listed: boolean;
  /** Its bytes have waited long enough: they are written with this turn. */
  writeHeld(): void;
  /** Only writes: safe while a chunk lies in the receive window. */
  writeOut(): void;
  /** One of these went wrong. */
  onException(error: unknown): void;
}

/**
 * The bound on waiting for company. A socket that holds bytes back for one write with the next ones
 * is told after HELD_WRITE_MS to twice that, whatever happens meanwhile: one timer serves all, so
 * those that came since it was set wait for the next.
 */
export class HeldWrites implements Timed {
  readonly #deadlines: Deadlines;
  #young: HolderList = new HolderList();
  #old: HolderList = new HolderList();
  #due = 0;
  timerAt = 0;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  /** @param now milliseconds */
  add(holder: Holder, now: number): void {
    if (holder.listed) return;
    holder.listed = true;
    this.#young.push(holder);
    if (this.#due !== 0) return;
    this.#due = now + HELD_WRITE_MS;
    this.#deadlines.arm(this, this.#due);
  }

  /** Writes everything at once, so that its slabs come free. */
  writeAll(): void {
    this.#young.writeOut();
    this.#old.writeOut();
  }

  nextDeadline(): number {
    return this.#due;
  }

  onDeadline(now: number): void {
    const told = this.#old;
    told.tell();
    this.#old = this.#young;
    this.#young = told;
    this.#due = this.#old.length === 0 ? 0 : now + HELD_WRITE_MS;
  }

  /** Holders answer for themselves. */
  onException(error: unknown): void {
    throw error;
  }
}

/** Keeps its memory when it is emptied: that happens all the time. */
class HolderList {
  readonly #holders: (Holder | null)[] = [];
  length = 0;

  push(holder: Holder): void {
    this.#holders[this.length++] = holder;
  }

  writeOut(): void {
    for (let i = 0; i < this.length; i++) {
      const holder = this.#holders[i];
      try {
        holder?.writeOut();
      } catch (error) {
        holder?.onException(error);
      }
    }
  }

  /** Tells each, and is empty. */
  tell(): void {
    const count = this.length;
    for (let i = 0; i < count; i++) {
      const holder = this.#holders[i];
      this.#holders[i] = null; // closed connections must not be kept alive here
      if (holder === null) continue;
      holder.listed = false;
      try {
        holder.writeHeld();
      } catch (error) {
        holder.onException(error);
      }
    }
    this.length = 0;
  }
}
