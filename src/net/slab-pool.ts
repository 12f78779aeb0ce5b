import { ASSERTS, assert } from '../assert.ts';
import { IntList } from './queue/int-list.ts';

const LEASED = 1;
/** Given back during a walk that may still copy into it. */
const RESTING = 2;

/** Slabs of one size. */
export interface SlabKind {
  readonly count: number;
  /** Of each; a power of two. */
  readonly bytes: number;
}

/** One read brings the replies to many requests, each of which may give several slabs back. */
const USUALLY_RESTING = 4096;

/**
 * Send memory inside the arena, leased in two sizes. Nobody owns a slab between turns unless the
 * kernel did not take all of its bytes.
 *
 * While a chunk is being walked, copies are still outstanding, so released slabs rest until
 * settle().
 */
export class SlabPool {
  /** The whole arena as a Buffer: sockets are given slices of it. */
  readonly memory: Buffer;
  readonly smallBytes: number;
  readonly largeBytes: number;
  readonly #smallBase: number;
  readonly #largeBase: number;
  readonly #smallFree: Int32Array;
  readonly #largeFree: Int32Array;
  readonly #refs: Int32Array;
  readonly smallCount: number;
  readonly largeCount: number;
  readonly #smallShift: number;
  readonly #largeShift: number;
  #smallTop: number;
  #largeTop: number;
  /** What each slab is: free, LEASED or RESTING; only where assertions are on. */
  readonly #leased: Uint8Array;
  readonly #resting: IntList = new IntList(USUALLY_RESTING);
  /** True between the first reservation of a chunk's walk and its gather. */
  walking = false;

  /** Bytes of arena needed for the given numbers of slabs. */
  static bytes(small: SlabKind, large: SlabKind): number {
    return small.count * small.bytes + large.count * large.bytes;
  }

  /** @param base where the small ones begin; the large ones stand behind them */
  constructor(memory: Buffer, base: number, smallOnes: SlabKind, largeOnes: SlabKind) {
    const { count: small, bytes: smallBytes } = smallOnes;
    const { count: large, bytes: largeBytes } = largeOnes;
    this.#smallShift = 31 - Math.clz32(smallBytes);
    this.#largeShift = 31 - Math.clz32(largeBytes);
    this.memory = memory;
    this.smallBytes = smallBytes;
    this.largeBytes = largeBytes;
    this.#smallBase = base;
    this.smallCount = small;
    this.largeCount = large;
    this.#largeBase = base + small * smallBytes;
    this.#smallFree = new Int32Array(small);
    this.#largeFree = new Int32Array(large);
    this.#refs = new Int32Array(small + large);
    this.#leased = new Uint8Array(ASSERTS ? small + large : 0);
    for (let i = 0; i < small; i++) {
      this.#smallFree[i] = base + (small - 1 - i) * smallBytes;
    }
    for (let i = 0; i < large; i++) {
      this.#largeFree[i] = this.#largeBase + (large - 1 - i) * largeBytes;
    }
    this.#smallTop = small;
    this.#largeTop = large;
  }

  get smallLeft(): number {
    return this.#smallTop;
  }

  get largeLeft(): number {
    return this.#largeTop;
  }

  /** @returns the address of a small slab, 0 when none is left */
  leaseSmall(): number {
    if (this.#smallTop === 0) return 0;
    const address = this.#smallFree[--this.#smallTop];
    if (ASSERTS) this.#noteLease(address);
    return address;
  }

  /** @returns the address of a large slab, 0 when none is left */
  leaseLarge(): number {
    if (this.#largeTop === 0) return 0;
    const address = this.#largeFree[--this.#largeTop];
    if (ASSERTS) this.#noteLease(address);
    return address;
  }

  #noteLease(address: number): void {
    this.#leased[this.#indexOf(address)] = LEASED;
  }

  /** Whether [start, start + length) lies within one leased slab; only where assertions are on. */
  holds(start: number, length: number): boolean {
    const index = this.#indexOf(start);
    if (start < this.#smallBase || this.#leased[index] === 0 || length < 0) return false;
    const base = this.baseOf(start);
    return start + length <= base + this.sizeOf(base);
  }

  /** Size of the slab that begins at `address`. */
  sizeOf(address: number): number {
    return address >= this.#largeBase ? this.largeBytes : this.smallBytes;
  }

  release(address: number): void {
    if (ASSERTS) this.#noteRelease(address);
    if (this.walking) this.#resting.push(address);
    else this.#free(address);
  }

  #noteRelease(address: number): void {
    const index = this.#indexOf(address);
    assert(this.baseOf(address) === address, 'a slab is released by its first byte');
    assert(this.#leased[index] === LEASED, 'only a leased slab is released, and once');
    assert(this.#refs[index] === 0, 'a slab is released when nothing is kept in it');
    this.#leased[index] = RESTING;
  }

  /** The walk is over and every copy is made: slabs released meanwhile may be leased again. */
  settle(): void {
    this.walking = false;
    const resting = this.#resting;
    for (let i = 0; i < resting.length; i++) this.#free(resting.at(i));
    resting.clear();
  }

  /** Counts a stored reply in the slab that begins at `address`. */
  retain(address: number): void {
    if (ASSERTS) assert(this.holds(address, 0), 'replies are kept in leased slabs');
    this.#refs[this.#indexOf(address)]++;
  }

  /** Takes one back. @returns the replies still stored in the slab that holds `address` */
  unretain(address: number): number {
    const left = --this.#refs[this.#indexOf(address)];
    if (ASSERTS) assert(left >= 0, 'no more is taken back than was kept in a slab');
    return left;
  }

  /** Nothing is stored any more in the slab that begins at `address`, whatever was counted. */
  unretainAll(address: number): void {
    this.#refs[this.#indexOf(address)] = 0;
  }

  /** First byte of the slab that holds `address`. */
  baseOf(address: number): number {
    if (address >= this.#largeBase) {
      return address - ((address - this.#largeBase) & (this.largeBytes - 1));
    }
    return address - ((address - this.#smallBase) & (this.smallBytes - 1));
  }

  #indexOf(address: number): number {
    return address >= this.#largeBase
      ? this.smallCount + ((address - this.#largeBase) >>> this.#largeShift)
      : (address - this.#smallBase) >>> this.#smallShift;
  }

  #free(address: number): void {
    if (ASSERTS) this.#leased[this.#indexOf(address)] = 0;
    if (address >= this.#largeBase) this.#largeFree[this.#largeTop++] = address;
    else this.#smallFree[this.#smallTop++] = address;
  }
}
