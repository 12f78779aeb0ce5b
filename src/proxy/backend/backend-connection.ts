import type { Socket } from 'node:net';
import { dial } from '../../net/dial.ts';
import { type ReadHandler, resumeReading } from '../../net/reader.ts';
import { type SendOwner, SendQueue } from '../../net/send-queue.ts';
import { RECORD_DEST, RECORD_INFO } from '../../protocol/frame-table.ts';
import * as counter from '../../stats/counters.ts';
import { CURR_CONNECTIONS, TOTAL_CONNECTIONS } from '../../stats/counters.ts';
import { CLASS_MULTI, CLASS_OTHER, NO_SERIES } from '../../stats/latency.ts';
import type { Timed } from '../engine/deadlines.ts';
import { clockMicros, type Engine } from '../engine/engine.ts';
import type { ReplyReceiver, ReplySource } from '../engine/receiver.ts';
import type { Flushable } from '../engine/turn.ts';
import { BackendReplies } from './backend-replies.ts';
import {
  failureCause,
  failureReason,
  REASON_EOF,
  REASON_INVALID,
  REASON_TIMEOUT,
} from './failure.ts';
import { InFlight, type ReplyTarget } from './in-flight.ts';
import type { Lane } from './lane.ts';
import type { OwnedConnection } from './owned-connection.ts';
import type { ConnectionOwner } from './owner.ts';
import { PURPOSE_SHARED } from './purpose.ts';
import type { RequestJoiner } from './request-joiner.ts';
import { WaitingClients } from './waiting-clients.ts';

// The life of a connection: a greeting only where the server has to grant something first.
const CONNECTING = 0;
const GREETING = 1;
const OPEN = 2;
const CLOSED = 3;

/** Who has a connection to a server for itself. */
export interface ConnectionHolder {
  /** Its output may go on, or has failed. */
  onWritable(): void;
}

/**
 * One connection to a server, shared by many clients: requests go out in order, replies come back
 * in order.
 */
