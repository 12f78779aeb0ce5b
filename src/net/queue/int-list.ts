import { ASSERTS, assert } from '../../assert.ts';

/** A list keeps the memory of so many numbers when it is emptied, unless it is told otherwise. */
const KEPT = 64;

/**
 * Numbers that come and go all the time. An array that is emptied gives its memory up, and takes it
 * again with the next number; this one keeps what is usual.
 */
export class IntList {
  readonly #kept: number;
  #values: number[] = [];
  length = 0;

  /** @param kept numbers whose memory it keeps when it is emptied */
  constructor(kept: number = KEPT) {
    this.#kept = kept;
  }

  push(value: number): void {
    this.#values[this.length++] = value;
  }

  pushPair(first: number, second: number): void {
    this.push(first);
    this.push(second);
  }

  at(index: number): number {
    if (ASSERTS) assert(index >= 0 && index < this.length, 'only what is in the list is read');
    return this.#values[index];
  }

  pop(): number {
    if (ASSERTS) assert(this.length > 0, 'only what is in the list is taken out');
    return this.#values[--this.length];
  }

  /** Takes `value` out; the last one has its place. */
  remove(value: number): void {
    const at = this.#values.indexOf(value);
    if (ASSERTS) assert(at >= 0 && at < this.length, 'only what is in the list is taken out');
    this.#values[at] = this.#values[--this.length];
  }

  clear(): void {
    this.length = 0;
    if (this.#values.length > this.#kept) this.#values = [];
  }
}
