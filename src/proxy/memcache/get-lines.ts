import { JOINED_KEPT_BYTES, JOINED_LINE_BYTES } from '../../limits.ts';
import { Stash } from '../../net/stash.ts';
import {
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_START,
} from '../../protocol/frame-table.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { Engine } from '../engine/engine.ts';

const G = 0x67;
const E = 0x65;
const T = 0x74;
const BLANK = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const GET_BYTES = 3;
const LINE_END_BYTES = 2;
/** Of a get with one key and no more blanks than it needs, what is not its key. */
const GET_FRAME_BYTES = GET_BYTES + 1 + LINE_END_BYTES;
/** Of a kept line: where its keys are in the queue, their bytes, where they are kept, how many. */
const STRIDE = 4;

/**
 * The lines of gets on their way to one server. memcached answers each line with a write of its
 * own, so gets that follow each other become one line, as long as nothing else comes between and
 * the line is not written yet. The keys of lines that several requests share are kept until their
 * reply is dealt out.
 */
export class GetLines {
  readonly #engine: Engine;
  readonly #connection: BackendConnection;
  readonly #stash: Stash;
  /** The line that may still grow: where it begins, and the address behind it; 0 = none. */
  #start = 0;
  #end = 0;
  /** Bytes that the last call of reserve() put into the queue. */
  added = 0;
  #keys = 0;
  /** Blanks between its last key and its line end. */
  #blanks = 0;
  #requests = 0;
  /** Where its keys will be kept, 0 while it has one request. */
  #room = 0;
  /** Kept lines, oldest first, in a ring; those from #copied on are not copied yet. */
  #kept: Int32Array = new Int32Array(4 * STRIDE);
  #mask = 3;
  #head = 0;
  #copied = 0;
  #tail = 0;

  constructor(engine: Engine, connection: BackendConnection) {
    this.#engine = engine;
    this.#connection = connection;
    this.#stash = new Stash(engine.slabs);
  }

  /**
   * Finds room for the get of a record, of which only the key is copied then, with its blank.
   * @param length of the request @returns 0 when it has another form or there is no room
   */
  place(record: number, length: number): number {
    const { words } = this.#engine;
    const keyLength = words[record + RECORD_KEY_LENGTH];
    if (length !== keyLength + GET_FRAME_BYTES) return 0;
    const at = this.reserve(keyLength + 1, 0);
    if (at === 0) return 0;
    words[record + RECORD_START] = words[record + RECORD_KEY] - 1;
    words[record + RECORD_LENGTH] = keyLength + 1;
    return at;
  }

