import type { Socket } from 'node:net';
import { FLUSH_MARK, INITIAL_PIPELINE_WINDOW, LINGER_MS, POSTPONED_WRITES } from '../limits.ts';
import { LOG_INFO } from '../log.ts';
import { type ReadHandler, resumeReading } from '../net/reader.ts';
import { type SendOwner, SendQueue } from '../net/send-queue.ts';
import {
  FLAG_FIRST,
  FLAG_LAST,
  FLAG_SPECIAL,
  FRAME_TABLE,
  HEADROOM,
  NO_SERVER,
  RECORD_BYTES,
  RECORD_DEST,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  SCAN_COMPLETE,
  SCAN_ERROR,
  SCAN_FULL,
  SCAN_PARTIAL,
  STATE_ARGS_LEFT,
  STATE_BOUNDARY,
  STATE_BULK_LEFT,
  STATE_CONSUMED,
  STATE_DETACHED,
  STATE_ERROR,
  STATE_ERROR_BYTE,
  STATE_INFO,
  STATE_OFFSET,
  STATE_RESUME,
  STATE_SERVER,
  STATE_STATUS,
  WINDOW,
  WINDOW_BYTES,
} from '../protocol/frame-table.ts';
import { protocolError } from '../protocol/redis/protocol-error.ts';
import * as counter from '../stats/counters.ts';
import type { BackendConnection } from './backend-connection.ts';
import { Carry } from './carry.ts';
import { ClientPipeline } from './client-pipeline.ts';
import type { Timed } from './deadlines.ts';
import type { Engine, SavedState } from './engine.ts';
import { failureReply, REASON_REFUSED } from './failure.ts';
import { LargeRequest } from './large-request.ts';
import type { Pool } from './server-pool.ts';
import { handleSpecial } from './special-requests.ts';
import type { Flushable } from './turn.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const WHOLE = FLAG_FIRST | FLAG_LAST;
const PLAIN_MASK = FLAG_FIRST | FLAG_LAST | FLAG_SPECIAL;
const CARRY_LIMIT = WINDOW - HEADROOM;
/** The smallest a word of a request can be: `$0\r\n\r\n`. */
const SMALLEST_WORD = 6;

/** One client: its requests are scanned, sent to their servers, and answered in order. */
export class ClientConnection implements ReadHandler, SendOwner, Flushable, Timed {
  readonly id: number;
  readonly pool: Pool;
  readonly pipeline: ClientPipeline;
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly #out: SendQueue;
  readonly #carry: Carry;
  #saved: SavedState | null = null;
  #partial = false;
  /** The carry holds whole requests that may not be sent yet. */
  #held = false;
  /** Reading was stopped by returning false from onRead(). */
  #reading = true;
  #large: LargeRequest | null = null;
  /** Nothing more is sent before everything is answered. */
  #barrier = false;
  /** How many requests may be under way: opens while the client keeps up. */
  #window: number;
  #windowStart = 0;
  /** Set by QUIT and protocol errors: no more requests, close when all is answered. */
  #closing = false;
  #ended = false;
  #finished = false;
  #lingerUntil = 0;
  #postponed = 0;
  #blockedBackends: BackendConnection[] = [];
  /** Entries in flight that name this client; its id is not reused before they are gone. */
  references = 0;
  authenticated: boolean;
  closed = false;
  flushPending = false;

