import { BREAKER_FIRST_WAIT_MS } from '../../limits.ts';

/**
 * Keeps requests from a server that keeps failing: after a number of failures in a row it is left
 * alone for a while that doubles, with jitter, up to a maximum. Time alone does not close it: a
 * look finds out whether the server is back (`recovery.ts`), no request of a client.
 */
export class Breaker {
  #limit = 0;
  #maxMs = 0;
  #failures = 0;
  #waitMs = 0;
  #openUntil = 0;
  /** False while nothing is wrong: the only thing the hot path looks at. */
  tripped = false;

  /** @param limit failures in a row that trip it, 0 = never @param maxMs the longest wait */
  constructor(limit: number, maxMs: number) {
    this.configure(limit, maxMs);
  }

  /** Changes the limits; what has failed so far still counts. */
  configure(limit: number, maxMs: number): void {
    this.#limit = limit;
    this.#maxMs = maxMs;
    if (limit === 0) this.onSuccess();
  }

  onFailure(now: number): void {
    if (this.#limit === 0 || ++this.#failures < this.#limit) return;
    this.#waitMs = Math.min(
      this.#maxMs,
      this.#waitMs === 0 ? BREAKER_FIRST_WAIT_MS : this.#waitMs * 2,
    );
    // Half of the wait is random, so that many proxies do not come back at once.
    this.#openUntil = now + this.#waitMs * (0.5 + Math.random() / 2);
    this.tripped = true;
  }

  onSuccess(): void {
    if (this.#failures === 0 && !this.tripped) return;
    this.#failures = 0;
    this.#waitMs = 0;
    this.tripped = false;
  }

  /** Milliseconds for which the server is still left alone; 0 when it may be looked for. */
  left(now: number): number {
    return this.tripped ? Math.max(0, this.#openUntil - now) : 0;
  }
}
