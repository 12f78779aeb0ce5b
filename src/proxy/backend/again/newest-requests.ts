import type { InFlight } from '../in-flight.ts';

/**
 * Which request in flight is the newest of each client. Each is looked at once, when somebody asks,
 * however often that is. Also one that was disowned counts as its client's.
 */
export class NewestRequests {
  readonly #inFlight: InFlight;
  readonly #newest: Map<number, number> = new Map();
  /** So many of all that were pushed are noted. */
  #noted = 0;

  constructor(inFlight: InFlight) {
    this.#inFlight = inFlight;
  }

  /**
   * @returns how many have left of all that were pushed when the newest one of the client has; null
   * when none is in flight
   */
  of(client: number): number | null {
    const { pushed, count } = this.#inFlight;
    const left = leftOf(this.#inFlight);
    if ((pushed - this.#noted) >>> 0 >= count) {
      this.#newest.clear();
      this.#noted = left;
    }
    this.#inFlight.noteNewest(this.#newest, this.#noted);
    this.#noted = pushed;
    const newest = this.#newest.get(client);
    return newest === undefined || ((newest - left) | 0) <= 0 ? null : newest;
  }
}

/** How many have left of all that were ever in flight. */
export function leftOf({ pushed, count }: InFlight): number {
  return (pushed - count) | 0;
}
