import { HELD_READ_BYTES } from '../../../limits.ts';
import {
  FLAG_LAST,
  FLAG_SPECIAL,
  FRAME_TABLE,
  RECORD_BYTES,
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
} from '../../../protocol/frame-table.ts';
import type { Engine, SavedState } from '../../engine/engine.ts';
import { infoOf, isDetached, startOver } from '../../engine/saved-scan.ts';
import { beginLarge, sendAssembled } from './assembled-request.ts';
import { creditOf, refusalOf, SwallowedLine, swallowRequest } from './before-login.ts';
import type { InputOwner } from './input-owner.ts';
import type { LargeRequest } from './large-request.ts';
import { refuseMalformed } from './malformed-request.ts';
import { RequestWalk, type WalkedInput } from './request-walk.ts';
import { SentRun } from './sent-run.ts';
import { WaitingInput } from './waiting-input.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/** What a client sends: scanned in the receive window and sent on, as far as its credit goes. */
export class ClientInput implements WalkedInput {
  readonly #engine: Engine;
  readonly #client: InputOwner;
  /** What was read and not sent on. */
  readonly waiting: WaitingInput;
  #saved: SavedState | null = null;
  #partial = false;
  /** `ringNumber` of the pool when #saved was worked out. */
  #placedIn = 0;
  #large: LargeRequest | null = null;
  /** The latest of what is under way. */
  readonly run: SentRun;
  /** Only of a client that has not logged in. */
  readonly #line: SwallowedLine;
  readonly #walk: RequestWalk;
  /** Nothing more is sent before everything is answered. */
  #barrier = false;
  /** Requests that may not be sent yet are kept. */
  held = false;
  /** The client goes to another process: no request is begun here any more. */
  leaving = false;
  #ended = false;

  constructor(engine: Engine, client: InputOwner) {
    this.#engine = engine;
    this.#client = client;
    this.waiting = new WaitingInput(engine);
    this.run = new SentRun(engine);
    this.#line = new SwallowedLine(client);
    this.#walk = new RequestWalk(engine, client, this);
  }

