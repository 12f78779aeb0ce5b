import { LOOK_INTERVAL_MS, LOOK_PATIENCE } from '../../limits.ts';
import { exactMillis } from '../engine/clock.ts';

/** A question to a server that is under way. */
export interface Question {
  readonly closed: boolean;
  abandon(): void;
}

/** Looks for a server that cannot be reached, one question at a time, until it is told to stop. */
export class Lookout<T extends Question> {
  readonly #ask: () => T;
  readonly #onException: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = 0;
  #question: T | null = null;
  #looks = 0;

  /** @param onException told what a question ended with; the next one is asked all the same */
  constructor(ask: () => T, onException: (error: unknown) => void) {
    this.#ask = ask;
    this.#onException = onException;
  }

  /** Looks in `inMs` at the latest, unless a question is under way, and goes on until stop(). */
  start(inMs: number): void {
    if (this.#timer !== null) {
      if (this.#open || this.#timerAt <= exactMillis() + inMs) return;
      clearTimeout(this.#timer);
    }
    this.#wait(Math.min(inMs, LOOK_INTERVAL_MS));
  }

  /** A question under way that has its answer is left to close by itself. */
  stop(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const question = this.#question;
    this.#question = null;
    // Its connection may be in the middle of its replies.
    if (question !== null) setImmediate(() => this.#guarded(() => question.abandon()));
  }

  get #open(): boolean {
    return this.#question !== null && !this.#question.closed;
  }

  #wait(ms: number): void {
    this.#timerAt = exactMillis() + ms;
    this.#timer = setTimeout(() => {
      this.#wait(LOOK_INTERVAL_MS);
      this.#guarded(() => this.#look());
    }, ms).unref();
  }

  #look(): void {
    const open = this.#open;
    if (open && ++this.#looks < LOOK_PATIENCE) return;
    if (open) this.#question?.abandon();
    this.#looks = 0;
    this.#question = this.#ask();
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#onException(error);
    }
  }
}
