import { IntList } from './int-list.ts';

/** What stands in a send queue, in order: slices of slabs, and buffers as they are. */
export class SendPieces {
  readonly #memory: Buffer;
  /** Start and end of a slice, or -1 and an index into #buffers. */
  #ends: IntList = new IntList();
  #buffers: Buffer[] = [];
  bytes = 0;

  /** @param memory that the slabs are in */
  constructor(memory: Buffer) {
    this.#memory = memory;
  }

  get count(): number {
    return this.#ends.length >> 1;
  }

  addSlice(start: number, end: number): void {
    this.#ends.pushPair(start, end);
    this.bytes += end - start;
  }

  /** It must not change until it is sent. */
  addBuffer(buffer: Buffer): void {
    this.#ends.pushPair(-1, this.#buffers.length);
    this.#buffers.push(buffer);
    this.bytes += buffer.length;
  }

  /** A piece where it is. */
  at(index: number): Buffer {
    const start = this.#ends.at(index * 2);
    const end = this.#ends.at(index * 2 + 1);
    return start < 0 ? this.#buffers[end] : this.#memory.subarray(start, end);
  }

  /** Where a slice begins; -1 for a buffer. */
  startOf(index: number): number {
    return this.#ends.at(index * 2);
  }

  /** Where a slice ends. */
  endOf(index: number): number {
    return this.#ends.at(index * 2 + 1);
  }

  /** A piece that does not change any more: slices are copied. */
  kept(index: number): Buffer {
    const start = this.#ends.at(index * 2);
    const end = this.#ends.at(index * 2 + 1);
    return start < 0 ? this.#buffers[end] : copyOf(this.#memory, start, end);
  }

  /** @returns a copy of all, in one */
  copy(): Buffer {
    return Buffer.concat(Array.from({ length: this.count }, (_, i) => this.at(i)));
  }

  /** Copies slices to the heap, but for those in [from, to). */
  moveToHeap(from: number, to: number): void {
    const ends = this.#ends;
    const buffers = this.#buffers;
    this.#ends = new IntList();
    this.#buffers = [];
    this.bytes = 0;
    for (let i = 0; i < ends.length; i += 2) {
      const start = ends.at(i);
      const end = ends.at(i + 1);
      if (start < 0) this.addBuffer(buffers[end]);
      else if (start >= from && start < to) this.addSlice(start, end);
      else this.addBuffer(copyOf(this.#memory, start, end));
    }
  }

  clear(): void {
    this.#ends.clear();
    this.#buffers.length = 0;
    this.bytes = 0;
  }
}

/** Bytes [start, end) in memory of their own, as long as they are kept. */
export function copyOf(memory: Buffer, start: number, end: number): Buffer {
  const copied = Buffer.allocUnsafeSlow(end - start);
  memory.copy(copied, 0, start, end);
  return copied;
}
