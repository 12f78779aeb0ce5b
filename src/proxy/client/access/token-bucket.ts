/**
 * So many tokens a second, and at most those of one second at once. It may be overdrawn: who takes
 * more than there are waits until that is made good.
 */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  /** When the tokens were counted, in milliseconds of the clock. */
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#at = now;
  }

  /** Whole tokens that may be taken now; 0 also when it is overdrawn. */
  left(now: number): number {
    this.#fill(now);
    return this.#tokens < 1 ? 0 : Math.floor(this.#tokens);
  }

  /** Nothing was taken that has not come back. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= this.#perSecond;
  }

  take(tokens: number): void {
    this.#tokens -= tokens;
  }

  /** Milliseconds from `now` until there is a token, rounded up. */
  waitMs(now: number): number {
    this.#fill(now);
    if (this.#tokens >= 1) return 0;
    return Math.max(1, Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond));
  }

  #fill(now: number): void {
    if (now <= this.#at) return;
    const more = ((now - this.#at) * this.#perSecond) / 1000;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + more);
    this.#at = now;
  }
}
