import type { WriteKeeper } from '../../../net/send-queue.ts';
import type { SlabPool } from '../../../net/slab-pool.ts';

const STRIDE = 4;
/**
 * Words of a write in #ring: where it ends in the stream, its bytes, where it stands in the arena
 * (0 = in a buffer of its own), the slab that is given back with it (0 = none).
 */
const END = 0;
const BYTES = 1;
const AT = 2;
const SLAB = 3;
/** Writes that there is room for at first: a power of two. */
const FEW_WRITES = 8;

/**
 * The bytes of the requests that were written on one connection, until they are answered: what the
 * server says not to have executed can be sent again. A send slab is kept as it is as long as half
 * of them are free, otherwise its bytes are copied. Beyond the limit the oldest are forgotten.
 * Places in the stream of requests are 32 bits, which may wrap.
 */
export class KeptRequests implements WriteKeeper {
  readonly #slabs: SlabPool;
  readonly #limit: number;
  /** What each write handed to the socket, oldest first: a power-of-two ring. */
  #ring = new Int32Array(FEW_WRITES * STRIDE);
  /** Those of them that stand in no slab. */
  #buffers: (Buffer | null)[] = [];
  #mask = FEW_WRITES - 1;
  #head = 0;
  #tail = 0;
  /** Where the last request that was sent ends, and the last that was written. */
  #sent = 0;
  #end = 0;
  /** Bytes that are kept now. */
  bytes = 0;

  /** @param limit bytes */
  constructor(slabs: SlabPool, limit: number) {
    this.#slabs = slabs;
    this.#limit = limit;
  }

  /** Where the next request begins in the stream. */
  get next(): number {
    return this.#sent;
  }

  /** A request of so many bytes is sent. @returns where it begins in the stream */
  advance(bytes: number): number {
    const at = this.#sent;
    this.#sent = (at + bytes) | 0;
    return at;
  }

  get takesSlabs(): boolean {
    const { smallLeft, smallCount, largeLeft, largeCount } = this.#slabs;
    return smallLeft * 2 > smallCount && largeLeft * 2 > largeCount;
  }

  keepSlice(start: number, end: number, slab: number): void {
    this.#add(end - start, start, slab);
  }

  keepBuffer(buffer: Buffer): void {
    if (this.#isFull) this.#grow();
    this.#buffers[this.#tail & this.#mask] = buffer;
    this.#add(buffer.length, 0, 0);
  }

  #add(bytes: number, at: number, slab: number): void {
    if (this.#isFull) this.#grow();
    const word = (this.#tail & this.#mask) * STRIDE;
    const ring = this.#ring;
    this.#end = (this.#end + bytes) | 0;
    ring[word + END] = this.#end;
    ring[word + BYTES] = bytes;
    ring[word + AT] = at;
    ring[word + SLAB] = slab;
    this.#tail = (this.#tail + 1) | 0;
    this.bytes += bytes;
    while (this.bytes > this.#limit) this.#giveBack();
  }

  get #isFull(): boolean {
    return ((this.#tail - this.#head) | 0) > this.#mask;
  }

  #grow(): void {
    const size = this.#mask + 1;
    const ring = new Int32Array(size * 2 * STRIDE);
    const buffers: (Buffer | null)[] = [];
    for (let i = 0; i < size; i++) {
      const from = (this.#head + i) & this.#mask;
      ring.set(this.#ring.subarray(from * STRIDE, (from + 1) * STRIDE), i * STRIDE);
      buffers.push(this.#buffers[from] ?? null);
    }
    this.#ring = ring;
    this.#buffers = buffers;
    this.#mask = size * 2 - 1;
    this.#head = 0;
    this.#tail = size;
  }

  /** All requests before `offset` in the stream are answered. */
  release(offset: number): void {
    while (this.#head !== this.#tail) {
      const end = this.#ring[(this.#head & this.#mask) * STRIDE + END];
      if (((offset - end) | 0) < 0) return;
      this.#giveBack();
    }
  }

  #giveBack(): void {
    const index = this.#head & this.#mask;
    const word = index * STRIDE;
    const slab = this.#ring[word + SLAB];
    this.#head = (this.#head + 1) | 0;
    this.bytes -= this.#ring[word + BYTES];
    if (this.#ring[word + AT] === 0) this.#buffers[index] = null;
    if (slab !== 0) this.#slabs.release(slab);
  }

  /** @returns a copy of a written request; null when it is kept no more */
  copy(offset: number, length: number): Buffer | null {
    const parts: Buffer[] = [];
    let left = length;
    for (let i = this.#writeOf(offset); i !== this.#tail && left > 0; i = (i + 1) | 0) {
      const bytes = this.#ring[(i & this.#mask) * STRIDE + BYTES];
      const end = this.#ring[(i & this.#mask) * STRIDE + END];
      const from = bytes - ((end - offset - (length - left)) | 0);
      if (from >= bytes) continue;
      if (from < 0) return null;
      const size = Math.min(left, bytes - from);
      parts.push(this.#bytesOf(i & this.#mask).subarray(from, from + size));
      left -= size;
    }
    return left > 0 ? null : Buffer.concat(parts);
  }

  /** The number of the first write that ends behind `offset`: many may be kept. */
  #writeOf(offset: number): number {
    let low = 0;
    let high = (this.#tail - this.#head) | 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = ((this.#head + middle) & this.#mask) * STRIDE;
      if (((this.#ring[at + END] - offset) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return (this.#head + low) | 0;
  }

  #bytesOf(index: number): Buffer {
    const at = this.#ring[index * STRIDE + AT];
    const end = at + this.#ring[index * STRIDE + BYTES];
    return at === 0 ? (this.#buffers[index] as Buffer) : this.#slabs.memory.subarray(at, end);
  }

  /** Gives everything back. */
  drop(): void {
    while (this.#head !== this.#tail) this.#giveBack();
  }
}
