/** How long to wait before a connection is opened again: longer each time that it fails. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  #wait = 0;

  /** @param first @param longest in milliseconds */
  constructor(first: number, longest: number) {
    this.#first = first;
    this.#longest = longest;
  }

  /** It was there. */
  reset(): void {
    this.#wait = 0;
  }

  /** Half of the wait is random, so that many proxies do not come back at once. */
  next(): number {
    this.#wait = Math.min(this.#longest, this.#wait === 0 ? this.#first : this.#wait * 2);
    return Math.ceil(this.#wait * (0.5 + Math.random() / 2));
  }
}
