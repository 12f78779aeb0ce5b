import {
  END_LINE,
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
  SCRATCH,
  WHOLE,
} from '../../protocol/frame-table.ts';
import { isItemOf } from '../../protocol/memcache/item-match.ts';
import { END } from '../../protocol/memcache/replies.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import {
  IN_FLIGHT_ARRIVED,
  IN_FLIGHT_CLIENT,
  IN_FLIGHT_JOINED,
  IN_FLIGHT_SERIES,
  IN_FLIGHT_SLOT,
} from '../backend/in-flight.ts';
import type { Engine } from '../engine/engine.ts';
import type { ReplyReceiver } from '../engine/receiver.ts';
import type { GetLines } from './get-lines.ts';
import type { JoinPolicy } from './join-policy.ts';
import { JoinedPieces } from './joined-pieces.ts';

const RECORD_WORDS = RECORD_BYTES / 4;
const BLANK = 0x20;
const LF = 0x0a;
const OTHER_ITEMS = 'items of other keys';

/**
 * Replies to lines that several gets share: each request gets the items of its keys and an END of
 * its own. Nobody is given anything but items of the keys that were asked for.
 */
export class JoinedReplies {
  readonly #engine: Engine;
  readonly #connection: BackendConnection;
  readonly #gets: GetLines;
  readonly #policy: JoinPolicy;
  #pieces: JoinedPieces | null = null;

  constructor(engine: Engine, connection: BackendConnection, gets: GetLines, policy: JoinPolicy) {
    this.#engine = engine;
    this.#connection = connection;
    this.#gets = gets;
    this.#policy = policy;
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
    if (this.#gets.keyCount === 0) return false;
    if (this.#pieces === null && (info & WHOLE) === WHOLE) {
      return this.#takeWhole(start, length, info & NO_COMMAND, count, ends);
    }
    this.#pieces ??= new JoinedPieces(this.#engine, this.#connection, this.#gets, this.#policy);
    const last = (info & FLAG_LAST) !== 0;
    const good = this.#pieces.take(start, length, last);
    if (last || !good) this.#pieces = null;
    if (!good) this.#refuse(OTHER_ITEMS);
    return good;
  }

  #takeWhole(start: number, length: number, kind: number, count: number, ends: number): boolean {
    if (kind >= MC_REPLY_ERROR) {
      this.#giveError(start, length, kind);
      return true;
    }
    if (kind !== MC_REPLY_VALUES) {
      this.#refuse('something else than items');
      return false;
    }
    if (count <= JOINED_KEYS && this.#giveItems(start, length, count, ends)) return true;
    this.#refuse(OTHER_ITEMS);
    return false;
  }

  #giveItems(start: number, length: number, count: number, known: number): boolean {
    let first = start;
    let ends = known === 0 && count !== 0 ? this.#findEnds(start, length, count) : known;
    if (ends === 0 && count !== 0) return false;
    if (!this.#matches(first, ends, count)) {
      // Some other proxies give the items in an order of their own.
      if (!this.#putInOrder(start, length, count)) return false;
      this.#refuse('items in another order');
      first = SCRATCH;
      ends = JOINED_ENDS;
      if (!this.#matches(first, ends, count)) return false;
    }
    this.#gets.shift();
    this.#dealOut(first, ends);
    return true;
  }

  /** Finds out how many items each key of the line has. */
  #matches(start: number, ends: number, count: number): boolean {
    const { keys, keysEnd, keyCount } = this.#gets;
    return this.#engine.codec.matchItems(keys, keysEnd, start, ends, count) === keyCount;
  }

  /** Gives each request of the line its items, which begin at `start`. */
  #dealOut(start: number, ends: number): void {
    const { words } = this.#engine;
    const { inFlight } = this.#connection;
    let key = KEY_ITEMS / 4;
    let items = 0;
    let from = start;
    let left = inFlight.headJoined;
    let waiting = inFlight.count;
    let id = inFlight.headClient;
    while (left > 0) {
      try {
        for (; left > 0; ) {
          waiting = inFlight.count;
          id = inFlight.headClient;
          key += inFlight.headKeys;
          const first = items;
          const begin = from;
          items = words[key - 1];
          from = items === 0 ? start : words[ends / 4 + items - 1];
          left--;
          const own = items - first;
          const itemEnds = own === 0 ? 0 : ends + first * 4;
          this.#give(begin, from - begin, END.length, MC_REPLY_VALUES, own, itemEnds);
        }
      } catch (error) {
        this.#onException(error, waiting, id);
      }
    }
  }

