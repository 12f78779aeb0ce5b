import { connect, type Socket } from 'node:net';
import {
  BACKEND_OUTPUT_LIMIT,
  FLUSH_MARK,
  POSTPONED_BYTES,
  POSTPONED_WRITES,
  SLOW_READER_GRACE_MS,
} from '../limits.ts';
import { LOG_WARN } from '../log.ts';
import { type ReadHandler, resumeReading } from '../net/reader.ts';
import { type SendOwner, SendQueue } from '../net/send-queue.ts';
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
  RECORD_LENGTH,
  RECORD_START,
  SCAN_ERROR,
  SCAN_FULL,
  SCAN_PARTIAL,
  STATE_BOUNDARY,
  STATE_BULK_LEFT,
  STATE_CONSUMED,
  STATE_COUNT,
  STATE_DETACHED,
  STATE_INFO,
  STATE_OFFSET,
  STATE_RESUME,
  STATE_STATUS,
  WINDOW,
} from '../protocol/frame-table.ts';
import * as counter from '../stats/counters.ts';
import { CURR_CONNECTIONS, TOTAL_CONNECTIONS } from '../stats/counters.ts';
import { Carry } from './carry.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Timed } from './deadlines.ts';
import type { Engine, SavedState } from './engine.ts';
import {
  failureReason,
  failureReply,
  REASON_EOF,
  REASON_INVALID,
  REASON_TIMEOUT,
} from './failure.ts';
import { handshake } from './handshake.ts';
import { InFlight, type ReplyTarget } from './in-flight.ts';
import type { Server } from './server-pool.ts';
import { StreamedReply } from './streamed-reply.ts';
import type { Flushable } from './turn.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const WHOLE = FLAG_FIRST | FLAG_LAST;
const CARRY_LIMIT = WINDOW - HEADROOM;

/**
 * One connection to a server, shared by many clients: requests go out in order, replies come back
 * in order.
 */
export class BackendConnection implements ReadHandler, SendOwner, Flushable, Timed {
  readonly server: Server;
  readonly out: SendQueue;
  readonly inFlight: InFlight = new InFlight();
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly #carry: Carry;
  #saved: SavedState | null = null;
  #partial = false;
  #streamed: StreamedReply | null = null;
  /** The target of a reply that arrives in pieces. */
  #pieces: ReplyTarget | null = null;
  #paused = false;
  #pausedAt = 0;
  #waiting: ClientConnection[] = [];
  #progress = 0;
  /** Requests in flight that are not handed to the socket yet. */
  #unwritten = 0;
  #postponed = 0;
  #bodyCompleteAt = 0;
  flushPending = false;
  connected = false;
  closed = false;
  /** Too much is queued: clients must wait before they send more through here. */
  full = false;
  /** Set for a bulk connection: told when its output may go on or has failed. */
  onWritable: (() => void) | null = null;

