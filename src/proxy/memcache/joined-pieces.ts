import {
  END_LINE,
  FLAG_FIRST,
  FLAG_LAST,
  MC_REPLY_ERROR,
  MC_REPLY_VALUES,
} from '../../protocol/frame-table.ts';
import { isItemOf } from '../../protocol/memcache/item-match.ts';
import { END } from '../../protocol/memcache/replies.ts';
import { valueBlock } from '../../protocol/memcache/reply-line.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { Engine } from '../engine/engine.ts';
import type { GetLines } from './get-lines.ts';
import type { JoinPolicy } from './join-policy.ts';

const LF = 0x0a;
const BLANK = 0x20;
const VALUE = 'VALUE ';
const LINE_END_BYTES = 2;

/**
 * One reply to a line that several gets share, so large that it comes in pieces. Each request in
 * turn gets its part as a reply in pieces of its own. Pieces end behind a line or within data.
 */
export class JoinedPieces {
  readonly #engine: Engine;
  readonly #connection: BackendConnection;
  readonly #gets: GetLines;
  readonly #policy: JoinPolicy;
  /** Requests that have not got all of their reply, with the one that is getting it. */
  #requests: number;
  /** Keys of that one which have not been looked at. */
  #keysLeft: number;
  /** Where the next key is in the kept line, behind the blank. */
  #key: number;
  /** Bytes of the item's data that are still to come. */
  #dataLeft = 0;
  /** Nothing of the current request's reply was passed on. */
  #first = true;

  constructor(engine: Engine, connection: BackendConnection, gets: GetLines, policy: JoinPolicy) {
    this.#engine = engine;
    this.#connection = connection;
    this.#gets = gets;
    this.#policy = policy;
    this.#requests = connection.inFlight.headJoined;
    this.#keysLeft = connection.inFlight.headKeys;
    this.#key = gets.keys + 1;
  }

  /** @param last it is the last piece @returns false when an item is not that of a key */
  take(start: number, length: number, last: boolean): boolean {
    const end = start + length;
    for (let at = start; at < end; ) {
      if (this.#dataLeft > 0) {
        const size = Math.min(this.#dataLeft, end - at);
        this.#pass(at, size, MC_REPLY_VALUES, false);
        this.#dataLeft -= size;
        at += size;
        if (this.#dataLeft + this.#keysLeft === 0 && this.#requests > 1) this.#complete();
        continue;
      }
      const lineEnd = this.#engine.memory.indexOf(LF, at) + 1;
      const line = this.#engine.memory.toString('latin1', at, lineEnd - LINE_END_BYTES);
      if (!line.startsWith(VALUE)) return last && this.#finish(at, lineEnd - at, line);
      const size = valueBlock(this.#engine.bytes, at, lineEnd - LINE_END_BYTES);
      if (size < 0 || !this.#findKey(at, lineEnd)) return false;
      this.#dataLeft = size + LINE_END_BYTES;
      this.#pass(at, lineEnd - at, MC_REPLY_VALUES, false);
      at = lineEnd;
    }
    return !last;
  }

  /** Goes on to the key of the item at [at, end); requests that it is not for are complete. */
  #findKey(at: number, end: number): boolean {
    const { bytes } = this.#engine;
    const last = this.#gets.keysEnd;
    for (;;) {
      while (this.#keysLeft === 0) {
        if (this.#requests === 1) return false;
        this.#complete();
      }
      const key = this.#key;
      let keyEnd = key;
      while (keyEnd < last && bytes[keyEnd] !== BLANK) keyEnd++;
      this.#key = keyEnd + 1;
      this.#keysLeft--;
      if (isItemOf(bytes, at, end, key, keyEnd - key)) return true;
    }
  }

  /** The current request has all its items. */
  #complete(): void {
    this.#pass(END_LINE, END.length, MC_REPLY_VALUES, true);
    this.#requests--;
    this.#first = true;
    this.#keysLeft = this.#connection.inFlight.headKeys;
  }

  /** The line at [at, at + length), END or an error, is what all other requests end with. */
  #finish(at: number, length: number, line: string): boolean {
    const isEnd = line === 'END';
    if (!isEnd) this.#policy.onFailed(line);
    for (; this.#requests > 0; this.#requests--) {
      this.#pass(at, length, isEnd ? MC_REPLY_VALUES : MC_REPLY_ERROR, true);
      this.#first = true;
    }
    this.#gets.shift();
    return true;
  }

  /** Gives the current request a piece of its reply; the last one takes it out of flight. */
  #pass(start: number, length: number, kind: number, last: boolean): void {
    const flags = (this.#first ? FLAG_FIRST : 0) | (last ? FLAG_LAST : 0);
    this.#first = false;
    this.#connection.replies.oldest.piece(start, length, flags | kind, 0, 0);
  }
}
