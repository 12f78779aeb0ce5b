import type { Socket } from 'node:net';
import { LEASE_KEEP_ALIVE_MS } from '../../limits.ts';
import { dial } from '../../net/dial.ts';
import { type ReadHandler, resumeReading } from '../../net/reader.ts';
import { onOpen } from '../../net/tls-client.ts';
import * as counter from '../../stats/counters.ts';
import { CURR_CONNECTIONS, TOTAL_CONNECTIONS } from '../../stats/counters.ts';
import { millis } from '../engine/clock.ts';
import type { Timed } from '../engine/deadlines.ts';
import type { Engine } from '../engine/engine.ts';
import type { Guarded } from '../engine/guard.ts';
import type { ReplySource } from '../engine/receiver.ts';
import type { Flushable } from '../engine/turn.ts';
import { RepeatingSender } from './again/repeating-sender.ts';
import {
  counterOf,
  FAILURE_EOF,
  FAILURE_INTERNAL,
  FAILURE_INVALID,
  FAILURE_TIMEOUT,
  type Failure,
  failureOf,
  notGranted,
  systemFailure,
  TLS_TIMEOUT,
  tlsFailure,
} from './failure.ts';
import { connectLimit } from './flight/connect-limit.ts';
import type { Lane } from './lane.ts';
import { abandonRequests, failRequests } from './lost-requests.ts';
import {
  type OwnedConnection,
  PURPOSE_BULK,
  PURPOSE_LEASE,
  PURPOSE_SHARED,
} from './owned-connection.ts';
import type { ConnectionOwner } from './owner.ts';
import { BackendReplies } from './replies/backend-replies.ts';
import type { SlowReader } from './replies/slow-reader.ts';
import type { RequestJoiner } from './request-joiner.ts';

// The life of a connection: a greeting only where the server has to grant something first.
const PARKED = 0;
const CONNECTING = 1;
const GREETING = 2;
const OPEN = 3;
const CLOSED = 4;

/** Who has a connection to a server for itself. */
export interface ConnectionHolder {
  /** Its output may go on, or has failed. */
  onWritable(): void;
  /** All that was sent on it is answered. */
  onIdle(): void;
}

/**
 * One connection to a server, shared by many clients: requests go out in order, replies come back
 * in order.
 */
