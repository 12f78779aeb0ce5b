import { FLUSH_MARK, SLOW_READER_GRACE_MS } from '../../limits.ts';
import {
  FLAG_FIRST,
  FLAG_LAST,
  FLAG_TRANSIENT,
  FRAME_TABLE,
  HEADROOM,
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
  STATE,
  STATE_BOUNDARY,
  STATE_BULK_LEFT,
  STATE_CONSUMED,
  STATE_COUNT,
  STATE_DETACHED,
  STATE_INFO,
  STATE_MAX_DEPTH,
  STATE_OFFSET,
  STATE_RESUME,
  STATE_STATUS,
  WINDOW,
} from '../../protocol/frame-table.ts';
import { RESPONSE_BYTES, RESPONSES, SLOW_READERS } from '../../stats/counters.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { StreamedReply } from '../client/streamed-reply.ts';
import { Carry } from '../engine/carry.ts';
import type { Engine, SavedState } from '../engine/engine.ts';
import { JoinedReplies } from '../memcache/joined-replies.ts';
import type { BackendConnection } from './backend-connection.ts';
import {
  IN_FLIGHT_ARRIVED,
  IN_FLIGHT_CLIENT,
  IN_FLIGHT_SERIES,
  IN_FLIGHT_SLOT,
  IN_FLIGHT_WRITTEN,
  type ReplyTarget,
} from './in-flight.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const MAX_DEPTH_WORD = STATE / 4 + STATE_MAX_DEPTH;
const RECORD_WORDS = RECORD_BYTES / 4;
const WHOLE = FLAG_FIRST | FLAG_LAST;
const CARRY_LIMIT = WINDOW - HEADROOM;
/** What a RESP3 server says unasked: nobody's reply. */
const PUSH = 0x3e; // '>'

/**
 * What a server sends: scanned in the receive window, each reply handed to whoever asked for it.
 */
export class BackendReplies {
  readonly #engine: Engine;
  readonly #connection: BackendConnection;
  readonly #carry: Carry;
  #saved: SavedState | null = null;
  #partial = false;
  #streamed: StreamedReply | null = null;
  /** The target of a reply that arrives in pieces. */
  #pieces: ReplyTarget | null = null;
  /** When bytes arrived last, in engine milliseconds. */
  progress = 0;
  /** A client does not take its large reply: nothing is read until it does. */
  paused = false;
  /** When reading went on after a pause of our own: servers are not blamed for it. */
  resumedAt = 0;
  #pausedAt = 0;
  /** How long others have waited behind the slow reader's reply already, in earlier pauses. */
  #waited = 0;
  #slowReader: ClientConnection | null = null;
  readonly #joined: JoinedReplies | null;

  constructor(engine: Engine, connection: BackendConnection) {
    this.#engine = engine;
    this.#connection = connection;
    this.#carry = new Carry(engine);
    const { gets } = connection;
    this.#joined = gets === null ? null : new JoinedReplies(engine, connection, gets, this);
  }

