import type { Socket } from 'node:net';
import { FLUSH_MARK } from '../../limits.ts';
import { isEncrypted } from '../../net/handles.ts';
import { isAddressLost } from '../../net/peers/peer-address.ts';
import { type SendOwner, SendQueue } from '../../net/send-queue.ts';
import { NO_COMMAND, RECORD_DEST } from '../../protocol/frame-table.ts';
import { FORWARD_ERROR } from '../../stats/counters.ts';
import type { Failure } from '../backend/failure.ts';
import type { Lane, RespVersion } from '../backend/lane.ts';
import type { Engine } from '../engine/engine.ts';
import type { Guarded, GuardedClient } from '../engine/guard.ts';
import type { ReplySource, ReplyStream, SendGate } from '../engine/receiver.ts';
import { laneOf } from '../pool/lanes.ts';
import type { Pool } from '../pool/pool.ts';
import { FORWARD, type Gate } from './access/gate.ts';
import { Login, takeRules } from './access/login.ts';
import type { Rates } from './access/rates.ts';
import type { Sampler } from './access/sampler.ts';
import { type Claimant, Claims } from './claims.ts';
import { ClientPipeline } from './client-pipeline.ts';
import { PausedSources, pieceOf, waitingFrom } from './paused-sources.ts';
import type { ClientProtocol } from './protocol.ts';
import type { Retraction } from './retraction.ts';
import type { Requester, Router } from './router.ts';
import { Session } from './session/session.ts';
import type { ClientSubscriptions } from './session/subscriptions.ts';
import { StreamedReply } from './streamed-reply.ts';

/** Every command is forwarded; what is not known is looked at. */
const EVERYTHING = new Uint8Array(NO_COMMAND).fill(FORWARD);
const NO_COMMANDS = new Uint8Array(0);

