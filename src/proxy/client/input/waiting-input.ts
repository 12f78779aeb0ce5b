import { LEAST_RESTORED_BYTES } from '../../../limits.ts';
import { WINDOW, WINDOW_BYTES } from '../../../protocol/frame-table.ts';
import { Carry, LARGEST_CARRY } from '../../engine/carry.ts';
import type { Engine, SavedState } from '../../engine/engine.ts';
import { isDetached, startOver } from '../../engine/saved-scan.ts';
import { KeptInput } from './kept-input.ts';

/** The client whose input it is. */
interface Waiter {
  readonly authenticated: boolean;
  readonly pipeline: { readonly out: { readonly blocked: boolean } };
}

/**
 * What was read of a client and not sent yet: its carry, and behind that what was taken in while
 * nothing could be sent. The carry is an unfinished request, or the rest of one read.
 */
export class WaitingInput {
  readonly #engine: Engine;
  readonly #carry: Carry;
  readonly #kept: KeptInput;
  /** Where the bytes end that restore() has put into the arena. */
  end = 0;
  /** Of those, bytes that are still among the kept ones. */
  #loaded = 0;
  /** What restore() takes of them: about as much as can be sent at once. */
  #most = LEAST_RESTORED_BYTES;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#carry = new Carry(engine);
    this.#kept = new KeptInput(engine);
  }

  get length(): number {
    return this.#carry.length + this.#kept.length;
  }

  /** There is more than an unfinished request. */
  get hasKept(): boolean {
    return this.#kept.length > 0;
  }

  /** Puts the carry in front of what was read into the window. @returns where that begins */
  precede(address: number): number {
    return this.#carry.restore(address);
  }

  /** [start, end) of the arena waits behind all else. */
  add(start: number, end: number): void {
    this.#kept.push(start, end);
  }

  /** What comes first, in the arena, up to `end`. @returns where it begins */
  restore(): number {
    this.end = WINDOW + WINDOW_BYTES;
    if (this.#kept.length === 0) return this.#carry.restore(this.end);
    this.#loaded = this.#kept.copyTo(WINDOW, this.#most);
    this.end = WINDOW + this.#loaded;
    return this.#carry.restore(WINDOW);
  }

  /** What restore() gave is done with, but for what was put back. */
  settle(): void {
    if (this.#kept.length > 0) this.#kept.shift(this.#loaded);
    this.#loaded = 0;
  }

  /** An unfinished request, which goes on with what comes next. */
  carry(start: number, end: number): void {
    if (this.#loaded > 0) this.#most = Math.min(this.#most * 2, WINDOW_BYTES);
    this.#carry.keep(start, end);
  }

  carryOnHeap(start: number, end: number): void {
    this.#carry.keepOnHeap(start, end);
  }

  /**
   * Requests at [start, end), read now or given by restore(), may not be sent yet.
   * @param saved where the scan of the first has stopped; null = none was begun
   */
  hold(
    start: number,
    end: number,
    { authenticated, pipeline }: Waiter,
    saved: SavedState | null,
  ): void {
    if (!authenticated) this.putBackOnHeap(start, end);
    else if (!pipeline.out.blocked || this.hasKept) this.putBack(start, end);
    else {
      // Its parts come back one after the other: the first may be less than was looked at.
      if (saved !== null && !isDetached(saved)) startOver(saved);
      this.add(start, end);
    }
  }

  /** Whole requests at [start, end) of what restore() gave may not be sent yet. */
  putBack(start: number, end: number): void {
    this.#carry.keep(start, this.#leave(start, end));
  }

  /** As putBack(), for whoever may not take the slabs of others. */
  putBackOnHeap(start: number, end: number): void {
    this.#carry.keepOnHeap(start, this.#leave(start, end));
  }

  /** Leaves what is still kept where it is. @returns where it begins in [start, end) */
  #leave(start: number, end: number): number {
    const loaded = this.#loaded;
    const back = Math.min(end - start, loaded);
    this.#loaded -= back;
    if (back > loaded >> 1) this.#most = Math.max(LEAST_RESTORED_BYTES, this.#most >> 1);
    return end - back;
  }

  /** Puts whole requests before all else; their bytes must not change any more. */
  putFirst(bytes: Buffer): void {
    this.#kept.unshift(this.#carry.take());
    this.#kept.unshift(bytes);
  }

  /** @returns all of it, which is not kept any longer */
  take(): Buffer {
    return Buffer.concat([this.#carry.take(), this.#kept.take()]);
  }

  /** Begins with bytes that come from elsewhere; they must not change any more. */
  put(bytes: Buffer): void {
    if (bytes.length <= LARGEST_CARRY) this.#carry.put(bytes);
    else this.#kept.unshift(bytes);
  }

  /** An unfinished request will never end. */
  dropCarry(): void {
    this.#carry.drop();
  }

  drop(): void {
    this.#carry.drop();
    this.#kept.drop();
    this.#loaded = 0;
  }

  /** Whether a client that takes none of its replies may send more, up to `limit` bytes in all. */
  hasRoom(limit: number): boolean {
    const { budget } = this.#engine;
    return this.length < limit && (budget.limit === 0 || budget.used < budget.limit / 2);
  }
}
