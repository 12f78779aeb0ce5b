import { TRACKING_START_MS } from '../../../limits.ts';
import { NOT_TRACKED } from '../../../protocol/redis/replies/tracking-replies.ts';
import { millis } from '../../engine/clock.ts';
import type { Deadlines, Timed } from '../../engine/deadlines.ts';
import type { StartWaiter } from './key-hearer.ts';
import type { Tracker } from './tracker.ts';

/** A client that waits until servers tell of keys: nothing that it reads before would be noted. */
export class Starting implements StartWaiter, Timed {
  readonly #tracker: Tracker;
  readonly #deadlines: Deadlines;
  readonly #done: (error: Buffer | null) => void;
  readonly #onException: (error: unknown) => void;
  readonly #until: number = millis() + TRACKING_START_MS;
  #settled = false;
  timerAt = 0;

  /** @param done told once: null, or why no server tells of keys, a complete error reply */
  constructor(
    tracker: Tracker,
    done: (error: Buffer | null) => void,
    onException: (error: unknown) => void,
  ) {
    this.#tracker = tracker;
    this.#deadlines = tracker.engine.deadlines;
    this.#done = done;
    this.#onException = onException;
  }

  begin(): void {
    this.#deadlines.arm(this, this.#until);
    this.#tracker.await(this);
  }

  onSettled(error: Buffer | null): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#tracker.stopWaiting(this);
    this.#deadlines.forget(this);
    this.#done(error);
  }

  nextDeadline(): number {
    return this.#settled ? 0 : this.#until;
  }

  onDeadline(): void {
    this.onSettled(this.#tracker.isReady ? null : (this.#tracker.error ?? NOT_TRACKED));
  }

  onException(error: unknown): void {
    this.#onException(error);
  }
}