  /**
   * Room for keys in a line of gets: `length` bytes, to be filled before the next write with one
   * blank before each key. The line is complete around them.
   * @param blanks behind the last key, 0 or 1 @returns 0 when no slab can hold the line
   */
  reserve(length: number, blanks: number): number {
    if (this.#end !== 0) {
      if (this.#extend(length, blanks)) return this.#end - LINE_END_BYTES - blanks - length;
      this.#close();
    }
    const bytes = GET_BYTES + length + blanks + LINE_END_BYTES;
    const at = this.#connection.out.reserve(bytes);
    if (at === 0) return 0;
    const { bytes: arena } = this.#engine;
    arena[at] = G;
    arena[at + 1] = E;
    arena[at + 2] = T;
    this.#start = at;
    this.#endAt(at + bytes, blanks);
    this.#requests = 1;
    this.added = bytes;
    return at + GET_BYTES;
  }

  #extend(length: number, blanks: number): boolean {
    const { out, server } = this.#connection;
    const added = length + blanks - this.#blanks;
    const end = this.#end + added;
    if (end - this.#start > JOINED_LINE_BYTES || !server.joinsGets) return false;
    if (!out.canExtend(this.#end, added) || !this.#hasRoom()) return false;
    out.extend(added);
    this.#endAt(end, blanks);
    this.#requests++;
    this.added = added;
    return true;
  }

  /** Whether the keys of the line can be kept. */
  #hasRoom(): boolean {
    if (this.#room !== 0) return true;
    if (this.#stash.bytes <= JOINED_KEPT_BYTES) this.#room = this.#stash.take(JOINED_LINE_BYTES);
    return this.#room !== 0;
  }

  #endAt(end: number, blanks: number): void {
    const { bytes } = this.#engine;
    if (blanks !== 0) bytes[end - 3] = BLANK;
    bytes[end - 2] = CR;
    bytes[end - 1] = LF;
    this.#end = end;
    this.#blanks = blanks;
  }

  /**
   * The newest request in flight is the one that room was reserved for, with so many keys. Said
   * before anything else is sent or reserved.
   */
  noteKeys(keys: number): void {
    // A line that is too long by itself has no others, and maybe more keys than can be noted.
    if (this.#end - this.#start > JOINED_LINE_BYTES) {
      this.#close();
      return;
    }
    this.#keys += keys;
    this.#connection.inFlight.join(this.#requests, keys);
  }

  /** The line grows no more. Its keys may not be in their place yet. */
  #close(): void {
    if (this.#requests > 1) {
      const start = this.#start + GET_BYTES;
      this.#keep(start, this.#end - LINE_END_BYTES - this.#blanks - start);
    }
    this.#keys = 0;
    this.#end = 0;
    this.#start = 0;
    this.#requests = 0;
    this.#room = 0;
  }

  #keep(start: number, length: number): void {
    if (((this.#tail - this.#head) | 0) > this.#mask) this.#grow();
    const at = (this.#tail & this.#mask) * STRIDE;
    this.#stash.shrink(JOINED_LINE_BYTES, length);
    this.#kept[at] = start;
    this.#kept[at + 1] = length;
    this.#kept[at + 2] = this.#room;
    this.#kept[at + 3] = this.#keys;
    this.#tail = (this.#tail + 1) | 0;
  }

  #grow(): void {
    const size = this.#mask + 1;
    const kept = new Int32Array(size * 2 * STRIDE);
    for (let i = 0; i < size; i++) {
      const from = ((this.#head + i) & this.#mask) * STRIDE;
      kept.set(this.#kept.subarray(from, from + STRIDE), i * STRIDE);
    }
    this.#kept = kept;
    this.#copied = (this.#copied - this.#head) | 0;
    this.#head = 0;
    this.#tail = size;
    this.#mask = size * 2 - 1;
  }

  /** The queue is about to be written, and all its bytes are in their places. */
  beforeWrite(): void {
    if (this.#end !== 0) this.#close();
    const { memory } = this.#engine;
    for (; this.#copied !== this.#tail; this.#copied = (this.#copied + 1) | 0) {
      const at = (this.#copied & this.#mask) * STRIDE;
      const start = this.#kept[at];
      memory.copyWithin(this.#kept[at + 2], start, start + this.#kept[at + 1]);
    }
  }

  /** Where the keys of the oldest kept line are, one blank before each. */
  get keys(): number {
    return this.#kept[(this.#head & this.#mask) * STRIDE + 2];
  }

  get keysEnd(): number {
    const at = (this.#head & this.#mask) * STRIDE;
    return this.#kept[at + 2] + this.#kept[at + 1];
  }

  /** How many they are; 0 when no line is kept that was written. */
  get keyCount(): number {
    if (this.#head === this.#copied) return 0;
    return this.#kept[(this.#head & this.#mask) * STRIDE + 3];
  }

  /** The oldest kept line is answered. */
  shift(): void {
    const at = (this.#head & this.#mask) * STRIDE;
    this.#stash.give(this.#kept[at + 2], this.#kept[at + 1]);
    this.#head = (this.#head + 1) | 0;
  }

  /** The connection is lost. */
  drop(): void {
    if (this.#end !== 0) this.#close();
    while (this.#head !== this.#tail) this.shift();
    this.#copied = this.#head;
  }
}
