import { ASSERTS, assert } from '../../../assert.ts';
import { KEPT_BLOCK_BYTES } from '../../../limits.ts';
import type { Engine } from '../../engine/engine.ts';

/**
 * Bytes of one client that wait to be scanned, first in, first out. They are in blocks on the heap
 * and copied twice in all: into their block, and back into the arena when they are scanned. The
 * memory budget knows of them, but not as something that their client holds.
 */
export class KeptInput {
  readonly #engine: Engine;
  /** All but the last are full; the last ends at #end. */
  readonly #blocks: Buffer[] = [];
  /** Where the bytes begin in the first block and end in the last. */
  #start = 0;
  #end = 0;
  length = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Adds the arena bytes [start, end). */
  push(start: number, end: number): void {
    const { memory } = this.#engine;
    for (let from = start; from < end; ) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#end === block.length) {
        // The first is small: many clients keep little.
        const size = block === undefined ? end - from : Math.max(end - from, KEPT_BLOCK_BYTES);
        block = Buffer.allocUnsafeSlow(size);
        this.#blocks.push(block);
        this.#end = 0;
      }
      const copied = memory.copy(block, this.#end, from, end);
      this.#end += copied;
      from += copied;
    }
    this.#grow(end - start);
  }

  /** Puts bytes in front of all others; they must not change any more. */
  unshift(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#start > 0) {
      this.#blocks[0] = this.#blocks[0].subarray(this.#start);
      if (this.#blocks.length === 1) this.#end -= this.#start;
    }
    if (this.#blocks.length === 0) this.#end = bytes.length;
    this.#start = 0;
    this.#blocks.unshift(bytes);
    this.#grow(bytes.length);
  }

  /** Copies the first bytes to `address`, `most` at most; they stay. @returns how many */
  copyTo(address: number, most: number): number {
    const { memory } = this.#engine;
    let copied = 0;
    let start = this.#start;
    for (let i = 0; i < this.#blocks.length && copied < most; i++) {
      const end = i === this.#blocks.length - 1 ? this.#end : this.#blocks[i].length;
      const until = Math.min(end, start + most - copied);
      copied += this.#blocks[i].copy(memory, address + copied, start, until);
      start = 0;
    }
    return copied;
  }

  /** The first `count` bytes are done with. */
  shift(count: number): void {
    if (ASSERTS) assert(count >= 0 && count <= this.length, 'no more is taken than is kept');
    this.#grow(-count);
    if (this.length === 0) {
      this.#clear();
      return;
    }
    this.#start += count;
    while (this.#start >= this.#blocks[0].length) {
      this.#start -= this.#blocks[0].length;
      this.#blocks.shift();
    }
  }

  /** @returns the bytes, which are not kept any longer */
  take(): Buffer {
    const last = this.#blocks.length - 1;
    const parts = this.#blocks.map((block, i) =>
      block.subarray(i === 0 ? this.#start : 0, i === last ? this.#end : block.length),
    );
    this.drop();
    return Buffer.concat(parts);
  }

  drop(): void {
    this.#grow(-this.length);
    this.#clear();
  }

  #clear(): void {
    this.#blocks.length = 0;
    this.#start = 0;
    this.#end = 0;
  }

  #grow(by: number): void {
    this.length += by;
    if (by !== 0) this.#engine.budget.add(by);
  }
}
