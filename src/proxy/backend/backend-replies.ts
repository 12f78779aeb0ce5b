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
} from '../../protocol/frame-table.ts';
import { RESPONSE_BYTES, RESPONSES } from '../../stats/counters.ts';
import { CARRY_LIMIT, Carry } from '../engine/carry.ts';
import type { Engine, SavedState } from '../engine/engine.ts';
import type { GuardedConnection } from '../engine/guard.ts';
import type { ReplyReceiver, ReplyStream } from '../engine/receiver.ts';
import {
  countOf,
  detach,
  infoOf,
  isDetached,
  missingOfBulk,
  scannedBytes,
} from '../engine/saved-scan.ts';
import type { WithheldRequests } from './again/withheld-requests.ts';
import {
  IN_FLIGHT_ARRIVED,
  IN_FLIGHT_CLIENT,
  IN_FLIGHT_SERIES,
  IN_FLIGHT_SLOT,
  IN_FLIGHT_WRITTEN,
  type InFlight,
  type ReplyTarget,
  SWALLOWED,
} from './in-flight.ts';
import type { Lane } from './lane.ts';
import type { ConnectionOwner } from './owner.ts';
import { ReplyTimes } from './reply-times.ts';
import type { RequestJoiner } from './request-joiner.ts';
import { type PausedConnection, SlowReader } from './slow-reader.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
/** The connection, as what reads its replies sees it. */
export interface RepliedConnection extends PausedConnection, GuardedConnection {
  readonly owner: ConnectionOwner;
  readonly inFlight: InFlight;
  readonly lane: Lane;
  readonly joiner: RequestJoiner | null;
  /** Requests that wait to be written. */
  readonly unwritten: number;
  /** Null where nothing is sent again. */
  readonly withheld: WithheldRequests | null;
  /** Replies have been handed out. */
  onWalked(): void;
}

/**
 * What a server sends: scanned in the receive window, each reply handed to whoever asked for it.
 */
export class BackendReplies {
  readonly #engine: Engine;
  readonly #connection: RepliedConnection;
  readonly #carry: Carry;
  #saved: SavedState | null = null;
  #partial = false;
  #streamed: ReplyStream | null = null;
  /** The target of a reply that arrives in pieces. */
  #pieces: ReplyTarget | null = null;
  /** When bytes arrived last, in engine milliseconds. */
  progress = 0;
  readonly slowReader: SlowReader;
  readonly times: ReplyTimes;
  readonly #unasked: number;
  /** A reply came that cannot be that of the oldest request. */
  #distrusted = false;
  /** Of the walk that goes on: replies, their bytes, whether the last says that it cannot serve. */
  #answers = 0;
  #bytes = 0;
  #transient = false;

  constructor(engine: Engine, connection: RepliedConnection) {
    this.#engine = engine;
    this.#connection = connection;
    this.#carry = new Carry(engine);
    this.slowReader = new SlowReader(engine, connection);
    this.times = new ReplyTimes(engine, connection);
    this.#unasked = connection.owner.pool.protocol.unaskedType(connection.lane.resp);
  }

