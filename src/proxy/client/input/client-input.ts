import { HELD_READ_BYTES } from '../../../limits.ts';
import {
  FLAG_FIRST,
  FLAG_LAST,
  FLAG_SPECIAL,
  FRAME_TABLE,
  NO_COMMAND,
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
  STATE_CONSUMED,
  STATE_ERROR,
  STATE_ERROR_BYTE,
  STATE_STATUS,
  WINDOW,
  WINDOW_BYTES,
} from '../../../protocol/frame-table.ts';
import type { Failure } from '../../backend/failure.ts';
import { CARRY_LIMIT, Carry } from '../../engine/carry.ts';
import type { Engine, SavedState } from '../../engine/engine.ts';
import {
  detach,
  infoOf,
  isDetached,
  missingBytes,
  scannedBytes,
  serverOf,
  setServer,
  startOver,
} from '../../engine/saved-scan.ts';
import type { ClientWindow } from '../client-window.ts';
import { MAY_WAIT, MUST_SEND, type Requester, type Router, WAIT } from '../router.ts';
import { creditBeforeLogin, type Stranger, SwallowedLine, swallowRequest } from './before-login.ts';
import { LargeRequest } from './large-request.ts';
import { refuseMalformed } from './malformed-request.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const WHOLE = FLAG_FIRST | FLAG_LAST;
const PLAIN_MASK = FLAG_FIRST | FLAG_LAST | FLAG_SPECIAL;

/** The client, as what it sends sees it. */
export interface InputOwner extends Stranger, Requester {
  readonly router: Router;
  readonly address: string;
  readonly window: ClientWindow;
  onException(error: unknown, inStep?: boolean): void;
  /** No more requests are taken. */
  readonly closing: boolean;
  /** Its plain requests are simply forwarded. */
  readonly plain: boolean;
  failForward(failure: Failure): true;
  stopReading(): void;
  overOutputLimit(): boolean;
}

/** What a client sends: scanned in the receive window and sent on, as far as its credit goes. */
export class ClientInput {
  readonly #engine: Engine;
  readonly #client: InputOwner;
  readonly #carry: Carry;
  #saved: SavedState | null = null;
  #partial = false;
  #large: LargeRequest | null = null;
  /** Only of a client that has not logged in. */
  readonly #line: SwallowedLine;
  /** Nothing more is sent before everything is answered. */
  #barrier = false;
  /** The carry holds requests that may not be sent yet. */
  held = false;
  /** The client goes to another process: no request is begun here any more. */
  leaving = false;

  constructor(engine: Engine, client: InputOwner) {
    this.#engine = engine;
    this.#client = client;
    this.#carry = new Carry(engine);
    this.#line = new SwallowedLine(client);
  }

