import type { Socket } from 'node:net';
import { FLUSH_MARK, HELD_WRITE_BYTES, INITIAL_PIPELINE_WINDOW } from '../../limits.ts';
import { LOG_INFO } from '../../log.ts';
import { stopReading } from '../../net/handles.ts';
import { type ReadHandler, resumeReading } from '../../net/reader.ts';
import { type SendOwner, SendQueue } from '../../net/send-queue.ts';
import { RECORD_DEST } from '../../protocol/frame-table.ts';
import * as counter from '../../stats/counters.ts';
import type { Lane } from '../backend/lane.ts';
import type { Engine } from '../engine/engine.ts';
import type { Holder } from '../engine/held-writes.ts';
import type { ReplySource, ReplyStream } from '../engine/receiver.ts';
import type { Pool } from '../pool/pool.ts';
import { type Claimant, Claims } from './claims.ts';
import { ClientInput, type InputOwner, LARGEST_CARRY } from './client-input.ts';
import { ClientPipeline } from './client-pipeline.ts';
import { ClientTimers, type TimedClient } from './client-timers.ts';
import { HeldConnections } from './held-connections.ts';
import { Login, reviewLogin } from './login.ts';
import type { ClientState, LeavingClient } from './moving-client.ts';
import type { ClientProtocol } from './protocol.ts';
import type { Requester, Router } from './router.ts';
import { Session } from './session.ts';
import { StreamedReply } from './streamed-reply.ts';

const NOTHING = Buffer.alloc(0);

