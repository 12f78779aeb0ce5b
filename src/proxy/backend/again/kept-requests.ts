import type { WriteKeeper } from '../../../net/send-queue.ts';
import type { SlabPool } from '../../../net/slab-pool.ts';

/** What one write handed to the socket. */
interface Written {
  /** Where it ends in the stream of requests. */
  readonly end: number;
  readonly bytes: number;
  /** Null when it stands in a slab. */
  readonly buffer: Buffer | null;
  /** Where it stands in the arena. */
  readonly at: number;
  /** The slab that is given back with it; 0 = none. */
  readonly slab: number;
}

/**
 * The bytes of the requests that were written on one connection, until they are answered: what the
 * server says not to have executed can be sent again. A send slab is kept as it is as long as half
 * of them are free, otherwise its bytes are copied. Beyond the limit the oldest are forgotten.
 */
export class KeptRequests implements WriteKeeper {
  readonly #slabs: SlabPool;
  readonly #limit: number;
  #written: Written[] = [];
  /** Of #written: what is before it was given back. */
  #first = 0;
  /** Bytes of all requests that were sent. */
  #sent = 0;
  /** Bytes of all that was written. */
  #end = 0;
  /** Bytes that are kept now. */
  bytes = 0;

  /** @param limit bytes */
  constructor(slabs: SlabPool, limit: number) {
    this.#slabs = slabs;
    this.#limit = limit;
  }

  /** Where the next request begins in the stream, as 32 bits. */
  get next(): number {
    return this.#sent | 0;
  }

  /** A request of so many bytes is sent. @returns where it begins in the stream, as 32 bits */
  advance(bytes: number): number {
    const at = this.#sent | 0;
    this.#sent += bytes;
    return at;
  }

  keepSlab(slab: number, start: number, end: number, mayStay: boolean): boolean {
    const { smallLeft, smallCount, largeLeft, largeCount, memory } = this.#slabs;
    const stays = mayStay && smallLeft * 2 > smallCount && largeLeft * 2 > largeCount;
    if (stays) this.#add({ end: 0, bytes: end - start, buffer: null, at: start, slab });
    else this.keepBuffer(Buffer.from(memory.subarray(start, end)));
    return stays;
  }

  keepBuffer(buffer: Buffer): void {
    this.#add({ end: 0, bytes: buffer.length, buffer, at: 0, slab: 0 });
  }

  #add(written: Written): void {
    this.#end += written.bytes;
    this.bytes += written.bytes;
    this.#written.push({ ...written, end: this.#end });
    while (this.bytes > this.#limit) this.#giveBack();
  }

  /** All requests before `offset` in the stream are answered. */
  release(offset: number): void {
    for (;;) {
      const oldest = this.#written.at(this.#first);
      if (oldest === undefined || ((offset - oldest.end) | 0) < 0) return;
      this.#giveBack();
    }
  }

  #giveBack(): void {
    const { slab, bytes } = this.#written[this.#first++];
    this.bytes -= bytes;
    if (slab !== 0) this.#slabs.release(slab);
    if (this.#first === this.#written.length) {
      this.#written.length = 0;
      this.#first = 0;
    } else if (this.#first > 64 && this.#first * 2 > this.#written.length) {
      this.#written = this.#written.slice(this.#first);
      this.#first = 0;
    }
  }

  /** @returns a copy of a written request; null when it is kept no more */
  copy(offset: number, length: number): Buffer | null {
    const parts: Buffer[] = [];
    let left = length;
    for (let i = this.#first; i < this.#written.length && left > 0; i++) {
      const { end, bytes, buffer, at } = this.#written[i];
      const from = bytes - ((end - offset - (length - left)) | 0);
      if (from >= bytes) continue;
      if (from < 0) return null;
      const size = Math.min(left, bytes - from);
      const source = buffer ?? this.#slabs.memory.subarray(at, at + bytes);
      parts.push(source.subarray(from, from + size));
      left -= size;
    }
    return left > 0 ? null : Buffer.concat(parts);
  }

  /** Gives everything back. */
  drop(): void {
    while (this.#first < this.#written.length) this.#giveBack();
  }
}
