import { TRACKED_KEYS } from '../../../limits.ts';
import { type PoolCounters, TRACKED_KEYS_NOTED } from '../../../stats/counters.ts';

/** A client whose keys are noted. */
export interface KeyReader {
  /** Where in its requests it has read a key last. */
  readonly keys: Map<string, number>;
  /** Whether it is answered, and all that was said before is here: no read of it is under way. */
  isSettled(slot: number): boolean;
  onForgotten(key: string): void;
}

/**
 * Which clients of a pool have read which keys. Names are latin1. A client is told of a key until
 * it is certain that it has not read it since: better once too often than once too seldom.
 */
export class NotedKeys {
  readonly #readers: Map<string, Set<KeyReader>> = new Map();
  /** Each key once for each that has read it. */
  items = 0;
  readonly #counters: PoolCounters;
  readonly #limit: number;

  constructor(counters: PoolCounters, limit: number = TRACKED_KEYS) {
    this.#counters = counters;
    this.#limit = limit;
  }

  get size(): number {
    return this.#readers.size;
  }

  /**
   * A client reads a key with a request before `slot`.
   * @returns the key that is given up for it, and who had read it; null when there is room
   */
  add(reader: KeyReader, key: string, slot: number): [string, readonly KeyReader[]] | null {
    if (!reader.keys.has(key)) this.items++;
    reader.keys.set(key, slot);
    const known = this.#readers.get(key);
    if (known !== undefined) {
      known.add(reader);
      return null;
    }
    this.#readers.set(key, new Set([reader]));
    this.#counters[TRACKED_KEYS_NOTED]++;
    if (this.#readers.size <= this.#limit) return null;
    const [oldest, whose] = this.#readers.entries().next().value as [string, Set<KeyReader>];
    const readers = [...whose];
    for (const each of readers) this.remove(each, oldest);
    return [oldest, readers];
  }

  /** A key has changed. @returns who has read it */
  changed(key: string): readonly KeyReader[] {
    const readers = [...(this.#readers.get(key) ?? [])];
    for (const reader of readers) {
      if (reader.isSettled(reader.keys.get(key) ?? 0)) this.remove(reader, key);
    }
    return readers;
  }

  remove(reader: KeyReader, key: string): void {
    if (reader.keys.delete(key)) {
      this.items--;
      reader.onForgotten(key);
    }
    const readers = this.#readers.get(key);
    if (!readers?.delete(reader) || readers.size > 0) return;
    this.#readers.delete(key);
    this.#counters[TRACKED_KEYS_NOTED]--;
  }

  /** All that a client has read. */
  forget(reader: KeyReader): void {
    for (const key of [...reader.keys.keys()]) this.remove(reader, key);
  }
}