export class BackendConnection
  extends RepeatingSender
  implements ReadHandler, Flushable, Timed, ReplySource, OwnedConnection, Guarded
{
  /** Null until it is dialed. */
  #socket: Socket | null = null;
  readonly replies: BackendReplies;
  readonly #slowReader: SlowReader;
  readonly joiner: RequestJoiner | null;
  #bodyCompleteAt = 0;
  /** When a connection under way is given up; 0 = with its oldest request. */
  #connectUntil = 0;
  timerAt = 0;
  #phase: number = PARKED;
  /** Requests of the greeting. */
  readonly #greetings: number;
  /** The server has taken it; stays true when it is lost later. */
  connected = false;
  /** What it was opened for. */
  readonly purpose: number;
  /** What must be granted before requests may be sent; null on lane 0. */
  greeting: Buffer | null = null;
  /** Who has leased it. */
  holder: ConnectionHolder | null = null;
  /** Milliseconds that the request in flight may take besides `timeout`; Infinity = for ever. */
  patience = 0;

  /** It is not dialed yet. */
  constructor(engine: Engine, owner: ConnectionOwner, lane: Lane, purpose = PURPOSE_SHARED) {
    const { protocol, config } = owner.pool;
    super(engine, owner, lane, config.followsMaster && purpose === PURPOSE_SHARED);
    this.purpose = purpose;
    this.replies = new BackendReplies(engine, this);
    this.#slowReader = this.replies.slowReader;
    this.joiner = protocol.joiner(this);
    protocol.handshake(this);
    this.#greetings = this.greeting === null ? 0 : this.inFlight.count;
    this.sent.balance();
    engine.connections.add(this);
  }

  /** It waits to be dialed: what is sent on it is kept. */
  get parked(): boolean {
    return this.#phase === PARKED;
  }

  /** Begins to connect. */
  dial(): void {
    if (this.#phase !== PARKED) return;
    this.#phase = CONNECTING;
    const socket = dial(this.owner.config, this.engine.reader, this);
    this.#socket = socket;
    this.#listen(socket);
    this.engine.process[TOTAL_CONNECTIONS]++;
    this.engine.process[CURR_CONNECTIONS]++;
  }

  #listen(socket: Socket): void {
    const { guard } = this.engine;
    try {
      this.#armConnectTimeout();
    } catch (error) {
      this.engine.deadlines.forget(this);
      socket.on('error', () => {});
      socket.destroy();
      throw error;
    }
    onOpen(
      socket,
      guard.bind(this, () => this.#onConnect()),
    );
    socket.on('end', () => this.fail(failureOf(FAILURE_EOF)));
    socket.on('error', (error) => this.fail(this.#failureOf(error)));
    socket.on('close', () => this.#onClose());
  }

  #armConnectTimeout(): void {
    const limit = connectLimit(this.owner.pool.config);
    if (limit === 0) return;
    this.#connectUntil = millis() + limit;
    this.engine.deadlines.arm(this, this.#connectUntil);
  }

  #onConnect(): void {
    if (this.closed) return;
    this.connected = true;
    // Nobody else would notice that the other side of a request which blocks has gone.
    if (this.purpose === PURPOSE_LEASE) this.#socket?.setKeepAlive(true, LEASE_KEEP_ALIVE_MS);
    this.owner.counters[counter.SERVER_CONNECTIONS]++;
    this.owner.onConnected();
    if (this.greeting !== null) {
      this.#phase = GREETING;
      this.#socket?.write(this.greeting);
      this.sent.unwritten = this.inFlight.count - this.#greetings;
      return;
    }
    this.#phase = OPEN;
    this.openFor(this.#socket as Socket);
    this.sent.unwritten = this.inFlight.count; // nothing went out before: the server is not busy
    this.flush();
  }

  #failureOf(error: Error): Failure {
    const { tls } = this.owner.config;
    return tls === null ? systemFailure(error) : tlsFailure(error, this.connected);
  }

  /** The server has let it in, and TLS is not agreed on yet. */
  get #shakesHands(): boolean {
    return this.owner.config.tls !== null && !this.connected && !this.#socket?.connecting;
  }

  /** The greeting is granted: requests may follow. */
  handshakeDone(): void {
    if (this.#phase !== GREETING) return;
    this.#phase = OPEN;
    this.openFor(this.#socket as Socket);
    this.engine.turn.markBackend(this);
    if (this.withheld === null) return;
    this.inFlight.renew(millis());
    if (this.inFlight.count > 0) this.#armTimeout();
    this.owner.onReady(this);
  }

  /**
   * The server does not grant what was asked for first: nothing must be sent here.
   * @param away only now: another one may, or this one later
   */
  refuse(said: string, away = false): void {
    if (!away) this.refused = true;
    this.fail(notGranted(said));
  }

  protected get open(): boolean {
    return this.#phase === OPEN;
  }

  protected get replyBegun(): boolean {
    return this.replies.oldest.begun;
  }

  get closed(): boolean {
    return this.#phase === CLOSED;
  }

  disown(client: number, slot: number): number {
    const count = this.inFlight.disown(client, slot);
    if (count > 0) this.replies.oldest.onDisowned();
    return count + (this.withheld?.disown(client, slot) ?? 0);
  }

  #count(): void {
    if (this.sent.count(this.owner.counters)) this.#armTimeout();
  }

  #armTimeout(): void {
    const { timeoutMs } = this.owner.pool.config;
    if (timeoutMs !== 0) this.engine.deadlines.arm(this, this.engine.now + timeoutMs);
  }

  writeOut(): void {
    if (this.stopped) return;
    this.joiner?.beforeWrite();
    if (this.#phase !== GREETING) this.sent.markWritten(this.connected);
    this.out.flush();
    this.sent.balance();
  }

  flush(): void {
    this.joiner?.beforeWrite();
    this.#count();
    if (this.stopped) {
      this.full = true;
      return;
    }
    if (this.#phase !== GREETING) this.sent.markWritten(this.connected);
    this.out.flush();
    this.sent.balance();
    const { pendingBytes } = this.out;
    this.account(pendingBytes);
    if (pendingBytes > this.owner.pool.config.serverOutputLimit) this.full = true;
    else if (!this.out.blocked) this.#takesMore();
  }

  /** Requests that wait to be written. */
  get unwritten(): number {
    return this.connected ? this.sent.unwritten : this.inFlight.count;
  }

  onDrained(): void {
    if (this.closed) return;
    this.engine.turn.markBackend(this);
    this.#takesMore();
  }

  #takesMore(): void {
    this.takesMore();
    this.holder?.onWritable();
  }

  onRead(length: number): boolean {
    if (this.closed) return true;
    try {
      this.engine.turn.onRead();
      if (!this.replies.read(length)) this.fail(failureOf(FAILURE_INVALID));
    } catch (error) {
      this.onException(error);
    }
    return this.closed || !this.#slowReader.paused;
  }

  onException(error: unknown): void {
    this.engine.guard.backend(this, error);
  }

  /** Whoever has leased it takes no more for now. */
  standStill(): void {
    this.#slowReader.standStill();
  }

  /** A client that held this connection up has taken its bytes, or is gone. */
  resume(): void {
    if (!this.#slowReader.paused || this.closed) return;
    this.#slowReader.resume();
    this.replies.progress = this.#slowReader.resumedAt;
    resumeReading(this.#socket as Socket);
  }

  // --- time ------------------------------------------------------------------------------------

  armDeadline(due: number): void {
    this.engine.deadlines.arm(this, due);
  }

  nextDeadline(): number {
    if (this.closed) return 0;
    if (this.owner.pool.config.followsMaster && this.#phase !== OPEN) return this.#connectUntil;
    const request = this.#requestDeadline();
    if (this.connected || this.#connectUntil === 0) return request;
    return request === 0 ? this.#connectUntil : Math.min(request, this.#connectUntil);
  }

  #requestDeadline(): number {
    if (this.inFlight.count === 0) return 0;
    if (this.#slowReader.paused) return this.#slowReader.graceDeadline;
    const { timeoutMs } = this.owner.pool.config;
    if (timeoutMs === 0 || (this.holder !== null && this.purpose === PURPOSE_BULK)) return 0;
    if (this.replies.underWay) return this.replies.progress + timeoutMs;
    if (this.patience === Infinity) return 0;
    const { headTime } = this.inFlight;
    const since = Math.max(headTime, this.#slowReader.resumedAt, this.#bodyCompleteAt);
    return since + this.patience + timeoutMs;
  }

  onDeadline(now: number): void {
    if (this.#slowReader.paused) this.#slowReader.drop(now);
    else this.fail(this.#shakesHands ? TLS_TIMEOUT : failureOf(FAILURE_TIMEOUT));
  }

  // --- the end ---------------------------------------------------------------------------------

  /** Closes this connection; each request in flight gets one error, nobody else is touched. */
  fail(failure: Failure): void {
    if (this.closed) return;
    const next = this.passOn(failure);
    const lost = this.inFlight.count;
    // Whose own login is refused is no trouble of others.
    const counted = this.refused && this.lane.login !== null ? null : counterOf(failure);
    this.withheld?.giveUp();
    this.#shut();
    if (next !== null) this.#take(() => next.heir.adopt(next.saved));
    if (counted !== null) {
      this.owner.counters[counted]++;
      this.#take(() => this.owner.onConnectionLost(this, failure, lost));
    }
    const error = this.owner.pool.protocol.failure(failure);
    failRequests(this.engine, this, error, this.replies.oldest.fail(error));
    this.#take(() => this.holder?.onWritable());
  }

  failInternally(): void {
    this.fail(failureOf(FAILURE_INTERNAL));
  }

  /**
   * The body of the streamed request is complete: from now on the server has its time to answer.
   */
  bodyComplete(): void {
    this.#bodyCompleteAt = millis();
    if (this.inFlight.count === 0) this.owner.onIdle(this);
    else if (this.owner.pool.config.timeoutMs !== 0) {
      this.engine.deadlines.arm(this, this.#bodyCompleteAt + this.owner.pool.config.timeoutMs);
    }
  }

  /** Closes a connection whose client has gone in the middle of a request. */
  abandon(): void {
    if (this.closed) return;
    this.#shut();
    abandonRequests(this.engine, this, this.owner.pool.protocol.failure(failureOf(FAILURE_EOF)));
  }

  /** Closes an idle connection without an error; requests without a reply may wait in it. */
  close(): void {
    if (this.closed) return;
    this.#take(() => {
      this.engine.gatherNow();
      this.writeOut();
    });
    this.#shut();
  }

  #shut(): void {
    this.#phase = CLOSED;
    this.engine.connections.delete(this);
    if (this.connected) this.owner.counters[counter.SERVER_CONNECTIONS]--;
    this.#take(
      () => this.#count(),
      () => this.replies.drop(),
      () => this.joiner?.drop(),
      () => this.out.discard(),
      () => this.dropKept(),
      () => this.account(0),
      () => this.engine.deadlines.forget(this),
      () => this.owner.forget(this),
      () => this.#socket?.destroy(),
      () => this.waiting.wake(),
    );
  }

  #take(...steps: (() => void)[]): void {
    this.engine.guard.takeAll(`a connection to server ${this.owner.title}`, ...steps);
  }

  #onClose(): void {
    if (!this.closed) this.fail(failureOf(FAILURE_EOF));
    this.#take(() => this.out.close());
    this.engine.process[CURR_CONNECTIONS]--;
  }
}