/** The half of a client that gets answers: from servers, from ringway, whole or in pieces. */
export abstract class AnsweredClient
  implements SendOwner, Requester, Claimant, Guarded, GuardedClient
{
  id = -1;
  readonly pool: Pool;
  readonly protocol: ClientProtocol;
  readonly router: Router;
  readonly socket: Socket;
  readonly pipeline: ClientPipeline;
  protected readonly engine: Engine;
  protected abstract readonly retraction: Retraction;
  protected readonly out: SendQueue;
  /** Server connections that stand still for this client. */
  protected readonly paused: PausedSources = new PausedSources(this);
  /** What is in flight for this client. */
  readonly claims: Claims = new Claims(this);
  #idFreed = false;
  waitsFor: SendGate | null = null;
  /** Bytes that an element of its joined arrays is expected to have; Infinity = it had none yet. */
  elementBytes = Infinity;
  authenticated: boolean;
  readonly login: Login = new Login();
  /** It has logged in, and is in no mode; only updatePlain() says so. */
  usual = false;
  /** Its plain requests are simply forwarded; that, too, only updatePlain() says. */
  plain = false;
  /** By command: FORWARD where that is so all the same, though others are refused. */
  forwards: Uint8Array = NO_COMMANDS;
  /** What its user's rules let through; null = it may do everything. */
  gate: Gate | null = null;
  /** How much it may ask for; null = as much as it likes. */
  rates: Rates | null = null;
  /** Which of its requests the audit log tells of. */
  audit: Sampler | null = null;
  /** Index of its lane: which connections of a server its requests take. */
  lane = 0;
  readonly session: Session;
  /** What it is called when it has no address. */
  readonly #nameless: string;
  /** Null until it subscribes. */
  subscriptions: ClientSubscriptions | null = null;
  /** Set by forward(): the request at hand has its slot here, and nobody else waits for it. */
  forwarded = false;
  closed = false;
  flushPending = false;
  heldBytes = 0;

  constructor(
    engine: Engine,
    pool: Pool,
    protocol: ClientProtocol,
    router: Router,
    socket: Socket,
  ) {
    this.engine = engine;
    this.session = new Session(engine.nextClientNumber());
    this.session.moves = pool.moves;
    this.pool = pool;
    this.protocol = protocol;
    this.router = router;
    this.socket = socket;
    // Node keeps it from now on: of a connection that was reset nobody could tell whose it was.
    this.#nameless = isAddressLost(socket) ? 'that has gone' : 'unix socket';
    this.out = new SendQueue(engine.slabs, engine.writer, this);
    this.out.open(socket);
    this.pipeline = new ClientPipeline(engine, this.out, pool.latency);
    this.authenticated = !pool.config.loginRequired;
    takeRules(this);
    this.updatePlain();
  }

  /** From here on it is known to others. */
  protected register(): void {
    this.pool.lanes.first.enter();
    this.id = this.engine.addClient(this);
  }

  get address(): string {
    const { remoteAddress: host, remotePort } = this.socket;
    return host === undefined ? this.#nameless : `${host}:${remotePort}`;
  }

  /** It cannot go to another process: that has neither its encryption nor its password. */
  get stays(): boolean {
    return isEncrypted(this.socket) || laneOf(this).login !== null;
  }

  get name(): string {
    return this.session.name;
  }

  get muted(): boolean {
    return this.session.muted;
  }

  onException(error: unknown, inStep: boolean = false): void {
    this.engine.guard.client(this, error, inStep);
  }

  onReplyException(error: unknown, unsentBefore: number): void {
    const { pipeline } = this;
    const inStep = pipeline.outstanding === 1 && pipeline.isBare(pipeline.head);
    this.engine.guard.client(this, error, inStep && this.out.unsentBytes === unsentBefore);
  }

  // --- what it is doing ------------------------------------------------------------------------

  /** Its requests go to the handler of another mode. */
  enterMode(mode: number): void {
    this.session.mode = mode;
    this.updatePlain();
  }

  /** It has subscriptions: it may be silent for as long as it likes. */
  get subscribed(): boolean {
    return this.subscriptions !== null && this.subscriptions.count > 0;
  }

  /** It hears what it has not asked for: its end tells it of what it may miss. */
  get listens(): boolean {
    return this.subscribed || this.session.monitoring !== null;
  }

  /** Nobody else can tell it what it hears: its end tells it of what it may miss. */
  get listensHere(): boolean {
    if (this.session.monitoring !== null) return true;
    return this.subscribed && (this.stays || this.subscriptions?.movable === false);
  }

  /** Its login, mode or what it wants to hear has changed: the fast loop takes the usual case. */
  updatePlain(): void {
    const usual = this.authenticated && this.session.usual;
    this.usual = usual;
    const allowed =
      this.gate?.forwards ?? this.pool.allowed ?? (this.audit === null ? null : EVERYTHING);
    this.plain = usual && allowed === null;
    this.forwards = usual && allowed !== null ? allowed : NO_COMMANDS;
  }

  goOn(): void {
    this.engine.turn.markClient(this);
  }

  /** Its later requests take another lane, once all earlier ones are answered. */
  enterLane(lane: Lane): void {
    if (lane.index === this.lane) return;
    laneOf(this).leave();
    lane.enter();
    this.lane = lane.index;
    if (this.pipeline.outstanding > 0) this.barrier();
  }

  /** It takes the lane of what it had elsewhere. @returns whether there is one */
  protected takeLane(db: number, resp: RespVersion): boolean {
    const lane = this.pool.lanes.find(db, resp, false, null);
    if (lane !== null) this.enterLane(lane);
    return lane !== null;
  }

  // --- answers ---------------------------------------------------------------------------------

  /** Answers the next request with a complete reply of our own. */
  answer(reply: Buffer): void {
    if (this.session.muted) return;
    this.pipeline.deliver(this.pipeline.open(), reply);
    this.engine.turn.markClient(this);
  }

  /** Answers the next request with the error of a server that cannot be used. */
  failForward(failure: Failure): true {
    this.pool.counters[FORWARD_ERROR]++;
    this.answer(this.pool.protocol.failure(failure));
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
    if (this.closed) this.engine.words[record + RECORD_DEST] = 0;
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

  openStream(slot: number, othersWait: boolean): ReplyStream {
    const holdBack = othersWait && this.retraction.mayReadAlone(slot);
    return new StreamedReply(this.engine, this, slot, holdBack);
  }

  isAnswered(slot: number): boolean {
    return !this.closed && this.pipeline.isAnswered(slot);
  }

  endStream(): void {
    this.claims.settle();
    if (!this.closed) this.onAnswered();
  }

  tookReplies(): void {
    this.engine.turn.markClient(this);
    if (this.out.unsentBytes > FLUSH_MARK) this.engine.flushSoon(this.out);
  }

  writeOut(): void {
    this.out.flush();
  }

  onAnswered(): void {
    this.engine.turn.markClient(this);
  }

  /** Reports what waits for it. @param more bytes that are kept besides replies */
  protected account(more: number): void {
    const subscribed = this.subscriptions?.bytes ?? 0;
    const held = this.pipeline.undeliveredBytes + this.claims.keptBytes + subscribed + more;
    const delta = held - this.heldBytes;
    if (delta === 0) return;
    this.heldBytes = held;
    this.engine.budget.add(delta);
  }

  // --- limits ----------------------------------------------------------------------------------

  overOutputLimit(): boolean {
    return this.pipeline.undeliveredBytes > this.pool.config.clientOutputLimit;
  }

  /**
   * Whether a server connection must stand still for this client. One that nobody else waits for
   * keeps what is more than a piece at its server. One that owes it the reply that is next goes on
   * while the client reads: the others wait behind that.
   */
  holdsUp(source: ReplySource): boolean {
    const { out, head, undeliveredBytes } = this.pipeline;
    const { clientOutputLimit } = this.pool.config;
    if (undeliveredBytes > pieceOf(this.pool) && source.isFor(this.id)) {
      return waitingFrom(source, this) > pieceOf(this.pool);
    }
    // The other half has room for the reply that is arriving.
    if (undeliveredBytes <= clientOutputLimit >> 1 || this.retraction.takesBack()) return false;
    if (undeliveredBytes <= clientOutputLimit) return false;
    return out.pendingBytes > clientOutputLimit || !source.owes(this.id, head);
  }

  get takenBytes(): number {
    return this.out.takenBytes;
  }

  blocks(source: ReplySource): void {
    this.paused.add(source);
  }

  // --- the end ---------------------------------------------------------------------------------

  onUnclaimed(): void {
    if (!this.claims.forfeited) this.freeId();
  }

  /** Nothing in flight names it. */
  freeId(): void {
    if (this.#idFreed) return;
    this.#idFreed = true;
    this.engine.removeClient(this.id);
  }

  get mostHeldBack(): number {
    return this.pool.config.clientOutputLimit >> 2;
  }

  replyBytes(start: number, length: number): number {
    return this.protocol.replyBytes(this.engine.bytes, start, length);
  }

  readAlone(reply: StreamedReply): void {
    this.retraction.readAlone(reply);
  }

  abstract onDrained(): void;
  abstract flush(): void;
  abstract barrier(): void;
  abstract stopReading(): void;
  abstract destroy(reason: string): void;
  abstract forfeit(): void;
}