  /** Takes `length` new bytes in the receive window. @returns whether to go on reading */
  read(length: number): boolean {
    const end = WINDOW + length;
    if (this.held || this.#large?.mustWait) {
      this.held = true;
      this.waiting.add(WINDOW, end);
      this.#engine.turn.markClient(this.#client);
      return this.takesIn;
    }
    if (this.#line.length === 0) return this.#consume(this.waiting.precede(WINDOW), end);
    const start = this.#line.goOn(WINDOW, end);
    return this.#client.closing || this.#consume(start, end);
  }

  /** Goes on with held requests. @returns whether to go on reading */
  resume(): boolean {
    if (this.#large?.mustWait || this.credit() <= 0) return this.takesIn;
    const { waitsFor } = this.#client;
    if (waitsFor?.full && !waitsFor.closed) return this.takesIn;
    waitsFor?.stopWaiting(this.#client);
    if (!this.held) return true;
    this.held = false;
    const { waiting } = this;
    const reading = this.#consume(waiting.restore(), waiting.end);
    waiting.settle();
    if (this.#ended && !waiting.hasKept) this.end();
    if (!waiting.hasKept) return reading;
    // The rest has its turn when others have had theirs.
    if (!this.held && !this.#client.closed) this.#engine.turn.markNext(this.#client);
    this.held = true;
    return this.takesIn;
  }

  /**
   * Whether more is read although nothing may be sent: to see the client leave, or because it takes
   * none of its replies before all that it has to say is taken.
   */
  get takesIn(): boolean {
    const { authenticated, pipeline, pool } = this.#client;
    const alone = this.#barrier && this.#large === null;
    if (alone && this.waiting.length <= HELD_READ_BYTES) return true;
    if (!authenticated || this.leaving || !pipeline.out.blocked) return false;
    return this.waiting.hasRoom(pool.config.clientInputLimit);
  }

  /** It is not read on: a request that is taken away in pieces has to wait. */
  get paused(): boolean {
    return this.#large?.mustWait ?? false;
  }

  /** A request is under way that is taken away in pieces. */
  get large(): boolean {
    return this.#large !== null || this.#line.length !== 0;
  }

  /** What was read and not sent on, whole requests or not: for another process. */
  takeWaiting(): Buffer {
    this.held = false;
    this.#partial = false;
    return this.waiting.take();
  }

  /** Begins with what another process had read of this client. */
  putWaiting(rest: Buffer): void {
    this.waiting.put(rest);
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
    this.#lookAgain();
  }

  /** Where an assembled request goes: its slot may have moved since its beginning came. */
  #serverOf(request: Buffer, before: number): number {
    const { slots, ringNumber } = this.#client.pool;
    const { slots: finder } = this.#client.protocol;
    if (slots === null || finder === null || this.#placedIn === ringNumber) return before;
    const slot = finder.requestSlot(request, this.#client.pool);
    return slot < 0 ? before : slots.serverOf(slot);
  }

  /** Keys may have other servers than when the unfinished request was looked at. */
  #lookAgain(): void {
    const { ringNumber } = this.#client.pool;
    const saved = this.#saved;
    if (!this.#partial || saved === null || this.#placedIn === ringNumber) return;
    this.#placedIn = ringNumber;
    if (isDetached(saved)) this.#large?.reroute(saved);
    else startOver(saved); // the carry holds all of it
  }

  /** Bytes of a request that is being assembled, and all that is kept before the login. */
  get bufferedBytes(): number {
    const assembled = this.#large === null ? 0 : this.#large.bufferedBytes;
    return this.#client.authenticated ? assembled : assembled + this.waiting.length;
  }

  /** The client has to log in, with this request under way. */
  refuseLarge(): void {
    this.#large?.refuse(refusalOf(this.#client));
  }

  /** Something was answered or written: a large request may go on. */
  advance(): void {
    if (!this.run.isEmpty) this.run.prune(this.#client.pipeline.head);
    this.#large?.checkEarlyReply();
    if (this.#client.pipeline.outstanding === 0) this.#barrier = false; // before it takes a place
    if (this.#large === null) return;
    this.#lookAgain();
    this.#large.goOn(this.#saved);
  }

  /** The body of a request is streamed: it has its slot, and needs no more credit. */
  get streaming(): boolean {
    return this.#large?.isStreaming ?? false;
  }

  /** Requests that may be sent now. */
  credit(): number {
    if (this.#barrier || this.#client.overOutputLimit()) return 0;
    const alone = this.#large === null;
    if (this.leaving && alone && !this.waiting.hasKept) return 0;
    const most = this.streaming ? 1 : creditOf(this.#client);
    return most <= 0 ? most : Math.min(most, this.#client.rates?.credit() ?? most);
  }

  get barred(): boolean {
    return this.#barrier;
  }

  /** The next request waits until everything before it is answered. */
  barrier(): void {
    this.#barrier = true;
  }

  /** No more will come: held requests are still sent, what is unfinished behind them is dropped. */
  end(): void {
    this.#ended = true;
    if (this.held) return;
    this.#large?.drop();
    this.#large = null;
    this.#line.length = 0;
    this.waiting.dropCarry();
  }

  /** Nothing of it is sent any more. */
  drop(): void {
    this.held = false;
    this.end();
    this.run.cut();
    this.waiting.drop();
  }

  /**
   * Scans and sends the requests in [start, end) of the arena. @returns whether to go on reading
   */
  #consume(from: number, end: number): boolean {
    const engine = this.#engine;
    const client = this.#client;
    const { pool } = client;
    let start = from;
    // For a large one that needs the window.
    if (this.#partial && this.#large === null) this.#lookAgain();
    for (;;) {
      const limit = Math.min(engine.beginChunk(), this.credit());
      if (pool.health.due !== 0 && engine.now > pool.health.due) pool.health.readmit(engine.now);
      if (limit <= 0) return this.#hold(start, end);
      const count = this.#scan(start, end, limit);
      const status = engine.state(STATE_STATUS);
      const consumed = engine.state(STATE_CONSUMED);
      const error = engine.state(STATE_ERROR);
      const errorByte = engine.state(STATE_ERROR_BYTE);
      const next = engine.bytes[consumed + 1];
      const slot = client.pipeline.tail;
      const sent = this.#walk.send(count);
      if (client.closed || client.closing) return !client.closed;
      const at = FRAME_WORD + sent * RECORD_WORDS + RECORD_START;
      const rest = sent < count ? engine.words[at] : consumed;
      // A large request comes in pieces; the last one counts.
      client.rates?.count(this.#large === null ? sent : 0, rest - start);
      this.run.note(client.pipeline, slot, sent, start, rest, client.window.notes);
      if (sent < count || this.#barrier) return this.#stop(rest, end);
      if (status === SCAN_COMPLETE) return !(this.#large?.mustWait ?? false);
      if (status === SCAN_ERROR) {
        refuseMalformed(client, error, errorByte, consumed + 1 < end ? next : 0);
        return true;
      }
      if (status === SCAN_PARTIAL) {
        if (client.authenticated || this.#large !== null) return this.#keep(consumed, end);
        if (this.#keptForLogin(consumed, end)) return true;
      } else if (status !== SCAN_FULL) {
        throw new Error(`scan status ${status}`);
      }
      start = consumed;
    }
  }

  /** @returns how many requests were found: whole ones, and pieces of one that is taken away */
  #scan(start: number, end: number, limit: number): number {
    const engine = this.#engine;
    const { protocol, descriptor, ringNumber } = this.#client.pool;
    engine.loadState(this.#partial ? this.#saved : null);
    const count = protocol.scanRequests(start, end, FRAME_TABLE, limit, descriptor);
    this.#partial = engine.state(STATE_STATUS) === SCAN_PARTIAL;
    if (this.#partial) {
      this.#saved = engine.saveState(this.#saved);
      if (this.#large === null) this.#placedIn = ringNumber;
    }
    return count;
  }

  /** What stands at [rest, end) waits for what was sent. @returns whether to go on reading */
  #stop(rest: number, end: number): boolean {
    this.#partial = false;
    if (rest !== end) return this.#hold(rest, end);
    this.#engine.turn.markClient(this.#client);
    return true; // nothing is held back: reading on shows when the client leaves
  }

  /** Whole requests are sent again, before all else. */
  putFirst(bytes: Buffer): void {
    this.#partial = false;
    this.waiting.putFirst(bytes);
    this.held ||= this.waiting.length > 0;
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
    this.waiting.carryOnHeap(from, end);
    this.#engine.turn.markClient(this.#client);
    return true;
  }

  /** Keeps requests that may not be sent yet. @returns whether to read on */
  #hold(start: number, end: number): boolean {
    this.waiting.hold(start, end, this.#client, this.#partial ? this.#saved : null);
    this.held = start !== end;
    this.#engine.turn.markClient(this.#client);
    return this.takesIn;
  }

  /** Keeps an unfinished request: carried when small, taken away in pieces when large. */
  #keep(consumed: number, end: number): boolean {
    const saved = this.#saved as SavedState;
    let from = consumed;
    if (!isDetached(saved)) {
      this.#large = beginLarge(this.#client, saved, consumed, end);
      if (this.#large === null) {
        this.waiting.carry(consumed, end);
        return true;
      }
      from = consumed + this.#large.bufferedBytes;
    }
    this.#bar(saved);
    this.waiting.carry(from, end);
    this.#large?.expectRest(saved);
    this.#engine.turn.markClient(this.#client);
    return !this.#large?.mustWait;
  }

  /** What all nodes of a cluster are asked is last, and cannot wait once it is whole. */
  #bar(saved: SavedState): void {
    const { pool, pipeline } = this.#client;
    const isSpecial = (infoOf(saved) & FLAG_SPECIAL) !== 0;
    if (pool.slots !== null && isSpecial && pipeline.outstanding > 0) this.#barrier = true;
  }

  /** One more piece of a request that is taken away. */
  takePiece(start: number, length: number, info: number, server: number): void {
    this.#client.router.noteWrite(this.#client);
    const large = this.#large as LargeRequest;
    large.take(start, length);
    if ((info & FLAG_LAST) === 0) return;
    this.#large = null;
    const streaming = large.isStreaming;
    const request = large.finish();
    const to = request === null ? server : this.#serverOf(request, server);
    const alone = request !== null && sendAssembled(this.#client, request, info, to);
    if (streaming || alone) this.#barrier = true;
  }
}