  /** Takes `length` new bytes in the receive window. @returns whether to go on reading */
  read(length: number): boolean {
    const end = WINDOW + length;
    this.held = false;
    if (this.#line.length === 0) return this.#consume(this.#carry.restore(WINDOW), end);
    const start = this.#line.goOn(WINDOW, end);
    return this.#client.closing || this.#consume(start, end);
  }

  /** Goes on with held requests. @returns whether to go on reading */
  resume(): boolean {
    if (this.#large?.mustWait || this.credit() <= 0) return false;
    const { waitsFor } = this.#client;
    if (waitsFor?.full && !waitsFor.closed) return false;
    waitsFor?.stopWaiting(this.#client);
    if (!this.held) return true;
    this.held = false;
    const end = WINDOW + WINDOW_BYTES;
    return this.#consume(this.#carry.restore(end), end);
  }

  /** A request is under way that is taken away in pieces. */
  get large(): boolean {
    return this.#large !== null || this.#line.length !== 0;
  }

  /** What was read and not sent on, whole requests or not: for another process. */
  takeCarry(): Buffer {
    this.held = false;
    this.#partial = false;
    return this.#carry.take();
  }

  /** Begins with what another process had read of this client. */
  putCarry(rest: Buffer): void {
    this.#carry.put(rest);
    this.held = true;
  }

  /** A request has begun and its end has not come. */
  get unfinished(): boolean {
    return this.#partial || this.large;
  }

  /**
   * The pool has other servers now: what was worked out for an unfinished request is worked out
   * again. What is under way is answered first, so that requests of one client keep their order.
   */
  reroute(): void {
    if (this.streaming && this.#large?.head === null) return;
    if (this.#client.pipeline.outstanding > 0) this.#barrier = true;
    const saved = this.#saved;
    if (!this.#partial || saved === null) return;
    // When the carry holds all of it, it is scanned from its beginning.
    if (!isDetached(saved)) startOver(saved);
    const head = isDetached(saved) ? (this.#large?.head ?? null) : null;
    if (head === null || this.#large === null || serverOf(saved) === NO_SERVER) return;
    const server = this.#client.pool.serverOfHead(head);
    setServer(saved, server);
    if (server !== NO_SERVER) this.#large.redirect(this.#client.pool.servers[server]);
  }

  /** Bytes of a request that is being assembled, and all that is kept before the login. */
  get bufferedBytes(): number {
    const assembled = this.#large === null ? 0 : this.#large.bufferedBytes;
    return this.#client.authenticated ? assembled : assembled + this.#carry.length;
  }

  /** The client has to log in, with this request under way. */
  refuseLarge(): void {
    this.#large?.refuse(this.#client.protocol.login.refusal);
  }

  /** Something was answered or written: a large request may go on. */
  advance(): void {
    this.#large?.checkEarlyReply();
    if (this.#client.pipeline.outstanding === 0) this.#barrier = false; // before it takes a place
    this.#large?.tryStart();
  }

  /** The body of a request is streamed: it has its slot, and needs no more credit. */
  get streaming(): boolean {
    return this.#large?.isStreaming ?? false;
  }

  /** Requests that may be sent now. */
  credit(): number {
    if (this.#barrier || this.#client.overOutputLimit()) return 0;
    if (this.streaming) return 1;
    if (this.leaving && this.#large === null) return 0;
    if (!this.#client.authenticated) return creditBeforeLogin(this.#client);
    return this.#client.window.size - this.#client.pipeline.outstanding;
  }

  /** The next request waits until everything before it is answered. */
  barrier(): void {
    this.#barrier = true;
  }

  /** The client sends no more: an unfinished request is dropped, held ones are still sent. */
  end(): void {
    this.#large?.drop();
    this.#large = null;
    this.#line.length = 0;
    if (!this.held) this.#carry.drop();
  }

  /** Nothing of it is sent any more. */
  drop(): void {
    this.held = false;
    this.end();
  }

  /**
   * Scans and sends the requests in [start, end) of the arena. @returns whether to go on reading
   */
  #consume(from: number, end: number): boolean {
    const engine = this.#engine;
    const client = this.#client;
    const { pool } = client;
    let start = from;
    for (;;) {
      const limit = Math.min(engine.beginChunk(), this.credit());
      if (pool.health.due !== 0 && engine.now > pool.health.due) pool.health.readmit(engine.now);
      if (limit <= 0) return this.#hold(start, end);
      engine.loadState(this.#partial ? this.#saved : null);
      const count = pool.protocol.scanRequests(start, end, FRAME_TABLE, limit, pool.descriptor);
      const status = engine.state(STATE_STATUS);
      const consumed = engine.state(STATE_CONSUMED);
      this.#partial = status === SCAN_PARTIAL;
      if (this.#partial) this.#saved = engine.saveState(this.#saved);
      const error = engine.state(STATE_ERROR);
      const errorByte = engine.state(STATE_ERROR_BYTE);
      const next = engine.bytes[consumed + 1];
      const sent = this.#dispatch(count);
      if (client.closed || client.closing) return !client.closed;
      if (sent < count || this.#barrier) {
        this.#partial = false;
        const at = FRAME_WORD + sent * RECORD_WORDS + RECORD_START;
        const rest = sent < count ? engine.words[at] : consumed;
        if (rest !== end) return this.#hold(rest, end);
        engine.turn.markClient(client);
        return true; // nothing is held back: reading on shows when the client leaves
      }
      switch (status) {
        case SCAN_COMPLETE:
          return !(this.#large?.mustWait ?? false);
        case SCAN_FULL:
          start = consumed;
          continue;
        case SCAN_PARTIAL:
          if (client.authenticated || this.#large !== null) return this.#keep(consumed, end);
          if (this.#keptForLogin(consumed, end)) return true;
          start = consumed;
          continue;
        case SCAN_ERROR:
          refuseMalformed(client, error, errorByte, consumed + 1 < end ? next : 0);
          return true;
        default:
          throw new Error(`scan status ${status}`);
      }
    }
  }

  /**
   * An unfinished request of a client that has not logged in. @returns false when it is to be
   * scanned on as one that is swallowed
   */
  #keptForLogin(consumed: number, end: number): boolean {
    const saved = this.#saved as SavedState;
    const from = this.#line.keep(saved, consumed, end);
    if (from < 0) {
      this.#large = swallowRequest(this.#client, saved);
      return false;
    }
    this.#partial = from !== end;
    this.#carry.keepOnHeap(from, end);
    this.#engine.turn.markClient(this.#client);
    return true;
  }

  /** Sends scanned requests. @returns how many; fewer than `count` when the next must wait */
  #dispatch(count: number): number {
    const engine = this.#engine;
    const { words } = engine;
    const client = this.#client;
    const { pipeline, id, protocol, router } = client;
    const retries = client.pool.config.retryReads;
    const first = pipeline.tail;
    let slot = first; // as before the request at hand
    let unsent = pipeline.out.unsentBytes;
    let i = 0;
    engine.beginWalk(count);
    try {
      for (let record = FRAME_WORD; i < count; i++, record += RECORD_WORDS) {
        slot = pipeline.tail;
        const info = words[record + RECORD_INFO];
        const start = words[record + RECORD_START];
        const length = words[record + RECORD_LENGTH];
        if ((info & PLAIN_MASK) === WHOLE && client.plain) {
          const server = words[record + RECORD_SERVER];
          const connection = router.choose(client, server, client.lane, MAY_WAIT);
          if (connection === null) {
            if (router.verdict === WAIT) break;
            words[record + RECORD_DEST] = 0;
            client.failForward(router.reason);
          } else if (retries > 0 && protocol.isRead(info & NO_COMMAND)) {
            router.sendRepeatable(client, connection, record);
          } else {
            connection.sendRecord(record, start, length, id, client.claims.begin());
          }
          continue;
        }
        words[record + RECORD_DEST] = 0;
        unsent = pipeline.out.unsentBytes;
        if ((info & WHOLE) !== WHOLE) {
          this.#largePiece(start, length, info, words[record + RECORD_SERVER]);
        } else if (!protocol.handleSpecial(client, start, length, info, false)) {
          break;
        }
        unsent = pipeline.out.unsentBytes;
        if (client.closing || this.#barrier || client.closed) {
          i++;
          break;
        }
      }
    } catch (error) {
      i++; // its bytes go where they were reserved: that queue is whole, or is closed
      const inStep = pipeline.isBare(slot) && pipeline.out.unsentBytes === unsent;
      client.onException(error, inStep);
    } finally {
      // Records behind a stop are scanned again later: they must not be copied now.
      for (let j = i; j < count; j++) words[FRAME_WORD + j * RECORD_WORDS + RECORD_DEST] = 0;
      engine.endWalk();
    }
    pipeline.addBurst(first);
    if (pipeline.outstanding > 0 || pipeline.out.unsentBytes > 0) engine.turn.markClient(client);
    return i;
  }

  /** Keeps requests that may not be sent yet. @returns whether to read on, to see it leave */
  #hold(start: number, end: number): boolean {
    if (this.#client.authenticated) this.#carry.keep(start, end);
    else this.#carry.keepOnHeap(start, end);
    this.held = this.#carry.length > 0;
    this.#engine.turn.markClient(this.#client);
    return this.#barrier && this.#large === null && this.#carry.length <= HELD_READ_BYTES;
  }

  /** Keeps an unfinished request: carried when small, taken away in pieces when large. */
  #keep(consumed: number, end: number): boolean {
    const saved = this.#saved as SavedState;
    const missing = missingBytes(saved);
    let from = consumed;
    if (!isDetached(saved)) {
      const known = scannedBytes(saved) + missing;
      if (Math.max(known, end - consumed) <= CARRY_LIMIT) {
        this.#carry.keep(consumed, end);
        return true;
      }
      const boundary = detach(saved);
      this.#large = new LargeRequest(this.#engine, this.#client, known);
      this.#large.take(consumed, boundary);
      from = consumed + boundary;
    }
    this.#carry.keep(from, end);
    return this.#expectMore(saved, scannedBytes(saved) + missing);
  }

  #expectMore(saved: SavedState, missing: number): boolean {
    const client = this.#client;
    const large = this.#large as LargeRequest;
    const server = serverOf(saved);
    const info = infoOf(saved);
    const plain = (info & FLAG_SPECIAL) === 0 && server !== NO_SERVER && client.plain;
    large.expect(missing, plain ? (client.pool.servers[server] ?? null) : null, info);
    this.#engine.turn.markClient(client);
    return !large.mustWait;
  }

  /** One more piece of a request that is taken away. */
  #largePiece(start: number, length: number, info: number, server: number): void {
    const large = this.#large as LargeRequest;
    large.take(start, length);
    if ((info & FLAG_LAST) === 0) return;
    this.#large = null;
    const streaming = large.isStreaming;
    const request = large.finish();
    if (streaming) this.#barrier = true;
    else if (request !== null) this.#sendAssembled(request, info, server);
  }

  #sendAssembled(request: Buffer, info: number, server: number): void {
    const client = this.#client;
    if ((info & FLAG_SPECIAL) === 0 && server !== NO_SERVER && client.plain) {
      const { router } = client;
      const connection = router.choose(client, server, client.lane, MUST_SEND);
      if (connection === null) {
        client.failForward(router.reason);
        return;
      }
      const commandClass = client.protocol.classes[info & 0xffff];
      connection.sendBuffer(request, client.id, client.claims.begin(), commandClass);
      // It could not be put back; but nothing more follows until the server has taken it.
      if (connection.out.pendingBytes > client.pool.config.serverOutputLimit) this.#barrier = true;
      return;
    }
    const start = this.#engine.placeAssembled(request);
    client.protocol.handleSpecial(client, start, request.length, info, true);
    this.#barrier = true;
  }
}
