import {
  END_LINE,
  FLAG_FIRST,
  FLAG_LAST,
  JOINED_ENDS,
  JOINED_KEYS,
  KEY_ITEMS,
  MC_REPLY_ERROR,
  MC_REPLY_VALUES,
  NO_COMMAND,
  PART_TABLE,
  RECORD_BYTES,
  RECORD_LENGTH,
  RECORD_START,
} from '../protocol/frame-table.ts';
import { END } from '../protocol/memcache/replies.ts';
import type { BackendConnection } from './backend-connection.ts';
import type { BackendReplies } from './backend-replies.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Engine } from './engine.ts';
import type { GetLines } from './get-lines.ts';
import {
  IN_FLIGHT_ARRIVED,
  IN_FLIGHT_CLIENT,
  IN_FLIGHT_JOINED,
  IN_FLIGHT_SERIES,
  IN_FLIGHT_SLOT,
} from './in-flight.ts';
import { JoinedPieces } from './joined-pieces.ts';

const RECORD_WORDS = RECORD_BYTES / 4;
const WHOLE = FLAG_FIRST | FLAG_LAST;
const LF = 0x0a;

/**
 * Replies to lines that several gets share: each request gets the items of its keys and an END of
 * its own. The items must be those of the keys, in their order: nothing else is given to anybody.
 */
export class JoinedReplies {
  readonly #engine: Engine;
  readonly #connection: BackendConnection;
  readonly #gets: GetLines;
  readonly #replies: BackendReplies;
  #pieces: JoinedPieces | null = null;

  constructor(engine: Engine, connection: BackendConnection, gets: GetLines, to: BackendReplies) {
    this.#engine = engine;
    this.#connection = connection;
    this.#gets = gets;
    this.#replies = to;
  }

  /** Some of the requests have their reply, or a part of it, and some have not. */
  get underWay(): boolean {
    return this.#pieces !== null;
  }

  /** The oldest request in flight shares its line with others, or its reply is being dealt out. */
  get isNext(): boolean {
    const { ring, headAt, count } = this.#connection.inFlight;
    return this.#pieces !== null || (count > 0 && ring[headAt + IN_FLIGHT_JOINED] >>> 16 !== 0);
  }

  /**
   * Takes a reply, or a piece of one, as ReplyTarget.onReply().
   * @returns false when it does not answer the line
   */
  take(start: number, length: number, info: number, count: number, ends: number): boolean {
    if (this.#pieces === null && (info & WHOLE) === WHOLE) {
      return this.#takeWhole(start, length, info & NO_COMMAND, count, ends);
    }
    this.#pieces ??= new JoinedPieces(this.#engine, this.#connection, this.#gets, this.#replies);
    const last = (info & FLAG_LAST) !== 0;
    const good = this.#pieces.take(start, length, last);
    if (last || !good) this.#pieces = null;
    if (!good) this.#refuse('items of other keys');
    return good;
  }

  #takeWhole(start: number, length: number, kind: number, count: number, ends: number): boolean {
    if (kind >= MC_REPLY_ERROR) {
      this.#giveError(start, length, kind);
      return true;
    }
    if (kind !== MC_REPLY_VALUES || !this.#giveItems(start, length, count, ends)) {
      this.#refuse('items of other keys');
      return false;
    }
    return true;
  }

  #giveItems(start: number, length: number, count: number, known: number): boolean {
    const { words, codec } = this.#engine;
    const gets = this.#gets;
    if (count > JOINED_KEYS) return false;
    const ends = known === 0 && count !== 0 ? this.#findEnds(start, length, count) : known;
    if (codec.matchItems(gets.keys, gets.keysEnd, start, ends, count) < 0) return false;
    gets.shift();
    const { inFlight } = this.#connection;
    let key = KEY_ITEMS / 4;
    let items = 0;
    let from = start;
    for (let left = inFlight.headJoined; left > 0; left--) {
      key += inFlight.headKeys;
      const all = words[key - 1];
      const to = all === 0 ? start : words[ends / 4 + all - 1];
      this.#give(from, to - from, all - items, ends + items * 4);
      items = all;
      from = to;
    }
    return true;
  }

  /** The ends of the items of a reply that the scanner did not see at once. */
  #findEnds(start: number, length: number, count: number): number {
    const { words, codec } = this.#engine;
    codec.splitMemcacheValues(start, start + length, PART_TABLE, count);
    for (let i = 0, at = PART_TABLE / 4; i < count; i++, at += RECORD_WORDS) {
      words[JOINED_ENDS / 4 + i] = words[at + RECORD_START] + words[at + RECORD_LENGTH];
    }
    return JOINED_ENDS;
  }

  /** Gives the oldest request its `items` items, `length` bytes at `start`. */
  #give(start: number, length: number, items: number, ends: number): void {
    const { inFlight } = this.#connection;
    const { ring, headAt } = inFlight;
    const id = ring[headAt + IN_FLIGHT_CLIENT];
    if (id < 0) {
      this.#replies.measure();
      const target = inFlight.headTarget;
      target.onReply(start, length, WHOLE | MC_REPLY_VALUES, items, items === 0 ? 0 : ends);
      inFlight.shift();
      return;
    }
    this.#replies.answered();
    const slot = ring[headAt + IN_FLIGHT_SLOT];
    const series = ring[headAt + IN_FLIGHT_SERIES];
    const arrived = ring[headAt + IN_FLIGHT_ARRIVED];
    inFlight.shiftPlain();
    const client = this.#engine.clients[id] as ClientConnection;
    client.references--;
    if (client.closed) {
      client.releaseIfDone();
      return;
    }
    client.pipeline.deliverTwo(slot, start, length, END_LINE, END.length, series, arrived);
    this.#replies.afterReplies(client);
  }

  /** The line has an error for its reply: so has each request. */
  #giveError(start: number, length: number, kind: number): void {
    const { memory, clients } = this.#engine;
    const { inFlight } = this.#connection;
    const end = start + length;
    const line = Math.max(start, memory.lastIndexOf(LF, end - 2) + 1);
    this.#refuse(memory.toString('latin1', line, end).trim());
    this.#gets.shift();
    for (let left = inFlight.headJoined; left > 0; left--) {
      this.#replies.measure();
      const id = inFlight.headClient;
      if (id < 0) {
        const target = inFlight.headTarget;
        target.onReply(line, end - line, WHOLE | kind, 0, 0);
        inFlight.shift();
        continue;
      }
      const slot = inFlight.headSlot;
      inFlight.shift();
      const client = clients[id] as ClientConnection;
      client.references--;
      if (client.closed) {
        client.releaseIfDone();
        continue;
      }
      client.pipeline.deliver(slot, Buffer.from(memory.subarray(line, end)));
      this.#replies.afterReplies(client);
    }
  }

  #refuse(what: string): void {
    this.#connection.server.onJoinedGetsRefused(what);
  }
}