  /** A reply has begun and is not complete. */
  get underWay(): boolean {
    if (this.#partial || this.#streamed !== null || this.#pieces !== null) return true;
    return this.#connection.joiner?.underWay ?? false;
  }

  /** The reply of the oldest request has begun to be given to whoever waits for it. */
  get begun(): boolean {
    return this.#streamed !== null || this.#pieces !== null;
  }

  get swallows(): boolean {
    return this.#pieces === SWALLOWED;
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
   * @throws when it is nobody's: then whose the next reply is cannot be known
   */
  #handOut(count: number): boolean {
    const { words, clients, micros } = this.#engine;
    const { inFlight, owner, unwritten, joiner, withheld } = this.#connection;
    const { latency, notedMicros } = owner.pool;
    const unasked = this.#unasked;
    const end = FRAME_WORD + count * RECORD_WORDS;
    let client: ReplyReceiver | null = null;
    let clientId = -1;
    // Whose reply is at hand, and whether its entry in flight is gone.
    let whose: ReplyReceiver | null = null;
    let taken = false;
    for (let record = FRAME_WORD; ; ) {
      try {
        for (; record < end; record += RECORD_WORDS) {
          whose = null;
          taken = false;
          const info = words[record + RECORD_INFO];
          if (unasked !== 0 && (info & 0xff) === unasked) {
            owner.pool.protocol.onUnasked(this.#connection, record);
            continue;
          }
          if (inFlight.count <= unwritten) break;
          const { ring, headAt } = inFlight;
          const id = ring[headAt + IN_FLIGHT_CLIENT];
          if (withheld?.wants(info) && withheld.take(record)) {
            this.#answers++;
            continue;
          }
          const special = id < 0 || (info & WHOLE) !== WHOLE || joiner?.isNext;
          if (special || id !== clientId) {
            whose = client;
            client = null;
            clientId = -1;
            if (whose !== null) this.afterReplies(whose);
            whose = null;
            if (special && !this.#giveSpecial(record, info)) return false;
            if (special) continue;
            clientId = id;
            client = clients[id] as ReplyReceiver;
          }
          whose = client;
          const length = words[record + RECORD_LENGTH];
          const slot = ring[headAt + IN_FLIGHT_SLOT];
          const arrived = ring[headAt + IN_FLIGHT_ARRIVED];
          const series = ring[headAt + IN_FLIGHT_SERIES];
          if (((micros - arrived) | 0) >= notedMicros) this.times.note();
          inFlight.shiftPlain();
          taken = true;
          this.#answers++;
          this.#bytes += length;
          this.#transient = (info & FLAG_TRANSIENT) !== 0;
          if (this.#transient) this.#onTransient();
          const written = ring[headAt + IN_FLIGHT_WRITTEN];
          if (series >= 0) latency?.answered(series, arrived, written, micros);
          const start = words[record + RECORD_START];
          (client as ReplyReceiver).takeRecord(slot, record, start, length, series, arrived);
        }
        whose = client;
        taken = false;
        client = null;
        if (whose !== null) this.afterReplies(whose);
        return record === end;
      } catch (error) {
        if (whose === null || (whose.closed && !taken)) throw error;
        if (taken) words[record + RECORD_DEST] = 0;
        whose.onException(error);
        client = null;
        clientId = -1;
        if (taken) record += RECORD_WORDS;
      }
    }
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
    this.piece(start, length, info, count, key);
    return !this.#distrusted;
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

  /** One piece of the oldest request's reply, or a whole reply that is not simply passed on. */
  piece(start: number, length: number, info: number, count: number, key: number): void {
    if (this.#unasked !== 0 && (info & 0xff) === this.#unasked) return;
    const { inFlight, owner } = this.#connection;
    const { bytes } = this.#engine;
    const last = (info & FLAG_LAST) !== 0;
    if (last) this.times.measure();
    const known = last ? 0 : owner.pool.protocol.replyBytes(bytes, start, length);
    this.slowReader.onPiece(known > length && (info & FLAG_FIRST) !== 0 ? known : length, last);
    const id = inFlight.headClient;
    if (id < 0) {
      const target = inFlight.headTarget;
      this.#pieces = last ? null : target;
      this.tell(target, start, length, info, count, key);
      if (target.distrusts) this.#distrusted = true;
      if (last && inFlight.count > 0 && !target.awaitsMore()) inFlight.shift();
      return;
    }
    const client = this.#engine.clients[id] as ReplyReceiver;
    const slot = inFlight.headSlot;
    if (last) inFlight.shift();
    try {
      this.#passOn(client, slot, start, length, last);
    } catch (error) {
      client.onException(error);
    }
    if (!last) return;
    this.#streamed = null;
    this.slowReader.onReplyEnd();
  }

  /** Gives a target a reply or a piece of one: what goes wrong is its client's trouble. */
  tell(
    target: ReplyTarget,
    start: number,
    length: number,
    info: number,
    count: number,
    key: number,
  ): void {
    const unsent = target.claim?.unsentBytes ?? 0;
    try {
      target.onReply(start, length, info, count, key);
      target.claim?.onKept();
    } catch (error) {
      this.#engine.guard.target(this.#connection, target.claim, error, unsent);
    }
  }

  /** One more piece of a reply that is handed to its client as it arrives. */
  #passOn(client: ReplyReceiver, slot: number, start: number, length: number, last: boolean): void {
    if (last) client.endStream();
    if (client.closed) return;
    this.#streamed ??= client.openStream(slot, this.#connection.inFlight.hasOther(client.id));
    this.#streamed.push(start, length, last);
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
      this.piece(consumed, boundary, info, countOf(saved), 0);
    }
    this.#carry.keep(consumed + boundary, end);
    return true;
  }

  /** The reply that is arriving may be nobody's from here on. */
  onDisowned(): void {
    if (this.#streamed === null || this.#connection.inFlight.headClient >= 0) return;
    this.#streamed = null;
    this.#pieces = SWALLOWED;
    this.slowReader.onReplyEnd();
  }

  drop(): void {
    this.#pieces = null;
    this.#carry.drop();
  }

  /** The connection is lost. @returns whether the oldest reply was being streamed and is settled */
  fail(error: Buffer): boolean {
    const streamed = this.#streamed;
    this.#streamed = null;
    try {
      streamed?.fail(error);
    } catch (trouble) {
      streamed?.onException(trouble);
    }
    return streamed !== null;
  }
}