export class BackendConnection
  implements ReadHandler, SendOwner, Flushable, Timed, ReplySource, OwnedConnection
{
  readonly owner: ConnectionOwner;
  readonly lane: Lane;
  readonly out: SendQueue;
  readonly inFlight: InFlight;
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly replies: BackendReplies;
  readonly #waiting: WaitingClients;
  /** Makes lines of several requests; null where each goes out as it is. */
  readonly joiner: RequestJoiner | null;
  /** Requests in flight that are not handed to the socket yet. */
  #unwritten = 0;
  /** Of those, requests and bytes that are not in the counters yet. */
  #uncounted = 0;
  #uncountedBytes = 0;
  readonly #classes: Uint8Array;
  readonly #measured: boolean;
  #bodyCompleteAt = 0;
  /** When a connection under way is given up; 0 = with its oldest request. */
  #connectUntil = 0;
  flushPending = false;
  timerAt = 0;
  #heldBytes = 0;
  #phase: number = CONNECTING;
  /** The server has taken it; stays true when it is lost later. */
  connected = false;
  /** What it was opened for. */
  readonly purpose: number;
  /** Too much is queued: clients must wait before they send more through here. */
  full = false;
  /** What must be granted before requests may be sent; null on lane 0. */
  greeting: Buffer | null = null;
  /** Why the server would not have us, as an error reply without its "-". */
  refusal: string | null = null;
  /** Who has leased it. */
  holder: ConnectionHolder | null = null;

  constructor(
    engine: Engine,
    owner: ConnectionOwner,
    lane: Lane,
    purpose: number = PURPOSE_SHARED,
  ) {
    const { pool } = owner;
    this.#engine = engine;
    this.owner = owner;
    this.purpose = purpose;
    this.#classes = pool.protocol.classes;
    this.#measured = pool.latency !== null;
    this.inFlight = new InFlight(pool.slowLog !== null);
    this.lane = lane;
    this.out = new SendQueue(engine.slabs, engine.writer, this);
    this.#waiting = new WaitingClients(this, engine.turn);
    this.replies = new BackendReplies(engine, this);
    this.joiner = pool.protocol.joiner(this);
    pool.protocol.handshake(this);
    this.#socket = dial(owner.config, engine.reader, this);
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('end', () => this.fail(REASON_EOF, counter.SERVER_EOF));
    this.#socket.on('error', (error) => this.#onError(error));
    this.#socket.on('close', () => this.#onClose());
    engine.process[TOTAL_CONNECTIONS]++;
    engine.process[CURR_CONNECTIONS]++;
    this.#armConnectTimeout();
  }

  #armConnectTimeout(): void {
    const { connectTimeoutMs } = this.owner.pool.config;
    if (connectTimeoutMs === 0) return;
    this.#connectUntil = Math.floor(performance.now()) + connectTimeoutMs;
    this.#engine.deadlines.arm(this, this.#connectUntil);
  }

  #onConnect(): void {
    if (this.closed) return;
    this.connected = true;
    this.owner.counters[counter.SERVER_CONNECTIONS]++;
    this.owner.onConnected();
    if (this.greeting !== null) {
      this.#phase = GREETING;
      this.#socket.write(this.greeting);
      return;
    }
    this.#phase = OPEN;
    this.out.open(this.#socket);
    this.#unwritten = this.inFlight.count; // nothing went out before: the server is not busy
    this.flush();
  }

  #onError(error: Error): void {
    const why = failureCause(error, this.owner.config.host);
    this.fail(failureReason(error), counter.SERVER_ERR, why);
  }

  /** The greeting is granted: requests may follow. */
  handshakeDone(): void {
    if (this.#phase !== GREETING) return;
    this.#phase = OPEN;
    this.out.open(this.#socket);
    this.#engine.turn.markBackend(this);
  }

  /** The server does not grant the database or the login: nothing must be sent here. */
  refuse(text: string): void {
    this.refusal = text;
    this.fail(text, -1);
  }

  get closed(): boolean {
    return this.#phase === CLOSED;
  }

  owes(client: number, slot: number): boolean {
    return this.inFlight.owes(client, slot);
  }

  // --- sending ---------------------------------------------------------------------------------

  /** Sends a client's whole request, described by a record, during a walk. */
  sendRecord(record: number, start: number, length: number, client: number, slot: number): void {
    const { words } = this.#engine;
    const command = words[record + RECORD_INFO] & 0xffff;
    const { joiner } = this;
    let at = joiner === null ? 0 : joiner.place(record, length);
    const inLine = at !== 0;
    if (!inLine) at = this.out.reserve(length);
    words[record + RECORD_DEST] = at;
    if (at === 0) this.out.copyFrom(start, length);
    const sent = inLine && joiner !== null ? joiner.added : length;
    this.#push(client, slot, this.#classes[command], sent);
    if (inLine) joiner?.noteKeys(1);
    this.inFlight.keepHead(this.#engine.bytes, start, length);
    this.#sent(sent);
  }

  /** Sends a client's whole request from elsewhere in the arena. */
  sendFrom(
    start: number,
    length: number,
    client: number,
    slot: number,
    commandClass: number = CLASS_OTHER,
  ): void {
    this.out.copyFrom(start, length);
    this.#push(client, slot, commandClass, length);
    this.inFlight.keepHead(this.#engine.bytes, start, length);
    this.#sent(length);
  }

  /** Sends a client's whole request from the heap; it must not change any more. */
  sendBuffer(request: Buffer, client: number, slot: number, commandClass = CLASS_OTHER): void {
    this.out.append(request);
    this.#push(client, slot, commandClass, request.length);
    this.inFlight.keepHead(request, 0, request.length);
    this.#sent(request.length);
  }

  /** Sends a whole request from the arena that the server will not answer. */
  sendUnanswered(start: number, length: number): void {
    this.out.copyFrom(start, length);
    const { counters } = this.owner;
    counters[counter.REQUESTS]++;
    counters[counter.REQUEST_BYTES] += length;
    this.#engine.turn.markBackend(this);
  }

  /**
   * `length` bytes were reserved or queued in `out`; their reply is for `target`.
   * @param head bytes that begin with the request at `from`: what the slow log says of it
   */
  sentFor(target: ReplyTarget, length: number, head: Uint8Array, from: number = 0): void {
    const { now, micros } = this.#engine;
    this.inFlight.pushTarget(target, now, micros, this.#series(CLASS_MULTI), length);
    this.inFlight.keepHead(head, from, length);
    this.#sent(length);
  }

  #push(client: number, slot: number, commandClass: number, length: number): void {
    const { now, micros } = this.#engine;
    this.inFlight.push(client, slot, now, micros, this.#series(commandClass), length);
  }

  #series(commandClass: number): number {
    return this.#measured ? this.owner.firstSeries + commandClass : NO_SERIES;
  }

  #sent(length: number): void {
    this.#unwritten++;
    this.#uncounted++;
    this.#uncountedBytes += length;
    this.#engine.turn.markBackend(this);
  }

  /** Counts what was sent since the last time: once per turn, not per request. */
  #count(): void {
    if (this.#uncounted === 0) return;
    const { counters } = this.owner;
    counters[counter.REQUESTS] += this.#uncounted;
    counters[counter.REQUEST_BYTES] += this.#uncountedBytes;
    this.#uncounted = 0;
    this.#uncountedBytes = 0;
    this.#armTimeout();
  }

  #armTimeout(): void {
    const { timeoutMs } = this.owner.pool.config;
    if (timeoutMs !== 0) this.#engine.deadlines.arm(this, this.#engine.now + timeoutMs);
  }

  writeOut(): void {
    this.joiner?.beforeWrite();
    this.#markWritten();
    this.out.flush();
  }

  flush(): void {
    this.joiner?.beforeWrite();
    this.#count();
    this.#markWritten();
    this.out.flush();
    const { pendingBytes } = this.out;
    this.#account(pendingBytes);
    if (pendingBytes > this.owner.pool.config.serverOutputLimit) this.full = true;
    else if (!this.out.blocked) this.#takesMore();
  }

  #account(held: number): void {
    if (held === this.#heldBytes) return;
    this.#engine.budget.add(held - this.#heldBytes);
    this.#heldBytes = held;
  }

  #markWritten(): void {
    if (this.#unwritten > 0 && this.connected) {
      this.inFlight.markWritten(this.#unwritten, clockMicros());
    }
    this.#unwritten = 0;
  }

  /** Requests that wait to be written. */
  get unwritten(): number {
    return this.connected ? this.#unwritten : this.inFlight.count;
  }

  onDrained(): void {
    if (this.closed) return;
    this.#engine.turn.markBackend(this);
    this.#takesMore();
  }

  #takesMore(): void {
    if (this.full) {
      this.full = false;
      this.#waiting.wake();
    }
    this.holder?.onWritable();
  }

  /** The client is told when this connection takes requests again. */
  waitFor(client: ReplyReceiver): void {
    this.#waiting.add(client);
  }

  onRead(length: number): boolean {
    if (this.closed) return true;
    this.#engine.turn.onRead();
    if (!this.replies.read(length)) this.fail(REASON_INVALID, counter.SERVER_ERR);
    return this.closed || !this.replies.paused;
  }

  /** A client that held this connection up has taken its bytes, or is gone. */
  resume(): void {
    if (!this.replies.paused || this.closed) return;
    this.replies.resume();
    resumeReading(this.#socket);
  }

  // --- time ------------------------------------------------------------------------------------

  armDeadline(due: number): void {
    this.#engine.deadlines.arm(this, due);
  }

  nextDeadline(): number {
    if (this.closed) return 0;
    const request = this.#requestDeadline();
    if (this.connected || this.#connectUntil === 0) return request;
    return request === 0 ? this.#connectUntil : Math.min(request, this.#connectUntil);
  }

  #requestDeadline(): number {
    if (this.inFlight.count === 0) return 0;
    if (this.replies.paused) return this.replies.graceDeadline;
    const { timeoutMs } = this.owner.pool.config;
    if (timeoutMs === 0 || this.holder !== null) return 0;
    if (this.replies.underWay) return this.replies.progress + timeoutMs;
    return (
      Math.max(this.inFlight.headTime, this.replies.resumedAt, this.#bodyCompleteAt) + timeoutMs
    );
  }

  onDeadline(now: number): void {
    if (this.replies.paused) this.replies.dropSlowReader(now);
    else this.fail(REASON_TIMEOUT, counter.SERVER_TIMEDOUT);
  }

  // --- the end ---------------------------------------------------------------------------------

  /**
   * Closes this connection; each request in flight gets one error, nobody else is touched.
   * @param which the server's counter of such losses, -1 when the server is not to blame
   * @param why what the log says, if that is more than clients are told
   */
  fail(reason: string, which: number, why: string = reason): void {
    if (this.closed) return;
    const lost = this.inFlight.count;
    this.#shut();
    if (which >= 0) {
      this.owner.counters[which]++;
      this.owner.onConnectionLost(this, reason, lost, why);
    }
    const error = this.owner.pool.protocol.failure(reason);
    const streaming = this.replies.fail(error);
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
      const client = this.#engine.clients[id] as ReplyReceiver;
      if (!client.closed) this.owner.pool.counters[counter.FORWARD_ERROR]++;
      // A streamed reply was settled above.
      if (first && streaming) client.endStream();
      else client.takeReply(slot, error);
    }
    this.holder?.onWritable();
  }

  /**
   * The body of the streamed request is complete: from now on the server has its time to answer.
   */
  bodyComplete(): void {
    this.#bodyCompleteAt = Math.floor(performance.now());
    if (this.inFlight.count === 0) this.owner.onIdle(this);
    else if (this.owner.pool.config.timeoutMs !== 0) {
      this.#engine.deadlines.arm(this, this.#bodyCompleteAt + this.owner.pool.config.timeoutMs);
    }
  }

  /** Closes a connection whose client has gone in the middle of a request. */
  abandon(): void {
    if (this.closed) return;
    this.#shut();
    for (; this.inFlight.count > 0; this.inFlight.shift()) {
      const id = this.inFlight.headClient;
      if (id < 0) continue;
      const client = this.#engine.clients[id] as ReplyReceiver;
      client.takeReply(this.inFlight.headSlot, this.owner.pool.protocol.failure(REASON_EOF));
    }
  }

  /** Closes an idle connection without an error; requests without a reply may wait in it. */
  close(): void {
    if (this.closed) return;
    this.#engine.gatherNow();
    this.writeOut();
    this.#shut();
  }

  #shut(): void {
    this.#phase = CLOSED;
    this.#count();
    this.replies.drop();
    this.joiner?.drop();
    this.out.discard();
    this.#account(0);
    this.#engine.deadlines.forget(this);
    if (this.connected) this.owner.counters[counter.SERVER_CONNECTIONS]--;
    this.owner.forget(this);
    this.#socket.destroy();
    this.#waiting.wake();
  }

  #onClose(): void {
    if (!this.closed) this.fail(REASON_EOF, counter.SERVER_EOF);
    this.out.close();
    this.#engine.process[CURR_CONNECTIONS]--;
  }
}