  /**
   * A request could not be given its reply: its client goes, and the others get theirs.
   * @param waiting requests that were in flight before @param id its client
   * @throws when it is still in flight, so that whose the next reply is cannot be known
   */
  #onException(error: unknown, waiting: number, id: number): void {
    const client = this.#engine.clients[id] ?? null;
    if (client === null || this.#connection.inFlight.count >= waiting) throw error;
    client.onException(error);
  }

  /**
   * Copies items to SCRATCH in the order of the keys, and the ends of the copies to JOINED_ENDS.
   * @returns false when one of them is for no key
   */
  #putInOrder(start: number, length: number, count: number): boolean {
    const { bytes, words, codec } = this.#engine;
    const { keys, keysEnd } = this.#gets;
    this.#engine.takePartTable();
    const found = codec.splitMemcacheValues(start, start + length, PART_TABLE, count);
    if (found !== count) return false;
    let to = SCRATCH;
    let taken = 0;
    for (let key = keys + 1; key < keysEnd; ) {
      let keyEnd = key;
      while (keyEnd < keysEnd && bytes[keyEnd] !== BLANK) keyEnd++;
      for (let i = 0, at = PART_TABLE / 4; i < count; i++, at += RECORD_WORDS) {
        const item = words[at + RECORD_START];
        const end = item + words[at + RECORD_LENGTH];
        if (item === 0 || !isItemOf(bytes, item, end, key, keyEnd - key)) continue;
        bytes.copyWithin(to, item, end);
        to += end - item;
        words[JOINED_ENDS / 4 + taken++] = to;
        words[at + RECORD_START] = 0; // taken
        break;
      }
      key = keyEnd + 1;
    }
    return taken === count;
  }

  /** Ends of the items of a reply that the scanner did not see at once; 0 when it has others. */
  #findEnds(start: number, length: number, count: number): number {
    const { words, codec } = this.#engine;
    this.#engine.takePartTable();
    const found = codec.splitMemcacheValues(start, start + length, PART_TABLE, count);
    if (found !== count) return 0;
    for (let i = 0, at = PART_TABLE / 4; i < count; i++, at += RECORD_WORDS) {
      words[JOINED_ENDS / 4 + i] = words[at + RECORD_START] + words[at + RECORD_LENGTH];
    }
    return JOINED_ENDS;
  }

  /** The line has an error for its reply: so has each request. */
  #giveError(start: number, length: number, kind: number): void {
    const { memory } = this.#engine;
    const end = start + length;
    const line = Math.max(start, memory.lastIndexOf(LF, end - 2) + 1);
    this.#policy.onFailed(memory.toString('latin1', line, end).trim());
    this.#gets.shift();
    const { inFlight } = this.#connection;
    for (let left = inFlight.headJoined; left > 0; left--) {
      const { count, headClient } = inFlight;
      try {
        this.#give(line, end - line, 0, kind, 0, 0);
      } catch (error) {
        this.#onException(error, count, headClient);
      }
    }
  }

  /**
   * Gives the oldest request its reply: `length` bytes at `start`, which are `items` items or an
   * error, and so much of END.
   */
  #give(
    start: number,
    length: number,
    endLength: number,
    kind: number,
    items: number,
    ends: number,
  ): void {
    const { inFlight, replies } = this.#connection;
    const { ring, headAt } = inFlight;
    const id = ring[headAt + IN_FLIGHT_CLIENT];
    if (id < 0) {
      replies.times.measure();
      replies.oldest.tell(inFlight.headTarget, start, length, WHOLE | kind, items, ends);
      if (inFlight.count > 0) inFlight.shift();
      return;
    }
    replies.times.answered();
    const slot = ring[headAt + IN_FLIGHT_SLOT];
    const series = ring[headAt + IN_FLIGHT_SERIES];
    const arrived = ring[headAt + IN_FLIGHT_ARRIVED];
    inFlight.shiftPlain();
    const client = this.#engine.clients[id] as ReplyReceiver;
    client.takeTwo(slot, start, length, END_LINE, endLength, series, arrived);
    replies.afterReplies(client);
  }

  #refuse(what: string): void {
    this.#policy.onRefused(what);
  }
}
