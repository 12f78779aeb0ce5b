import { REQUEST_HEAD_BYTES } from '../../../limits.ts';
import { findScript, type ScriptText } from '../../../protocol/script-text.ts';

/** Stands for a script, which is not kept. */
const NO_TEXT = Buffer.from('$0\r\n\r\n');

/** The first bytes of each request of a ring, those of a script in front of its keys left out. */
export class RequestHeads {
  #bytes: Buffer;
  #lengths: Uint8Array;
  readonly #script: ScriptText = { start: 0, end: 0 };

  constructor(size: number) {
    this.#bytes = Buffer.alloc(size * REQUEST_HEAD_BYTES);
    this.#lengths = new Uint8Array(size);
  }

  keep(index: number, bytes: Uint8Array, start: number, length: number): void {
    if (length > REQUEST_HEAD_BYTES && findScript(bytes, start, length, this.#script)) {
      this.#keepAround(this.#script, index, bytes, start, length);
      return;
    }
    this.#lengths[index] = this.#copy(index, 0, bytes, start, start + length);
  }

  #keepAround(
    script: ScriptText,
    index: number,
    bytes: Uint8Array,
    start: number,
    length: number,
  ): void {
    let kept = this.#copy(index, 0, bytes, start, script.start);
    kept = this.#copy(index, kept, NO_TEXT, 0, NO_TEXT.length);
    this.#lengths[index] = this.#copy(index, kept, bytes, script.end, start + length);
  }

  /** Adds to the `kept` bytes of a head what it has room for. @returns how many it has then */
  #copy(index: number, kept: number, bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, REQUEST_HEAD_BYTES - kept);
    const to = index * REQUEST_HEAD_BYTES + kept;
    const own = this.#bytes;
    for (let i = 0; i < count; i++) own[to + i] = bytes[start + i];
    return kept + count;
  }

  /** Another request takes the place. */
  forget(index: number): void {
    this.#lengths[index] = 0;
  }

  at(index: number): Buffer {
    return this.#bytes.subarray(
      index * REQUEST_HEAD_BYTES,
      index * REQUEST_HEAD_BYTES + this.#lengths[index],
    );
  }

  /** Doubles a full ring of `size` whose oldest entry is at `head`; that goes to the front. */
  grow(head: number, size: number): void {
    const bytes = Buffer.alloc(2 * size * REQUEST_HEAD_BYTES);
    const lengths = new Uint8Array(2 * size);
    for (let i = 0; i < size; i++) {
      const from = (head + i) & (size - 1);
      this.#bytes.copy(
        bytes,
        i * REQUEST_HEAD_BYTES,
        from * REQUEST_HEAD_BYTES,
        (from + 1) * REQUEST_HEAD_BYTES,
      );
      lengths[i] = this.#lengths[from];
    }
    this.#bytes = bytes;
    this.#lengths = lengths;
  }
}