  constructor(engine: Engine, pool: Pool, socket: Socket) {
    this.#engine = engine;
    this.pool = pool;
    this.#socket = socket;
    this.#out = new SendQueue(engine.slabs, this);
    this.#out.open(socket);
    this.pipeline = new ClientPipeline(engine, this.#out);
    this.#carry = new Carry(engine);
    this.#window = Math.min(INITIAL_PIPELINE_WINDOW, pool.config.maxPipeline);
    this.authenticated = pool.config.redisAuth === null;
    this.id = engine.addClient(this);
    pool.counters[counter.CLIENT_CONNECTIONS]++;
    engine.process[counter.TOTAL_CONNECTIONS]++;
    engine.process[counter.CURR_CONNECTIONS]++;
    engine.reader.attach(socket, this);
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
  }

  get address(): string {
    const { remoteAddress, remotePort } = this.#socket;
    return remoteAddress === undefined ? 'unix socket' : `${remoteAddress}:${remotePort}`;
  }

  // --- input -----------------------------------------------------------------------------------

  onRead(length: number): boolean {
    if (this.closed || this.#closing) return true;
    const start = this.#carry.restore(WINDOW);
    this.#reading = this.#consume(start, WINDOW + length);
    return this.#reading;
  }

  /**
   * Scans and sends the requests in [start, end) of the arena. @returns whether to go on reading
   */
  #consume(from: number, end: number): boolean {
    const engine = this.#engine;
    let start = from;
    for (;;) {
      const limit = Math.min(engine.beginChunk(), this.#credit());
      if (limit <= 0) return this.#hold(start, end);
      engine.loadState(this.#partial ? this.#saved : null);
      const count = engine.codec.scanRequests(start, end, FRAME_TABLE, limit, this.pool.descriptor);
      const status = engine.state(STATE_STATUS);
      const consumed = engine.state(STATE_CONSUMED);
      this.#partial = status === SCAN_PARTIAL;
      if (this.#partial) this.#saved = engine.saveState(this.#saved);
      const error = engine.state(STATE_ERROR);
      const errorByte = engine.state(STATE_ERROR_BYTE);
      const sent = this.#dispatch(count);
      if (this.closed || this.#closing) return !this.closed;
      if (sent < count || this.#barrier) {
        this.#partial = false;
        const rest =
          sent < count ? engine.words[FRAME_WORD + sent * RECORD_WORDS + RECORD_START] : consumed;
        return this.#hold(rest, end);
      }
      switch (status) {
        case SCAN_COMPLETE:
          return !(this.#large?.mustWait ?? false);
        case SCAN_FULL:
          start = consumed;
          continue;
        case SCAN_PARTIAL:
          return this.#keep(consumed, end);
        case SCAN_ERROR:
          this.answer(protocolError(error, errorByte));
          this.pool.counters[counter.CLIENT_ERR]++;
          engine.log.write(LOG_INFO, `client ${this.address} sent a malformed request`);
          this.stopReading();
          return true;
        default:
          throw new Error(`scan status ${status}`);
      }
    }
  }

  /** Sends scanned requests. @returns how many; fewer than `count` when the next must wait */
  #dispatch(count: number): number {
    const engine = this.#engine;
    const { words } = engine;
    const { servers } = this.pool;
    engine.beginWalk(count);
    let i = 0;
    for (let record = FRAME_WORD; i < count; i++, record += RECORD_WORDS) {
      const info = words[record + RECORD_INFO];
      const start = words[record + RECORD_START];
      const length = words[record + RECORD_LENGTH];
      if ((info & PLAIN_MASK) === WHOLE && this.authenticated) {
        const server = words[record + RECORD_SERVER];
        if (server === NO_SERVER) {
          words[record + RECORD_DEST] = 0;
          this.failForward(REASON_REFUSED);
          continue;
        }
        const connection = servers[server].connectionFor(this.id);
        if (connection.full) {
          connection.waitFor(this);
          break;
        }
        const slot = this.pipeline.open();
        this.references++;
        connection.sendRecord(record, start, length, this.id, slot);
        continue;
      }
      words[record + RECORD_DEST] = 0;
      if ((info & WHOLE) !== WHOLE) {
        if (!this.#largePiece(start, length, info, words[record + RECORD_SERVER])) break;
      } else if (!handleSpecial(this, start, length, info)) {
        break;
      }
      if (this.#closing || this.#barrier || this.closed) {
        i++;
        break;
      }
    }
    // Records behind a stop are scanned again later: they must not be copied now.
    for (let j = i; j < count; j++) words[FRAME_WORD + j * RECORD_WORDS + RECORD_DEST] = 0;
    engine.endWalk();
    if (this.pipeline.outstanding > 0 || this.#out.unsentBytes > 0) engine.turn.markClient(this);
    return i;
  }

  /** Requests that may be sent now. */
  #credit(): number {
    if (this.#barrier || this.overOutputLimit()) return 0;
    return this.#window - this.pipeline.outstanding;
  }

  /** Keeps requests that may not be sent yet, and stops reading. */
  #hold(start: number, end: number): boolean {
    this.#carry.keep(start, end);
    this.#held = this.#carry.length > 0;
    this.#engine.turn.markClient(this);
    return false;
  }

  /** Keeps an unfinished request: carried when small, taken away in pieces when large. */
  #keep(consumed: number, end: number): boolean {
    const saved = this.#saved as SavedState;
    const missing = saved[STATE_BULK_LEFT - STATE_RESUME];
    let from = consumed;
    if (saved[STATE_DETACHED - STATE_RESUME] === 0) {
      if (end - consumed + missing <= CARRY_LIMIT) {
        this.#carry.keep(consumed, end);
        return true;
      }
      const boundary = saved[STATE_BOUNDARY - STATE_RESUME];
      saved[STATE_OFFSET - STATE_RESUME] -= boundary;
      saved[STATE_BOUNDARY - STATE_RESUME] = 0;
      saved[STATE_DETACHED - STATE_RESUME] = 1;
      this.#large = new LargeRequest(this.#engine, this, boundary + missing);
      this.#large.take(consumed, boundary);
      from = consumed + boundary;
    }
    this.#carry.keep(from, end);
    return this.#expectMore(saved, end - from + missing);
  }

  #expectMore(saved: SavedState, missing: number): boolean {
    const large = this.#large as LargeRequest;
    const server = saved[STATE_SERVER - STATE_RESUME];
    const plain =
      (saved[STATE_INFO - STATE_RESUME] & FLAG_SPECIAL) === 0 &&
      server !== NO_SERVER &&
      this.authenticated;
    const words = saved[STATE_ARGS_LEFT - STATE_RESUME];
    large.expect(
      missing + words * SMALLEST_WORD,
      plain ? (this.pool.servers[server] ?? null) : null,
    );
    this.#engine.turn.markClient(this);
    return !large.mustWait;
  }

  /**
   * One more piece of a request that is taken away. @returns false when its last piece must wait
   */
  #largePiece(start: number, length: number, info: number, server: number): boolean {
    const large = this.#large as LargeRequest;
    large.take(start, length);
    if ((info & FLAG_LAST) === 0) return true;
    this.#large = null;
    const streaming = large.isStreaming;
    const request = large.finish();
    if (streaming) {
      this.#barrier = true;
    } else if (request !== null) {
      this.#sendAssembled(request, info, server);
    }
    return true;
  }

  #sendAssembled(request: Buffer, info: number, server: number): void {
    if ((info & FLAG_SPECIAL) === 0 && server !== NO_SERVER && this.authenticated) {
      const connection = this.pool.servers[server].connectionFor(this.id);
      this.references++;
      connection.sendBuffer(request, this.id, this.pipeline.open());
      return;
    }
    const start = this.#engine.placeAssembled(request);
    handleSpecial(this, start, request.length, info, true);
  }

  /** No more requests are taken; the connection closes when all is answered. */
  stopReading(): void {
    this.#closing = true;
    this.#large?.drop();
    this.#large = null;
    this.#carry.drop();
    this.#held = false;
    this.#engine.turn.markClient(this);
  }

  // --- answers ---------------------------------------------------------------------------------

  /** Answers the next request with a complete reply of our own. */
  answer(reply: Buffer): void {
    this.pipeline.deliver(this.pipeline.open(), reply);
    this.#engine.turn.markClient(this);
  }

  /** Answers the next request with the error of a server that cannot be used. */
  failForward(reason: string): void {
    this.pool.counters[counter.FORWARD_ERROR]++;
    this.answer(failureReply(reason));
  }

  writeOut(): void {
    this.#out.flush();
  }

  /** Writes replies, opens or closes the window, and goes on with what had to wait. */
  flush(): boolean {
    if (this.closed) return true;
    if (this.#mayWriteLater()) return false;
    this.#out.flush();
    this.#large?.checkEarlyReply();
    this.#large?.tryStart();
    const { outstanding } = this.pipeline;
    if (outstanding === 0) this.#barrier = false;
    this.#adjustWindow();
    this.#releaseBackends();
    if (!this.#reading) this.#resumeInput(outstanding);
    if (this.closed) return true;
    if ((this.#closing || this.#ended) && this.#idle()) this.#finish();
    return true;
  }

  /**
   * The rest of a pipeline's replies is often just behind: a write spared is worth more than the
   * few microseconds of a turn.
   */
  #mayWriteLater(): boolean {
    const unsent = this.#out.unsentBytes;
    if (unsent === 0 || unsent > FLUSH_MARK || this.pipeline.outstanding === 0) {
      this.#postponed = 0;
      return false;
    }
    if (this.#postponed === POSTPONED_WRITES) {
      this.#postponed = 0;
      return false;
    }
    this.#postponed++;
    return true;
  }

  /** Everything that was asked is answered and handed to the socket. */
  #idle(): boolean {
    return !this.#held && this.pipeline.outstanding === 0 && this.#out.unsentBytes === 0;
  }

  /** The proxy stops: what is in flight is answered, nothing new is taken. */
  drain(): void {
    if (!this.closed && !this.#closing) this.stopReading();
  }

  #adjustWindow(): void {
    if (this.#out.blocked) {
      if (this.pipeline.undeliveredBytes > this.pool.config.clientOutputLimit >> 2) {
        this.#window = Math.max(1, this.#window >> 1);
        this.#windowStart = this.pipeline.head;
      }
      return;
    }
    // A whole window was answered and taken: open it twice as wide, as TCP's slow start does.
    if (((this.pipeline.head - this.#windowStart) | 0) >= this.#window) {
      this.#window = Math.min(this.#window * 2, this.pool.config.maxPipeline);
      this.#windowStart = this.pipeline.head;
    }
  }

  #resumeInput(outstanding: number): void {
    if (this.#large?.mustWait) return;
    if (this.#held) {
      if (outstanding > this.#window >> 1 || this.#credit() <= 0) return;
      this.#held = false;
      const end = WINDOW + WINDOW_BYTES;
      const start = this.#carry.restore(end);
      this.#reading = this.#consume(start, end);
    } else {
      this.#reading = this.#credit() > 0;
    }
    if (this.#reading && !this.closed && !this.#ended) resumeReading(this.#socket);
  }

  onDrained(): void {
    if (!this.closed) this.#engine.turn.markClient(this);
  }

  // --- limits ----------------------------------------------------------------------------------

  overOutputLimit(): boolean {
    return this.pipeline.undeliveredBytes > this.pool.config.clientOutputLimit;
  }

  /** A server connection stands still until this client takes its replies. */
  blocksBackend(connection: BackendConnection): void {
    this.#blockedBackends.push(connection);
  }

  #releaseBackends(): void {
    if (this.#blockedBackends.length === 0) return;
    const { undeliveredBytes } = this.pipeline;
    if (!this.closed && undeliveredBytes > this.pool.config.clientOutputLimit >> 1) return;
    const blocked = this.#blockedBackends;
    this.#blockedBackends = [];
    for (const connection of blocked) connection.resume();
  }

  // --- the end ---------------------------------------------------------------------------------

  #onEnd(): void {
    this.#ended = true;
    if (this.closed) return;
    this.#large?.drop();
    this.#large = null;
    if (!this.#held) this.#carry.drop();
    this.#engine.turn.markClient(this);
  }

  /** Everything is answered: says goodbye, and leaves the client time to read it. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#socket.end();
    if (this.#ended) return;
    this.#lingerUntil = Math.floor(performance.now()) + LINGER_MS;
    this.#engine.deadlines.watch(this);
    this.#engine.deadlines.arm(this.#lingerUntil);
    if (!this.#reading) resumeReading(this.#socket);
    this.#reading = true;
  }

  nextDeadline(): number {
    return this.closed ? 0 : this.#lingerUntil;
  }

  onDeadline(): void {
    this.#socket.destroy();
    this.#lingerUntil = 0;
  }

  /** Cuts the connection. */
  destroy(reason: string): void {
    if (this.closed) return;
    this.#engine.log.write(LOG_INFO, `client ${this.address} is closed: ${reason}`);
    this.pool.counters[counter.CLIENT_ERR]++;
    this.#shut();
    this.#socket.destroy();
  }

  #onError(error: Error): void {
    if (this.closed) return;
    this.pool.counters[counter.CLIENT_ERR]++;
    this.#engine.log.write(LOG_INFO, `client ${this.address} failed: ${error.message}`);
    this.#shut();
  }

  #onClose(): void {
    if (!this.closed) {
      this.pool.counters[counter.CLIENT_EOF]++;
      this.#shut();
    }
    this.#out.close();
    this.pool.counters[counter.CLIENT_CONNECTIONS]--;
    this.#engine.process[counter.CURR_CONNECTIONS]--;
  }

  /** Gives everything back; replies still in flight are swallowed. */
  #shut(): void {
    this.closed = true;
    this.#large?.drop();
    this.#large = null;
    this.#carry.drop();
    this.#held = false;
    this.pipeline.close();
    this.#out.discard();
    this.#engine.deadlines.forget(this);
    this.#releaseBackends();
    this.releaseIfDone();
  }

  /** Frees the id of a closed client once nothing in flight names it. */
  releaseIfDone(): void {
    if (this.closed && this.references === 0) this.#engine.removeClient(this.id);
  }
}
