import {
  FLAG_LAST,
  FRAME_TABLE,
  RECORD_BYTES,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_START,
  SCAN_ERROR,
  SCAN_FULL,
  SCAN_PARTIAL,
  STATE_CONSUMED,
  STATE_STATUS,
  WHOLE,
  WINDOW,
} from '../../../protocol/frame-table.ts';
import { CARRY_LIMIT, Carry } from '../../engine/carry.ts';
import type { Engine, SavedState } from '../../engine/engine.ts';
import { detach, isDetached, missingOfBulk, scannedBytes } from '../../engine/saved-scan.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/** Who is given the frames of a connection. */
export interface FrameTaker {
  /** It wants no more. */
  readonly closed: boolean;
  /** Bytes that one frame may have; more is passed over. */
  readonly limit: number;
  /** @returns false when the server should not have sent it */
  onFrame(bytes: Buffer, start: number, end: number): boolean;
  /** A frame with more bytes than the limit is over. */
  onPassedOver(): void;
}

/** Cuts what a server sends into frames: in the receive window, or on the heap when it is large. */
export class FrameReader {
  readonly #engine: Engine;
  readonly #taker: FrameTaker;
  readonly #carry: Carry;
  #saved: SavedState | null = null;
  #partial = false;
  /** The beginning of a large frame. */
  #pieces: Buffer[] = [];
  /** Bytes of it, kept or not. */
  #bytes = 0;
  #passesOver = false;

  constructor(engine: Engine, taker: FrameTaker) {
    this.#engine = engine;
    this.#taker = taker;
    this.#carry = new Carry(engine);
  }

  /** Bytes that are kept of a frame that has begun. */
  get keptBytes(): number {
    return this.#passesOver ? 0 : this.#bytes;
  }

  /** Takes `length` new bytes in the receive window. @returns false when they are not RESP */
  read(length: number): boolean {
    const engine = this.#engine;
    const limit = engine.beginChunk();
    const end = WINDOW + length;
    let start = this.#carry.restore(WINDOW);
    for (;;) {
      engine.loadState(this.#partial ? this.#saved : null);
      const count = engine.codec.scanReplies(start, end, FRAME_TABLE, limit);
      const status = engine.state(STATE_STATUS);
      const consumed = engine.state(STATE_CONSUMED);
      this.#partial = status === SCAN_PARTIAL;
      if (this.#partial) this.#saved = engine.saveState(this.#saved);
      if (!this.#handOut(count)) return false;
      if (this.#taker.closed) return true;
      if (status === SCAN_ERROR) return false;
      if (status === SCAN_FULL) start = consumed;
      else return !this.#partial || this.#keep(consumed, end);
    }
  }

  #handOut(count: number): boolean {
    const { words, memory } = this.#engine;
    for (let i = 0, at = FRAME_WORD; i < count; i++, at += RECORD_WORDS) {
      const info = words[at + RECORD_INFO];
      const start = words[at + RECORD_START];
      const end = start + words[at + RECORD_LENGTH];
      const good =
        (info & WHOLE) === WHOLE
          ? this.#taker.onFrame(memory, start, end)
          : this.#take(start, end, (info & FLAG_LAST) !== 0);
      if (!good) return false;
      if (this.#taker.closed) return true;
    }
    return true;
  }

  /** One more piece of a large frame. */
  #take(start: number, end: number, last: boolean): boolean {
    this.#bytes += end - start;
    if (this.#bytes > this.#taker.limit) {
      this.#pieces = [];
      this.#passesOver = true;
    }
    if (!this.#passesOver) this.#pieces.push(Buffer.from(this.#engine.memory.subarray(start, end)));
    if (!last) return true;
    const passedOver = this.#passesOver;
    const frame = Buffer.concat(this.#pieces);
    this.#forget();
    if (!passedOver) return this.#taker.onFrame(frame, 0, frame.length);
    this.#taker.onPassedOver();
    return true;
  }

  #forget(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#passesOver = false;
  }

  /** Keeps an unfinished frame: carried when small, taken away in pieces when large. */
  #keep(consumed: number, end: number): boolean {
    const saved = this.#saved as SavedState;
    let from = consumed;
    const known = scannedBytes(saved) + missingOfBulk(saved);
    if (!isDetached(saved) && Math.max(known, end - consumed) > CARRY_LIMIT) {
      const boundary = detach(saved);
      this.#take(consumed, consumed + boundary, false);
      from = consumed + boundary;
    }
    if (end - from > CARRY_LIMIT) return false;
    this.#carry.keep(from, end);
    return true;
  }

  drop(): void {
    this.#carry.drop();
    this.#forget();
  }
}