  /** A reply has begun and is not complete. */
  get underWay(): boolean {
    if (this.#partial || this.#streamed !== null || this.#pieces !== null) return true;
    return this.#joined?.underWay ?? false;
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
    const { protocol } = connection.server.pool;
    const limit = engine.beginChunk();
    engine.words[MAX_DEPTH_WORD] = this.#connection.server.pool.config.maxReplyDepth;
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
    const engine = this.#engine;
    const { words, clients, micros } = engine;
    const joined = this.#joined;
    const { inFlight, server, unwritten } = this.#connection;
    const { latency, slowMicros } = server.pool;
    const pushes = this.#connection.lane.resp === 3;
    let bytes = 0;
    let done = 0;
    let asked = true;
    let transient = false;
    let client: ClientConnection | null = null;
    let clientId = -1;
    engine.beginWalk(count);
    for (let i = 0, record = FRAME_WORD; i < count; i++, record += RECORD_WORDS) {
      const info = words[record + RECORD_INFO];
      if (pushes && (info & 0xff) === PUSH) {
        words[record + RECORD_DEST] = 0;
        continue;
      }
      if (inFlight.count <= unwritten) {
        words[record + RECORD_DEST] = 0;
        asked = false;
        break;
      }
      const start = words[record + RECORD_START];
      const length = words[record + RECORD_LENGTH];
      bytes += length;
      const { ring, headAt } = inFlight;
      if (joined?.isNext) {
        words[record + RECORD_DEST] = 0;
        if (client !== null) this.afterReplies(client);
        client = null;
        clientId = -1;
        transient = false;
        const key = words[record + RECORD_KEY];
        const before = inFlight.count;
        asked = joined.take(start, length, info, words[record + RECORD_COUNT], key);
        done += before - inFlight.count;
        if (!asked) break;
        continue;
      }
      const id = ring[headAt + IN_FLIGHT_CLIENT];
      if (id < 0 || (info & WHOLE) !== WHOLE) {
        words[record + RECORD_DEST] = 0;
        if ((info & FLAG_LAST) !== 0) done++;
        const key = words[record + RECORD_KEY];
        this.piece(start, length, info, words[record + RECORD_COUNT], key);
        continue;
      }
      done++;
      transient = (info & FLAG_TRANSIENT) !== 0;
      if (transient) server.onTransientReply();
      const slot = ring[headAt + IN_FLIGHT_SLOT];
      const arrived = ring[headAt + IN_FLIGHT_ARRIVED];
      const written = ring[headAt + IN_FLIGHT_WRITTEN];
      const series = ring[headAt + IN_FLIGHT_SERIES];
      if (series >= 0) latency?.answered(series, arrived, written, micros);
      if (((micros - arrived) | 0) >= slowMicros) this.#logSlow();
      inFlight.shiftPlain();
      if (id !== clientId) {
        if (client !== null) this.afterReplies(client);
        clientId = id;
        client = clients[id] as ClientConnection;
      }
      this.#handOver(client as ClientConnection, slot, record, start, length, series, arrived);
    }
    if (client !== null) this.afterReplies(client);
    engine.endWalk();
    const { counters } = server;
    counters[RESPONSES] += done;
    counters[RESPONSE_BYTES] += bytes;
    if (done > 0 && !transient) server.onReplies();
    if (inFlight.count === 0) server.onIdle(this.#connection);
    return asked;
  }

  #handOver(
    client: ClientConnection,
    slot: number,
    record: number,
    start: number,
    length: number,
    series: number,
    arrived: number,
  ): void {
    client.references--;
    if (client.closed) {
      this.#engine.words[record + RECORD_DEST] = 0;
      client.releaseIfDone();
      return;
    }
    client.pipeline.deliverRecord(slot, record, start, length, series, arrived);
  }

  /** The client has got one reply or several in a row. */
  afterReplies(client: ClientConnection): void {
    if (client.closed) return;
    this.#engine.turn.markClient(client);
    this.#pauseForSlowReader(client);
    const { out } = client.pipeline;
    if (out.unsentBytes > FLUSH_MARK) this.#engine.flushSoon(out);
  }

  /** The reply of the oldest request is complete, and not simply passed on. */
  measure(): void {
    const { inFlight } = this.#connection;
    this.answered();
    const series = inFlight.headSeries;
    if (series < 0) return;
    const { latency } = this.#connection.server.pool;
    latency?.delivered(series, inFlight.headArrived, this.#engine.micros);
  }

  /** The server has answered the oldest request. */
  answered(): void {
    const { inFlight } = this.#connection;
    const { latency, slowMicros } = this.#connection.server.pool;
    const { micros } = this.#engine;
    const { headArrived, headSeries } = inFlight;
    if (headSeries >= 0) latency?.answered(headSeries, headArrived, inFlight.headWritten, micros);
    if (((micros - headArrived) | 0) >= slowMicros && headArrived !== 0) this.#logSlow();
  }

  /** The oldest request took long: it goes into the slow log. */
  #logSlow(): void {
    const { inFlight, server } = this.#connection;
    const { micros, clients } = this.#engine;
    const id = inFlight.headClient;
    server.pool.slowLog?.add({
      head: inFlight.headBytes,
      client: id < 0 ? (inFlight.headTarget.clientAddress ?? '') : (clients[id]?.address ?? ''),
      clientName: id < 0 ? '' : (clients[id]?.session.name ?? ''),
      server,
      totalMicros: (micros - inFlight.headArrived) | 0,
      serverMicros: (micros - inFlight.headWritten) | 0,
    });
  }

  /** One piece of the oldest request's reply, or a whole reply that is not simply passed on. */
  piece(start: number, length: number, info: number, count: number, key: number): void {
    if ((info & 0xff) === PUSH && this.#connection.lane.resp === 3) return;
    const { inFlight } = this.#connection;
    const last = (info & FLAG_LAST) !== 0;
    if (last) this.measure();
    const id = inFlight.headClient;
    if (id < 0) {
      const target = inFlight.headTarget;
      this.#pieces = last ? null : target;
      target.onReply(start, length, info, count, key);
      if (last && !(target.awaitsMore?.() ?? false)) inFlight.shift();
      return;
    }
    const engine = this.#engine;
    const client = engine.clients[id] as ClientConnection;
    if (this.#streamed === null && !client.closed) {
      this.#streamed = new StreamedReply(engine, client, inFlight.headSlot);
    }
    const streamed = this.#streamed;
    if (last) {
      inFlight.shift();
      client.references--;
      this.#streamed = null;
      this.#waited = 0;
    }
    if (client.closed) {
      if (last) client.releaseIfDone();
      return;
    }
    streamed?.push(start, length, last);
    engine.turn.markClient(client);
    engine.flushSoon(client.pipeline.out);
    this.#pauseForSlowReader(client);
  }

  /** Keeps an unfinished reply: carried when small, taken away in pieces when large. */
  #keep(consumed: number, end: number): boolean {
    const saved = this.#saved as SavedState;
    const detached = saved[STATE_DETACHED - STATE_RESUME] !== 0;
    const missing = saved[STATE_BULK_LEFT - STATE_RESUME];
    const known = saved[STATE_OFFSET - STATE_RESUME] + missing;
    if (detached || Math.max(known, end - consumed) <= CARRY_LIMIT) {
      if (end - consumed > CARRY_LIMIT) return false;
      this.#carry.keep(consumed, end);
      return true;
    }
    if (!this.#isOwed) return false;
    const boundary = saved[STATE_BOUNDARY - STATE_RESUME];
    if (end - consumed - boundary > CARRY_LIMIT) return false;
    saved[STATE_OFFSET - STATE_RESUME] -= boundary;
    saved[STATE_BOUNDARY - STATE_RESUME] = 0;
    saved[STATE_DETACHED - STATE_RESUME] = 1;
    const info = (saved[STATE_INFO - STATE_RESUME] & 0xffff) | FLAG_FIRST;
    const { inFlight, server } = this.#connection;
    server.counters[RESPONSE_BYTES] += boundary;
    if (this.#joined?.isNext) {
      const before = inFlight.count;
      if (!this.#joined.take(consumed, boundary, info, 0, 0)) return false;
      server.counters[RESPONSES] += before - inFlight.count;
    } else {
      this.piece(consumed, boundary, info, saved[STATE_COUNT - STATE_RESUME], 0);
    }
    this.#carry.keep(consumed + boundary, end);
    return true;
  }

  #pauseForSlowReader(client: ClientConnection): void {
    if (this.paused || !client.holdsUp(this.#connection)) return;
    this.paused = true;
    this.#slowReader = client;
    this.#pausedAt = this.#engine.now;
    client.blocksBackend(this.#connection);
    this.#connection.server.retire(this.#connection);
    this.#engine.deadlines.arm(this.#connection, this.graceDeadline);
  }

  /** The client that held this up has taken its bytes, or is gone. */
  resume(): void {
    this.paused = false;
    this.progress = Math.floor(performance.now());
    this.resumedAt = this.progress;
    // A reader that takes a little now and then must not hold the others up for ever.
    if (this.#slowReader !== null && this.#connection.inFlight.hasOther(this.#slowReader.id)) {
      this.#waited += this.progress - this.#pausedAt;
    }
    this.#slowReader = null;
  }

  /** When the slow reader must have made room: those behind it wait only so long. */
  get graceDeadline(): number {
    if (this.#connection.inFlight.count === 0) return 0;
    return this.#pausedAt + Math.max(0, SLOW_READER_GRACE_MS - this.#waited);
  }

  /** The grace is over: the slow reader goes, the rest of its reply is swallowed. */
  dropSlowReader(now: number): void {
    this.#pausedAt = now;
    this.#waited = 0;
    if (this.#slowReader === null || !this.#connection.inFlight.hasOther(this.#slowReader.id))
      return;
    this.#connection.server.pool.counters[SLOW_READERS]++;
    this.#slowReader.destroy('it does not read a large reply that others wait behind');
  }

  drop(): void {
    this.#carry.drop();
  }

  /** The connection is lost. @returns whether the oldest reply was being streamed and is settled */
  fail(error: Buffer): boolean {
    const streamed = this.#streamed;
    this.#streamed = null;
    streamed?.fail(error);
    return streamed !== null;
  }
}