  constructor(engine: Engine, server: Server) {
    this.#engine = engine;
    this.server = server;
    this.out = new SendQueue(engine.slabs, this);
    this.#carry = new Carry(engine);
    handshake(this, server.pool);
    const target = server.config;
    const options =
      target.kind === 'unix'
        ? { path: target.path }
        : { host: target.host === '' ? '0.0.0.0' : target.host, port: target.port, noDelay: true };
    this.#socket = connect({ ...options, ...engine.reader.connectOptions(this) } as never);
    engine.reader.attachConnecting(this.#socket, this);
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('end', () => this.fail(REASON_EOF, counter.SERVER_EOF));
    this.#socket.on('error', (error) => this.fail(failureReason(error), counter.SERVER_ERR));
    this.#socket.on('close', () => this.#onClose());
    engine.process[TOTAL_CONNECTIONS]++;
    engine.process[CURR_CONNECTIONS]++;
    engine.deadlines.watch(this);
  }

  #onConnect(): void {
    if (this.closed) return;
    this.connected = true;
    this.server.counters[counter.SERVER_CONNECTIONS]++;
    this.server.onConnected();
    this.out.open(this.#socket);
    this.flush();
  }

  // --- sending ---------------------------------------------------------------------------------

  /** Sends a client's whole request, described by a record, during a walk. */
  sendRecord(record: number, start: number, length: number, client: number, slot: number): void {
    const at = this.out.reserve(length);
    this.#engine.words[record + RECORD_DEST] = at;
    if (at === 0) this.out.copyFrom(start, length);
    this.inFlight.push(client, slot, this.#engine.now);
    this.#sent(length);
  }

  /** Sends a client's whole request from elsewhere in the arena. */
  sendFrom(start: number, length: number, client: number, slot: number): void {
    this.out.copyFrom(start, length);
    this.inFlight.push(client, slot, this.#engine.now);
    this.#sent(length);
  }

  /** Sends a client's whole request from the heap; it must not change any more. */
  sendBuffer(request: Buffer, client: number, slot: number): void {
    this.out.append(request);
    this.inFlight.push(client, slot, this.#engine.now);
    this.#sent(request.length);
  }

  /** `length` bytes were reserved or queued in `out`; their reply is for `target`. */
  sentFor(target: ReplyTarget, length: number): void {
    this.inFlight.pushTarget(target, this.#engine.now);
    this.#sent(length);
  }

  #sent(length: number): void {
    const { counters } = this.server;
    counters[counter.REQUESTS]++;
    this.#unwritten++;
    counters[counter.REQUEST_BYTES] += length;
    this.#engine.turn.markBackend(this);
    this.#armTimeout();
  }

  #armTimeout(): void {
    const { timeoutMs } = this.server.pool.config;
    if (timeoutMs !== 0) this.#engine.deadlines.arm(this.#engine.now + timeoutMs);
  }

  writeOut(): void {
    this.out.flush();
  }

  flush(): boolean {
    if (this.#mayWriteLater()) return false;
    this.#unwritten = 0;
    this.out.flush();
    if (this.out.pendingBytes > BACKEND_OUTPUT_LIMIT) this.full = true;
    return true;
  }

  /**
   * A server that is busy with earlier requests loses nothing by getting the next ones together.
   */
  #mayWriteLater(): boolean {
    const busy = this.connected && this.inFlight.count > this.#unwritten;
    if (!busy || this.#postponed === POSTPONED_WRITES || this.out.unsentBytes > POSTPONED_BYTES) {
      this.#postponed = 0;
      return false;
    }
    this.#postponed++;
    return true;
  }

  onDrained(): void {
    if (this.closed) return;
    this.full = false;
    this.#engine.turn.markBackend(this);
    this.#wakeWaiting();
    this.onWritable?.();
  }

  /** The client is told when this connection takes requests again. */
  waitFor(client: ClientConnection): void {
    this.#waiting.push(client);
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const client of waiting) this.#engine.turn.markClient(client);
  }

  // --- replies ---------------------------------------------------------------------------------

  onRead(length: number): boolean {
    if (this.closed) return true;
    const engine = this.#engine;
    const limit = engine.beginChunk();
    this.#progress = engine.now;
    const end = WINDOW + length;
    let start = this.#carry.restore(WINDOW);
    for (;;) {
      engine.loadState(this.#partial ? this.#saved : null);
      const count = engine.codec.scanReplies(start, end, FRAME_TABLE, limit);
      const status = engine.state(STATE_STATUS);
      const consumed = engine.state(STATE_CONSUMED);
      this.#partial = status === SCAN_PARTIAL;
      if (this.#partial) this.#saved = engine.saveState(this.#saved);
      if (!this.#walk(count)) {
        this.fail(REASON_INVALID, counter.SERVER_ERR);
        return true;
      }
      if (this.closed) return true;
      if (status === SCAN_FULL) {
        start = consumed;
        continue;
      }
      if (status === SCAN_ERROR) {
        this.fail(REASON_INVALID, counter.SERVER_ERR);
        return true;
      }
      if (this.#partial && !this.#keep(consumed, end)) {
        this.fail(REASON_INVALID, counter.SERVER_ERR);
        return true;
      }
      break;
    }
    return !this.#paused;
  }

  /** Hands the scanned replies to their clients. @returns false when one was not asked for */
  #walk(count: number): boolean {
    const engine = this.#engine;
    const { words, clients, turn } = engine;
    const { inFlight } = this;
    let bytes = 0;
    let done = 0;
    let asked = true;
    engine.beginWalk(count);
    for (let i = 0, record = FRAME_WORD; i < count; i++, record += RECORD_WORDS) {
      if (inFlight.count === 0) {
        words[record + RECORD_DEST] = 0;
        asked = false;
        break;
      }
      const info = words[record + RECORD_INFO];
      const start = words[record + RECORD_START];
      const length = words[record + RECORD_LENGTH];
      bytes += length;
      const id = inFlight.headClient;
      if (id < 0 || (info & WHOLE) !== WHOLE) {
        words[record + RECORD_DEST] = 0;
        if ((info & FLAG_LAST) !== 0) done++;
        this.#piece(start, length, info, words[record + RECORD_COUNT]);
        continue;
      }
      done++;
      if ((info & FLAG_TRANSIENT) !== 0) this.server.onTransientReply();
      const slot = inFlight.headSlot;
      inFlight.shift();
      const client = clients[id] as ClientConnection;
      client.references--;
      if (client.closed) {
        words[record + RECORD_DEST] = 0;
        client.releaseIfDone();
      } else {
        client.pipeline.deliverRecord(slot, record, start, length);
        turn.markClient(client);
        if (client.pipeline.out.unsentBytes > FLUSH_MARK) engine.flushSoon(client.pipeline.out);
      }
    }
    engine.endWalk();
    const { counters } = this.server;
    counters[counter.RESPONSES] += done;
    counters[counter.RESPONSE_BYTES] += bytes;
    if (done > 0) this.server.onReplies();
    if (inFlight.count === 0) this.server.onIdle(this);
    return asked;
  }

  /** One piece of the oldest request's reply, or a whole reply that is not simply passed on. */
  #piece(start: number, length: number, info: number, count: number): void {
    const { inFlight } = this;
    const last = (info & FLAG_LAST) !== 0;
    const id = inFlight.headClient;
    if (id < 0) {
      const target = inFlight.headTarget;
      if (last) inFlight.shift();
      this.#pieces = last ? null : target;
      target.onReply(start, length, info, count);
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
    if (detached || end - consumed + missing <= CARRY_LIMIT) {
      if (end - consumed > CARRY_LIMIT) return false;
      this.#carry.keep(consumed, end);
      return true;
    }
    if (this.inFlight.count === 0) return false;
    const boundary = saved[STATE_BOUNDARY - STATE_RESUME];
    if (end - consumed - boundary > CARRY_LIMIT) return false;
    saved[STATE_OFFSET - STATE_RESUME] -= boundary;
    saved[STATE_BOUNDARY - STATE_RESUME] = 0;
    saved[STATE_DETACHED - STATE_RESUME] = 1;
    const info = (saved[STATE_INFO - STATE_RESUME] & 0xffff) | FLAG_FIRST;
    this.#piece(consumed, boundary, info, saved[STATE_COUNT - STATE_RESUME]);
    this.#carry.keep(consumed + boundary, end);
    return true;
  }

  // --- a reply that its client does not take ----------------------------------------------------

  #pauseForSlowReader(client: ClientConnection): void {
    if (this.#paused || !client.overOutputLimit()) return;
    this.#paused = true;
    this.#pausedAt = this.#engine.now;
    client.blocksBackend(this);
    this.server.retire(this);
    this.#engine.deadlines.arm(this.#engine.now + SLOW_READER_GRACE_MS);
  }

  /** The client that held this connection up has taken its bytes, or is gone. */
  resume(): void {
    if (!this.#paused || this.closed) return;
    this.#paused = false;
    this.#progress = Math.floor(performance.now());
    resumeReading(this.#socket);
  }

  // --- time ------------------------------------------------------------------------------------

  nextDeadline(): number {
    if (this.closed || this.inFlight.count === 0) return 0;
    if (this.#paused) {
      return this.inFlight.count > 1 ? this.#pausedAt + SLOW_READER_GRACE_MS : 0;
    }
    const { timeoutMs } = this.server.pool.config;
    if (timeoutMs === 0 || this.onWritable !== null) return 0;
    const streaming = this.#streamed !== null || this.#pieces !== null || this.#partial;
    const since = streaming ? this.#progress : this.inFlight.headTime;
    return Math.max(since, this.#bodyCompleteAt) + timeoutMs;
  }

  onDeadline(now: number): void {
    if (!this.#paused) {
      this.fail(REASON_TIMEOUT, counter.SERVER_TIMEDOUT);
      return;
    }
    this.#pausedAt = now;
    this.#streamed?.client.destroy('it does not read a large reply that others wait behind');
  }

  // --- the end ---------------------------------------------------------------------------------

  /** Closes this connection; each request in flight gets one error, nobody else is touched. */
  fail(reason: string, which: number): void {
    if (this.closed) return;
    const lost = this.inFlight.count;
    this.#shut();
    this.server.counters[which]++;
    this.server.onConnectionLost(this, reason, lost);
    const error = failureReply(reason);
    this.#streamed?.fail(error);
    const streaming = this.#streamed !== null;
    this.#streamed = null;
    for (let first = true; this.inFlight.count > 0; first = false) {
      const id = this.inFlight.headClient;
      const slot = this.inFlight.headSlot;
      if (id < 0) {
        const target = this.inFlight.headTarget;
        this.inFlight.shift();
        target.onFailure(error);
        continue;
      }
      this.inFlight.shift();
      const client = this.#engine.clients[id] as ClientConnection;
      client.references--;
      if (client.closed) {
        client.releaseIfDone();
        continue;
      }
      this.server.pool.counters[counter.FORWARD_ERROR]++;
      // A streamed reply's slot was settled above.
      if (!(first && streaming)) client.pipeline.deliver(slot, error);
      this.#engine.turn.markClient(client);
    }
    this.onWritable?.();
  }

  /**
   * The body of the streamed request is complete: from now on the server has its time to answer.
   */
  bodyComplete(): void {
    this.#bodyCompleteAt = Math.floor(performance.now());
    if (this.inFlight.count === 0) this.server.onIdle(this);
    else if (this.server.pool.config.timeoutMs !== 0) {
      this.#engine.deadlines.arm(this.#bodyCompleteAt + this.server.pool.config.timeoutMs);
    }
  }

  /** Closes a connection whose client has gone in the middle of a request. */
  abandon(): void {
    if (this.closed) return;
    this.#shut();
    for (; this.inFlight.count > 0; this.inFlight.shift()) {
      const id = this.inFlight.headClient;
      if (id < 0) continue;
      const client = this.#engine.clients[id] as ClientConnection;
      client.references--;
      client.releaseIfDone();
    }
  }

  /** Closes an idle connection without an error. */
  close(): void {
    if (this.closed) return;
    this.#shut();
  }

  #shut(): void {
    this.closed = true;
    this.#carry.drop();
    this.out.discard();
    this.#engine.deadlines.forget(this);
    if (this.connected) this.server.counters[counter.SERVER_CONNECTIONS]--;
    this.server.forget(this);
    this.#socket.destroy();
    this.#wakeWaiting();
  }

  #onClose(): void {
    if (!this.closed) this.fail(REASON_EOF, counter.SERVER_EOF);
    this.out.close();
    this.#engine.process[CURR_CONNECTIONS]--;
  }

  logFailure(text: string): void {
    this.#engine.log.write(LOG_WARN, text);
  }
}
