import { exactMillis } from './clock.ts';

/** Something that may happen often and is told now and then, with how often it went untold. */
export class Sparing {
  #toldAt = -Infinity;
  #untold = 0;

  /**
   * It happens. @param now in milliseconds
   * @returns how often it went untold before, to be told with this time; -1 when this time goes
   * untold, since it was told less than `intervalMs` ago
   */
  happens(now: number, intervalMs: number): number {
    if (now - this.#toldAt < intervalMs) {
      this.#untold++;
      return -1;
    }
    const untold = this.#untold;
    this.#toldAt = now;
    this.#untold = 0;
    return untold;
  }

  /** The next time is told, however soon it comes. */
  tellNext(): void {
    this.#toldAt = -Infinity;
  }
}

/** The same of many subjects, such as pools, each with an interval of its own. */
export class SparingOfEach {
  readonly #intervalMs: number;
  readonly #subjects: WeakMap<object, Sparing> = new WeakMap();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** As Sparing.happens(), now. */
  happens(subject: object): number {
    let sparing = this.#subjects.get(subject);
    if (sparing === undefined) {
      sparing = new Sparing();
      this.#subjects.set(subject, sparing);
    }
    return sparing.happens(exactMillis(), this.#intervalMs);
  }
}
