/** How much of a request is kept for the slow log: the command and most of its key. */
export const HEAD_BYTES = 128;

/** The first bytes of each request of a ring. */
export class RequestHeads {
  #bytes: Buffer;
  #lengths: Uint8Array;

  constructor(size: number) {
    this.#bytes = Buffer.alloc(size * HEAD_BYTES);
    this.#lengths = new Uint8Array(size);
  }

  keep(index: number, bytes: Uint8Array, start: number, length: number): void {
    const kept = Math.min(length, HEAD_BYTES);
    const to = index * HEAD_BYTES;
    const own = this.#bytes;
    for (let i = 0; i < kept; i++) own[to + i] = bytes[start + i];
    this.#lengths[index] = kept;
  }

  /** Another request takes the place. */
  forget(index: number): void {
    this.#lengths[index] = 0;
  }

  at(index: number): Buffer {
    return this.#bytes.subarray(index * HEAD_BYTES, index * HEAD_BYTES + this.#lengths[index]);
  }

  /** Doubles a full ring of `size` whose oldest entry is at `head`; that goes to the front. */
  grow(head: number, size: number): void {
    const bytes = Buffer.alloc(2 * size * HEAD_BYTES);
    const lengths = new Uint8Array(2 * size);
    for (let i = 0; i < size; i++) {
      const from = (head + i) & (size - 1);
      this.#bytes.copy(bytes, i * HEAD_BYTES, from * HEAD_BYTES, (from + 1) * HEAD_BYTES);
      lengths[i] = this.#lengths[from];
    }
    this.#bytes = bytes;
    this.#lengths = lengths;
  }
}
