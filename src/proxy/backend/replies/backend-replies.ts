import {
  FLAG_FIRST,
  FLAG_LAST,
  FLAG_TRANSIENT,
  FRAME_TABLE,
  RECORD_BYTES,
  RECORD_COUNT,
  RECORD_DEST,
  RECORD_INFO,
  RECORD_KEY,
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
import { RESPONSE_BYTES, RESPONSES } from '../../../stats/counters.ts';
import { CARRY_LIMIT, Carry } from '../../engine/carry.ts';
import type { Engine, SavedState } from '../../engine/engine.ts';
import type { ReplyReceiver } from '../../engine/receiver.ts';
import {
  countOf,
  detach,
  infoOf,
  isDetached,
  missingOfBulk,
  scannedBytes,
} from '../../engine/saved-scan.ts';
import type { WithheldRequests } from '../again/withheld-requests.ts';
import {
  IN_FLIGHT_ARRIVED,
  IN_FLIGHT_SERIES,
  IN_FLIGHT_SLOT,
  IN_FLIGHT_WRITTEN,
} from '../in-flight.ts';
import type { RequestJoiner } from '../request-joiner.ts';
import { OldestReply, type RepliedConnection } from './oldest-reply.ts';
import { ReplyTimes } from './reply-times.ts';
import { SlowReader } from './slow-reader.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/**
 * What a server sends: scanned in the receive window, each reply handed to whoever asked for it.
 */
export class BackendReplies {
  readonly #engine: Engine;
  readonly #connection: RepliedConnection;
  readonly #carry: Carry;
  #saved: SavedState | null = null;
  #partial = false;
  /** When bytes arrived last, in engine milliseconds. */
  progress = 0;
  readonly slowReader: SlowReader;
  readonly times: ReplyTimes;
  readonly oldest: OldestReply;
  readonly #unasked: number;
  /** Of the walk that goes on: replies, their bytes, whether the last says that it cannot serve. */
  #answers = 0;
  #bytes = 0;
  #transient = false;
  /** Of the reply at hand: its record, whose it is, and whether its entry in flight is gone. */
  #at = FRAME_WORD;
  #whose: ReplyReceiver | null = null;
  #taken = false;

  constructor(engine: Engine, connection: RepliedConnection) {
    this.#engine = engine;
    this.#connection = connection;
    this.#carry = new Carry(engine);
    this.slowReader = new SlowReader(engine, connection);
    this.times = new ReplyTimes(engine, connection);
    this.oldest = new OldestReply(engine, connection, this.slowReader, this.times);
    this.#unasked = connection.owner.pool.protocol.unaskedType(connection.lane.resp);
  }

  /** A reply has begun and is not complete. */
  get underWay(): boolean {
    if (this.#partial || this.oldest.begun) return true;
    return this.#connection.joiner?.underWay ?? false;
  }

  get swallows(): boolean {
    return this.oldest.swallows;
  }

  isFor(client: number): boolean {
    return this.slowReader.isFor(client);
  }

  /** The server has been asked for something that it has not answered. */
  get #isOwed(): boolean {
    return this.#connection.inFlight.count > this.#connection.unwritten;
  }

  /**
   * Takes `length` new bytes in the receive window.
   * @returns false when the server sent what it should not: the connection must be closed
   */
  read(length: number): boolean {
    const engine = this.#engine;
    const connection = this.#connection;
    const { protocol } = connection.owner.pool;
    const limit = engine.beginChunk();
    this.progress = engine.now;
    const end = WINDOW + length;
    let start = this.#carry.restore(WINDOW);
    for (;;) {
      engine.loadState(this.#partial ? this.#saved : null);
      const count = protocol.scanReplies(start, end, FRAME_TABLE, limit);
      const status = engine.state(STATE_STATUS);
      const consumed = engine.state(STATE_CONSUMED);
      this.#partial = status === SCAN_PARTIAL;
      if (this.#partial) this.#saved = engine.saveState(this.#saved);
      if (!this.#walk(count)) return false;
      if (connection.closed) return true;
      if (status === SCAN_FULL) {
        start = consumed;
        continue;
      }
      if (status === SCAN_ERROR) return false;
      if (!this.#partial) return true;
      // A reply begins that nobody asked for: with the next request it would become that one's.
      if (!this.#isOwed) return false;
      return this.#keep(consumed, end);
    }
  }

  /** Hands the scanned replies to their clients. @returns false when one was not asked for */
  #walk(count: number): boolean {
    const { inFlight, owner } = this.#connection;
    this.#answers = 0;
    this.#bytes = 0;
    this.#transient = false;
    this.#engine.beginWalk(count);
    let asked = false;
    try {
      asked = this.#handOut(count);
    } finally {
      this.#engine.endWalk();
    }
    const { counters } = owner;
    counters[RESPONSES] += this.#answers;
    counters[RESPONSE_BYTES] += this.#bytes;
    if (this.#answers > 0 && !this.#transient) owner.onReplies();
    if (this.#connection.withheld !== null) this.#connection.onWalked();
    if (inFlight.count === 0) owner.onIdle(this.#connection);
    return asked;
  }

  /**
   * An exception belongs to the client whose reply is at hand, and the walk goes on behind it.
   * @returns false when a reply was not asked for
   * @throws when it is nobody's: then whose the next reply is cannot be known
   */
  #handOut(count: number): boolean {
    const end = FRAME_WORD + count * RECORD_WORDS;
    this.#at = FRAME_WORD;
    for (;;) {
      try {
        let asked = true;
        while (asked && this.#at < end) asked = this.#handNext(end);
        return asked;
      } catch (error) {
        if (this.#excuse(error)) this.#at += RECORD_WORDS;
      }
    }
  }

  /** One reply, or several to one client in a row. @returns false when nobody has asked for it */
  #handNext(end: number): boolean {
    const record = this.#at;
    const connection = this.#connection;
    const { inFlight, unwritten, joiner, withheld } = connection;
    const info = this.#engine.words[record + RECORD_INFO];
    if (this.#unasked !== 0 && (info & 0xff) === this.#unasked) {
      connection.owner.pool.protocol.onUnasked(connection, record);
    } else if (inFlight.count <= unwritten) {
      return false;
    } else if (withheld?.wants(info) && withheld.take(record)) {
      this.#answers++;
    } else if (inFlight.headClient < 0 || (info & WHOLE) !== WHOLE || joiner?.isNext) {
      if (!this.#giveSpecial(record, info)) return false;
    } else {
      this.#handRow(end, info, unwritten);
      return true;
    }
    this.#at = record + RECORD_WORDS;
    return true;
  }

  /**
   * A whole reply, and those behind it to the same client, go to where its replies are.
   * @param first what is known of the first @param unwritten requests that no reply can be to
   */
  #handRow(end: number, first: number, unwritten: number): void {
    const { words, micros, clients } = this.#engine;
    const { inFlight, owner, joiner, withheld } = this.#connection;
    const { latency, notedMicros } = owner.pool;
    const id = inFlight.headClient;
    const client = clients[id] as ReplyReceiver;
    this.#whose = client;
    let record = this.#at;
    let info = first;
    do {
      const { ring, headAt } = inFlight;
      const slot = ring[headAt + IN_FLIGHT_SLOT];
      const arrived = ring[headAt + IN_FLIGHT_ARRIVED];
      const series = ring[headAt + IN_FLIGHT_SERIES];
      if (((micros - arrived) | 0) >= notedMicros) this.times.note();
      inFlight.shiftPlain();
      this.#taken = true;
      this.#transient = (info & FLAG_TRANSIENT) !== 0;
      if (this.#transient) this.#onTransient();
      if (series >= 0) latency?.answered(series, arrived, ring[headAt + IN_FLIGHT_WRITTEN], micros);
      const length = words[record + RECORD_LENGTH];
      this.#bytes += length;
      this.#answers++;
      client.takeRecord(slot, record, words[record + RECORD_START], length, series, arrived);
      this.#taken = false;
      record += RECORD_WORDS;
      this.#at = record;
      if (record >= end || inFlight.count <= unwritten || inFlight.headClient !== id) break;
      info = words[record + RECORD_INFO];
    } while (this.#isPlain(info, joiner, withheld));
    this.afterReplies(client);
    this.#whose = null;
  }

  /** Whether a reply is for the client that asked, and it alone. */
  #isPlain(info: number, joiner: RequestJoiner | null, withheld: WithheldRequests | null): boolean {
    if ((info & WHOLE) !== WHOLE) return false;
    if (this.#unasked !== 0 && (info & 0xff) === this.#unasked) return false;
    return !joiner?.isNext && !withheld?.wants(info);
  }

  /**
   * @returns whether the reply at hand is done with
   * @throws the error when it is nobody's, or of one who is gone
   */
  #excuse(error: unknown): boolean {
    const whose = this.#whose;
    const taken = this.#taken;
    this.#whose = null;
    this.#taken = false;
    if (whose === null || (whose.closed && !taken)) throw error;
    if (taken) this.#engine.words[this.#at + RECORD_DEST] = 0;
    whose.onException(error);
    return taken;
  }

  /** A reply, or a piece of one, that is not simply passed on. @returns false when not asked for */
  #giveSpecial(record: number, info: number): boolean {
    const { words } = this.#engine;
    const { inFlight, joiner } = this.#connection;
    const start = words[record + RECORD_START];
    const length = words[record + RECORD_LENGTH];
    const count = words[record + RECORD_COUNT];
    const key = words[record + RECORD_KEY];
    this.#bytes += length;
    if (joiner?.isNext) {
      this.#transient = false;
      const before = inFlight.count;
      const asked = joiner.take(start, length, info, count, key);
      this.#answers += before - inFlight.count;
      return asked;
    }
    if ((info & FLAG_LAST) !== 0) this.#answers++;
    this.oldest.piece(start, length, info, count, key);
    return !this.oldest.distrusted;
  }

  /** The server counts as failing; what goes wrong with that is no client's trouble. */
  #onTransient(): void {
    const { owner } = this.#connection;
    try {
      owner.onTransientReply();
    } catch (error) {
      this.#engine.guard.note(`server ${owner.title} does not count as failing`, error);
    }
  }

  /** The client has got one reply or several in a row. */
  afterReplies(client: ReplyReceiver): void {
    if (client.closed) return;
    client.tookReplies();
    this.slowReader.pauseFor(client);
  }

  /** Keeps an unfinished reply: carried when small, taken away in pieces when large. */
  #keep(consumed: number, end: number): boolean {
    const saved = this.#saved as SavedState;
    const known = scannedBytes(saved) + missingOfBulk(saved);
    if (isDetached(saved) || Math.max(known, end - consumed) <= CARRY_LIMIT) {
      if (end - consumed > CARRY_LIMIT) return false;
      this.#carry.keep(consumed, end);
      return true;
    }
    if (!this.#isOwed) return false;
    const boundary = detach(saved);
    if (end - consumed - boundary > CARRY_LIMIT) return false;
    const info = (infoOf(saved) & 0xffff) | FLAG_FIRST;
    const { inFlight, owner, joiner } = this.#connection;
    owner.counters[RESPONSE_BYTES] += boundary;
    if (joiner?.isNext) {
      const before = inFlight.count;
      if (!joiner.take(consumed, boundary, info, 0, 0)) return false;
      owner.counters[RESPONSES] += before - inFlight.count;
    } else {
      this.oldest.piece(consumed, boundary, info, countOf(saved), 0);
    }
    this.#carry.keep(consumed + boundary, end);
    return true;
  }

  drop(): void {
    this.oldest.drop();
    this.#carry.drop();
  }
}
