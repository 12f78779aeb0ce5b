import type { Random } from '../random.ts';

/**
 * When requests are due, in milliseconds from the start: a Poisson process, which is what many
 * independent clients add up to. It knows nothing of replies, so a proxy that stalls does not get
 * fewer requests.
 */
export class Arrivals {
  /** When the next one is due. */
  next: number;
  readonly #random: Random;
  readonly #meanGapMs: number;

  constructor(perSecond: number, random: Random) {
    this.#random = random;
    this.#meanGapMs = 1000 / perSecond;
    this.next = 0;
    this.advance();
  }

  advance(): void {
    this.next -= Math.log(1 - this.#random.next()) * this.#meanGapMs;
  }
}
