import { ASSERTS, assert } from '../assert.ts';
import { IntList } from './queue/int-list.ts';
import type { SlabPool } from './slab-pool.ts';

/**
 * Room for bytes that are kept for a while: leased slabs, filled one after the other, each given
 * back when nothing in it is kept any longer.
 */
export class Stash {
  readonly #slabs: SlabPool;
  readonly #leased: IntList = new IntList();
  /** Bytes that are kept. */
  bytes = 0;
  #slab = 0;
  #cursor = 0;
  #limit = 0;

  constructor(slabs: SlabPool) {
    this.#slabs = slabs;
  }

  /** @returns the address of `length` bytes, 0 when there is no room */
  take(length: number): number {
    const slabs = this.#slabs;
    if (this.#cursor + length > this.#limit) {
      const small = length <= slabs.smallBytes && this.bytes < slabs.smallBytes;
      let slab = small ? slabs.leaseSmall() : slabs.leaseLarge();
      if (slab === 0) slab = small ? slabs.leaseLarge() : 0;
      if (slab === 0) return 0;
      this.#close();
      this.#leased.push(slab);
      slabs.retain(slab); // for being the current one
      this.#slab = slab;
      this.#cursor = slab;
      this.#limit = slab + slabs.sizeOf(slab);
    }
    const at = this.#cursor;
    this.#cursor = at + length;
    slabs.retain(this.#slab);
    this.bytes += length;
    return at;
  }

  /** What was taken last needs only `length` of its `taken` bytes. */
  shrink(taken: number, length: number): void {
    if (ASSERTS) assert(length >= 0 && length <= taken, 'what was taken can only shrink');
    this.#cursor -= taken - length;
    this.bytes -= taken - length;
  }

  /** Gives back what take() gave. */
  give(at: number, length: number): void {
    if (ASSERTS) assert(this.#slabs.holds(at, length), 'what is given back lies in one slab');
    const base = this.#slabs.baseOf(at);
    this.bytes -= length;
    const left = this.#slabs.unretain(base);
    if (left === 0) this.#release(base);
    else if (left === 1 && base === this.#slab) this.#close();
  }

  #close(): void {
    const slab = this.#slab;
    if (slab === 0) return;
    this.#slab = 0;
    this.#cursor = 0;
    this.#limit = 0;
    if (this.#slabs.unretain(slab) === 0) this.#release(slab);
  }

  #release(slab: number): void {
    this.#leased.remove(slab);
    this.#slabs.release(slab);
  }

  /** Nothing is kept any longer; what was taken must not be given back after this. */
  close(): void {
    this.#slab = 0;
    this.#cursor = 0;
    this.#limit = 0;
    this.bytes = 0;
    const leased = this.#leased;
    while (leased.length > 0) {
      const slab = leased.pop();
      this.#slabs.unretainAll(slab);
      this.#slabs.release(slab);
    }
  }
}
