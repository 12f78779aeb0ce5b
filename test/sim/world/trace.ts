import { fnv1a } from './fnv.ts';

/** One thing that happened, for people. */
export interface Line {
  /** Microseconds of virtual time. */
  readonly at: number;
  readonly party: string;
  readonly text: string;
}

/** What of a world's events is needed to tell two runs apart. */
interface Clock {
  readonly micros: number;
}

/** All that happened in a world: a running hash, and the lines themselves where they are wanted. */
export class Trace {
  readonly #clock: Clock;
  readonly #keepsLines: boolean;
  readonly lines: Line[] = [];
  #hash = 0x811c9dc5;

  constructor(clock: Clock, keepsLines: boolean) {
    this.#clock = clock;
    this.#keepsLines = keepsLines;
  }

  /** Equal for two runs in which the same happened at the same times. */
  get hash(): string {
    return this.#hash.toString(16).padStart(8, '0');
  }

  /** @param text made only if somebody reads it @param of what tells this event from another */
  add(party: string, of: number | Uint8Array, text: () => string): void {
    const { micros } = this.#clock;
    let hash = fnv1a(this.#hash, party);
    hash = Math.imul(hash ^ (micros | 0), 0x01000193);
    if (typeof of === 'number') hash = Math.imul(hash ^ of, 0x01000193);
    else {
      // Some of many bytes tell as much: they are the same in the same place, or all else differs.
      const step = 1 + (of.length >> 8);
      hash = Math.imul(hash ^ of.length, 0x01000193);
      for (let i = 0; i < of.length; i += step) hash = Math.imul(hash ^ of[i], 0x01000193);
    }
    this.#hash = hash >>> 0;
    if (this.#keepsLines) this.lines.push({ at: micros, party, text: text() });
  }
}
