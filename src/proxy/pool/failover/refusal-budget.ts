/**
 * How long a server may say that it cannot execute requests before its clients are told so: once
 * that long, and then not before it has not said so for as long. One that lacks replicas for hours
 * holds nobody up.
 */
export class RefusalBudget {
  #since = 0;
  #last = 0;

  /** It says so. @param now @param waitMs milliseconds @returns whether clients may still wait */
  allows(now: number, waitMs: number): boolean {
    if (this.#since === 0 || now - this.#last > waitMs) this.#since = now;
    this.#last = now;
    return now - this.#since < waitMs;
  }

  /** It is another server now. */
  clear(): void {
    this.#since = 0;
  }
}
