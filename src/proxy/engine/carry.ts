import { ASSERTS, assert } from '../../assert.ts';
import { HEADROOM, WINDOW, WINDOW_BYTES } from '../../protocol/frame-table.ts';
import type { Engine } from './engine.ts';

/** The most that can be put in front of the window. */
export const CARRY_LIMIT: number = WINDOW - HEADROOM;
/** The most that can be put in front of its end. */
export const LARGEST_CARRY: number = WINDOW - HEADROOM + WINDOW_BYTES;

/**
 * Bytes of one connection that wait between two reads: an unfinished frame, or requests that may
 * not be sent yet. They live in a leased slab, or on the heap when none fits, and are put back in
 * front of the next bytes.
 */
export class Carry {
  readonly #engine: Engine;
  #slab = 0;
  #heap: Buffer | null = null;
  length = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Saves the arena bytes [start, end). */
  keep(start: number, end: number): void {
    const length = end - start;
    if (ASSERTS) assert(this.length === 0 && length >= 0, 'nothing is kept over what is kept');
    this.length = length;
    if (length === 0) return;
    const { slabs, memory } = this.#engine;
    let slab = length <= slabs.smallBytes ? slabs.leaseSmall() : 0;
    if (slab === 0 && length <= slabs.largeBytes) slab = slabs.leaseLarge();
    if (slab === 0) {
      this.keepOnHeap(start, end);
    } else {
      memory.copyWithin(slab, start, end);
      this.#slab = slab;
    }
  }

  /** As keep(), for whoever may not take the slabs of others. */
  keepOnHeap(start: number, end: number): void {
    if (ASSERTS) assert(this.#slab === 0, 'nothing is kept over what is kept');
    this.length = end - start;
    this.#heap = this.length === 0 ? null : this.#engine.copyOf(start, this.length);
  }

  /**
   * Puts the bytes in front of `address`. @returns where they begin; `address` when there are none
   */
  restore(address: number): number {
    const { length } = this;
    if (length === 0) return address;
    const at = address - length;
    if (this.#heap !== null) this.#heap.copy(this.#engine.memory, at);
    else this.#engine.memory.copyWithin(at, this.#slab, this.#slab + length);
    this.drop();
    return at;
  }

  /** @returns the bytes, which are not kept any longer */
  take(): Buffer {
    const from = this.#heap ?? this.#engine.memory.subarray(this.#slab, this.#slab + this.length);
    const bytes = Buffer.from(this.length === 0 ? [] : from);
    this.drop();
    return bytes;
  }

  /** Saves bytes that come from elsewhere; they must not change any more. */
  put(bytes: Buffer): void {
    this.#heap = bytes;
    this.length = bytes.length;
  }

  drop(): void {
    if (this.#slab !== 0) this.#engine.slabs.release(this.#slab);
    this.#slab = 0;
    this.#heap = null;
    this.length = 0;
  }
}
