import { LINE_START_MS } from '../../../limits.ts';
import { NOT_HEARD } from '../../../protocol/redis/replies/listening-replies.ts';
import { millis } from '../../engine/clock.ts';
import type { Deadlines, Timed } from '../../engine/deadlines.ts';

/** Whoever waits until servers are heard. */
export interface StartWaiter {
  /** @param error why none is, a complete error reply; null = one is */
  onSettled(error: Buffer | null): void;
}

/** What hears servers. */
export interface Hearing {
  readonly engine: { readonly deadlines: Deadlines };
  /** The waiter is told when it is known of all servers whether they are heard. */
  await(waiter: StartWaiter): void;
  stopWaiting(waiter: StartWaiter): void;
  /** One server at least is heard. */
  readonly isReady: boolean;
  /** Why none is, a complete error reply; null = one is, or it is not known. */
  readonly error: Buffer | null;
}

/** A client that waits until servers are heard: what comes before that would be missing. */
export class Starting implements StartWaiter, Timed {
  readonly #hearing: Hearing;
  readonly #done: (error: Buffer | null) => void;
  readonly #onException: (error: unknown) => void;
  readonly #until: number = millis() + LINE_START_MS;
  #settled = false;
  timerAt = 0;

  /** @param done told once: null, or why no server is heard, a complete error reply */
  constructor(
    hearing: Hearing,
    done: (error: Buffer | null) => void,
    onException: (error: unknown) => void,
  ) {
    this.#hearing = hearing;
    this.#done = done;
    this.#onException = onException;
  }

  begin(): void {
    this.#hearing.engine.deadlines.arm(this, this.#until);
    this.#hearing.await(this);
  }

  onSettled(error: Buffer | null): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#hearing.stopWaiting(this);
    this.#hearing.engine.deadlines.forget(this);
    this.#done(error);
  }

  nextDeadline(): number {
    return this.#settled ? 0 : this.#until;
  }

  onDeadline(): void {
    this.onSettled(this.#hearing.isReady ? null : (this.#hearing.error ?? NOT_HEARD));
  }

  onException(error: unknown): void {
    this.#onException(error);
  }
}