/** One client: its requests are scanned, sent to their servers, and answered in order. */
export class ClientConnection
  implements ReadHandler, SendOwner, Holder, Requester, Claimant, TimedClient, InputOwner
{
  readonly id: number;
  readonly pool: Pool;
  readonly protocol: ClientProtocol;
  readonly router: Router;
  readonly pipeline: ClientPipeline;
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly #out: SendQueue;
  readonly #input: ClientInput;
  /** Reading was stopped by returning false from onRead(). */
  #reading = true;
  /** How many requests may be under way: opens while the client keeps up. */
  window: number;
  #windowStart = 0;
  /** Set by QUIT and protocol errors: no more requests, close when all is answered. */
  closing = false;
  #ended = false;
  #finished = false;
  readonly #timers: ClientTimers;
  /** Server connections that stand still for this client. */
  readonly #held: HeldConnections = new HeldConnections(this);
  /** Set while this client waits to be handed to another process. */
  #give: ((client: LeavingClient) => void) | null = null;
  /** What is in flight for this client. */
  readonly claims: Claims = new Claims(this);
  #idFreed = false;
  waitsFor: ReplySource | null = null;
  authenticated: boolean;
  readonly login: Login = new Login();
  /** Its plain requests are simply forwarded: it is logged in, hears replies, is not in MULTI. */
  plain: boolean;
  /** Index of its lane: which connections of a server its requests take. */
  lane = 0;
  readonly session: Session = new Session();
  closed = false;
  flushPending = false;
  listed = false;
  heldBytes = 0;

  constructor(
    engine: Engine,
    pool: Pool,
    protocol: ClientProtocol,
    router: Router,
    socket: Socket,
  ) {
    this.#engine = engine;
    this.pool = pool;
    this.protocol = protocol;
    this.router = router;
    this.#socket = socket;
    this.#out = new SendQueue(engine.slabs, engine.writer, this);
    this.#out.open(socket);
    this.pipeline = new ClientPipeline(engine, this.#out, pool.latency);
    this.#input = new ClientInput(engine, this);
    this.window = Math.min(INITIAL_PIPELINE_WINDOW, pool.config.maxPipeline);
    this.authenticated = pool.config.redisAuth === null;
    this.plain = this.authenticated;
    pool.lanes.first.enter();
    this.id = engine.addClient(this);
    this.#timers = new ClientTimers(this, engine.deadlines);
    pool.counters[counter.CLIENT_CONNECTIONS]++;
    engine.process[counter.TOTAL_CONNECTIONS]++;
    engine.process[counter.CURR_CONNECTIONS]++;
    engine.reader.attach(socket, this);
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
  }

  get socket(): Socket {
    return this.#socket;
  }

  get address(): string {
    const { remoteAddress, remotePort } = this.#socket;
    return remoteAddress === undefined ? 'unix socket' : `${remoteAddress}:${remotePort}`;
  }

  get name(): string {
    return this.session.name;
  }

  get muted(): boolean {
    return this.session.muted;
  }

  /** When bytes came last, in engine milliseconds. */
  get lastRead(): number {
    return this.#timers.lastRead;
  }

  /** A request has begun and its end has not come. */
  get unfinished(): boolean {
    return this.#input.unfinished;
  }

  /** It waits for replies, or until it may ask for more. */
  get waits(): boolean {
    return this.pipeline.outstanding > 0 || this.#input.held;
  }

  onRead(length: number): boolean {
    if (this.closed || this.closing) return true;
    this.#engine.turn.onRead();
    this.#reading = this.#input.read(length);
    this.#timers.onRead(this.#engine.now, this.#input.unfinished);
    return this.#reading;
  }

  /** No more requests are taken; the connection closes when all is answered. */
  stopReading(): void {
    this.closing = true;
    this.#input.drop();
    this.#engine.turn.markClient(this);
  }

  // --- moving to another process ---------------------------------------------------------------

  /**
   * Hands this client over to another process as soon as all that was asked is answered; until
   * then nothing new is taken. One that is about to close is left to it.
   */
  moveAway(give: (client: LeavingClient) => void): void {
    if (this.closed) return;
    this.#give = give;
    this.#input.leaving = true;
    this.#engine.turn.markClient(this);
  }

  /** Between two requests, with everything written: nothing but the carry needs to go along. */
  #mayMove(): boolean {
    if (this.closing || this.#ended || this.#finished || this.closed) return false;
    if (this.#socket.destroyed) return false; // its last write failed
    if (this.pipeline.outstanding > 0 || this.#input.large) return false;
    return this.#out.pendingBytes === 0 && this.#socket.writableLength === 0;
  }

  #move(give: (client: LeavingClient) => void): void {
    this.#give = null;
    // What it asked for without a reply must not be overtaken by what it asks there.
    this.#engine.turn.writeToServers();
    stopReading(this.#socket);
    const socket = this.#socket;
    // Only the documented reader leaves bytes with the socket.
    const unread = (socket.readableLength > 0 ? (socket.read() as Buffer | null) : null) ?? NOTHING;
    const rest = Buffer.concat([this.#input.takeCarry(), unread]);
    const { db, resp } = this.pool.lanes.at(this.lane);
    const [login, session] = [this.login.saved, this.session.saved];
    this.#shut();
    give({ state: { pool: this.pool.config.name, login, db, resp, session, rest }, socket });
  }

  /** Goes on with a client of another process. */
  arrive({ login, db, resp, session, rest }: ClientState): void {
    this.session.restore(session);
    this.login.restore(login);
    reviewLogin(this);
    this.#timers.restart();
    this.enterLane(this.pool.lanes.find(db, resp) ?? this.pool.lanes.first);
    if (rest.length === 0) return;
    this.#socket.pause();
    this.#reading = false;
    this.#input.putCarry(rest.subarray(0, LARGEST_CARRY));
    if (rest.length > LARGEST_CARRY) this.#socket.unshift(rest.subarray(LARGEST_CARRY));
    this.#engine.turn.markClient(this);
  }

  /** Its later requests take another lane, once all earlier ones are answered. */
  enterLane(lane: Lane): void {
    if (lane.index === this.lane) return;
    this.pool.lanes.at(this.lane).leave();
    lane.enter();
    this.lane = lane.index;
    if (this.pipeline.outstanding > 0) this.#input.barrier();
  }

  /** Its later requests wait until all earlier ones are answered. */
  barrier(): void {
    this.#input.barrier();
  }

  /** Logged in or not, and whatever else its session says: the fast loop takes the usual case. */
  setAuthenticated(yes: boolean): void {
    const lost = this.authenticated && !yes;
    this.authenticated = yes;
    this.plain = yes && this.session.usual;
    if (!lost) return;
    this.login.begin();
    this.#input.refuseLarge();
    this.#timers.restart();
  }

  // --- answers ---------------------------------------------------------------------------------

  /** Answers the next request with a complete reply of our own. */
  answer(reply: Buffer): void {
    if (this.session.muted) return;
    this.pipeline.deliver(this.pipeline.open(), reply);
    this.#engine.turn.markClient(this);
  }

  /** Answers the next request with the error of a server that cannot be used. */
  failForward(reason: string): true {
    this.pool.counters[counter.FORWARD_ERROR]++;
    this.answer(this.pool.protocol.failure(reason));
    return true;
  }

  // --- replies of servers ----------------------------------------------------------------------

  takeRecord(
    slot: number,
    record: number,
    start: number,
    length: number,
    series: number,
    arrived: number,
  ): void {
    this.claims.settle();
    if (this.closed) this.#engine.words[record + RECORD_DEST] = 0;
    else this.pipeline.deliverRecord(slot, record, start, length, series, arrived);
  }

  takeTwo(
    slot: number,
    start: number,
    length: number,
    tail: number,
    tailLength: number,
    series: number,
    arrived: number,
  ): void {
    this.claims.settle();
    if (this.closed) return;
    this.pipeline.deliverTwo(slot, start, length, tail, tailLength, series, arrived);
  }

  takeReply(slot: number, reply: Buffer): void {
    this.claims.settle();
    if (this.closed) return;
    this.pipeline.deliver(slot, reply);
    this.onAnswered();
  }

  openStream(slot: number): ReplyStream {
    return new StreamedReply(this.#engine, this, slot);
  }

  endStream(): void {
    this.claims.settle();
    if (!this.closed) this.onAnswered();
  }

  tookReplies(): void {
    this.#engine.turn.markClient(this);
    if (this.#out.unsentBytes > FLUSH_MARK) this.#engine.flushSoon(this.#out);
  }

  onAnswered(): void {
    this.#engine.turn.markClient(this);
  }

  writeOut(): void {
    this.#out.flush();
  }

  /** Writes replies, opens or closes the window, and goes on with what had to wait. */
  flush(): void {
    if (this.closed || this.#mayHold()) return;
    this.#out.flush();
    this.pipeline.beginBurst();
    this.#account();
    if (this.closed) return;
    this.#input.advance();
    this.#adjustWindow();
    this.#held.release();
    if (!this.#reading) this.#resumeInput();
    if (this.closed) return;
    if ((this.closing || this.#ended) && this.#idle()) this.#finish();
    else if (this.#give !== null && this.#mayMove()) this.#move(this.#give);
  }

  /** Reports what waits for it. */
  #account(): void {
    const held = this.pipeline.undeliveredBytes + this.#input.bufferedBytes;
    const delta = held - this.heldBytes;
    if (delta === 0) return;
    this.heldBytes = held;
    this.#engine.budget.add(delta);
  }

  /**
   * Requests that came together are answered together, if their replies are not far apart: a write
   * costs more than anything else that is done for a request.
   */
  #mayHold(): boolean {
    const unsent = this.#out.unsentBytes;
    if (!this.pipeline.insideBurst || unsent === 0 || unsent > HELD_WRITE_BYTES) return false;
    // Something may go on only after a flush.
    if (!this.#reading || this.#input.large || this.overOutputLimit()) return false;
    if (this.closing || this.#ended) return false;
    this.#engine.heldWrites.add(this, this.#engine.now);
    return true;
  }

  writeHeld(): void {
    if (this.closed) return;
    this.pipeline.endBurst();
    this.#engine.turn.markClient(this);
  }

  /** Everything that was asked is answered and handed to the socket. */
  #idle(): boolean {
    return !this.#input.held && this.pipeline.outstanding === 0 && this.#out.unsentBytes === 0;
  }

  /** The proxy stops: what is in flight is answered, nothing new is taken. */
  drain(): void {
    if (!this.closed && !this.closing) this.stopReading();
  }

  /** The pool goes on with other servers. */
  reroute(): void {
    if (this.closed) return;
    this.window = Math.min(this.window, this.pool.config.maxPipeline);
    reviewLogin(this);
    this.#input.reroute();
    this.#timers.restart();
    this.#engine.turn.markClient(this);
  }

  #adjustWindow(): void {
    if (this.#out.blocked) {
      this.#timers.onBlocked();
      if (this.pipeline.undeliveredBytes > this.pool.config.clientOutputLimit >> 2) {
        this.window = Math.max(1, this.window >> 1);
        this.#windowStart = this.pipeline.head;
      }
      return;
    }
    // A whole window was answered and taken: open it twice as wide, as TCP's slow start does.
    if (((this.pipeline.head - this.#windowStart) | 0) >= this.window) {
      this.window = Math.min(this.window * 2, this.pool.config.maxPipeline);
      this.#windowStart = this.pipeline.head;
    }
  }

  #resumeInput(): void {
    if (this.pipeline.outstanding > this.window >> 1 && !this.#input.streaming) return;
    this.#reading = this.#input.resume();
    if (this.#reading && !this.closed && !this.#ended) resumeReading(this.#socket);
  }

  onDrained(): void {
    this.#timers.onDrained();
    if (!this.closed) this.#engine.turn.markClient(this);
  }

  // --- limits ----------------------------------------------------------------------------------

  overOutputLimit(): boolean {
    return this.pipeline.undeliveredBytes > this.pool.config.clientOutputLimit;
  }

  /**
   * Whether a server connection must stand still for this client. One that owes it the reply that
   * is next goes on while the client reads: the others wait behind that.
   */
  holdsUp(source: ReplySource): boolean {
    if (!this.overOutputLimit()) return false;
    const { out, head } = this.pipeline;
    if (out.pendingBytes > this.pool.config.clientOutputLimit) return true;
    return !source.owes(this.id, head);
  }

  blocks(source: ReplySource): void {
    this.#held.add(source);
  }

  // --- the end ---------------------------------------------------------------------------------

  #onEnd(): void {
    this.#ended = true;
    if (this.closed) return;
    this.#input.end();
    this.#engine.turn.markClient(this);
  }

  /** Everything is answered: says goodbye, and leaves the client time to read it. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    // The time to read the last replies begins when the kernel has them.
    this.#socket.end(() => this.#timers.linger());
    if (!this.#reading) resumeReading(this.#socket);
    this.#reading = true;
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
    this.pool.lanes.at(this.lane).leave();
    this.waitsFor?.stopWaiting(this);
    this.#input.drop();
    this.pipeline.close();
    this.#engine.budget.add(-this.heldBytes);
    this.heldBytes = 0;
    this.#out.discard();
    this.#timers.stop();
    this.#held.release();
    if (this.claims.open === 0) this.onUnclaimed();
  }

  /** Nothing in flight names the closed client: its id is free. */
  onUnclaimed(): void {
    if (this.#idFreed) return;
    this.#idFreed = true;
    this.#engine.removeClient(this.id);
  }
}
