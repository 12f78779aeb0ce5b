import { connect, type Socket } from 'node:net';
import { type ReadHandler, resumeReading } from '../../net/reader.ts';
import { type SendOwner, SendQueue } from '../../net/send-queue.ts';
import { MC_GET, RECORD_DEST, RECORD_INFO } from '../../protocol/frame-table.ts';
import * as counter from '../../stats/counters.ts';
import { CURR_CONNECTIONS, TOTAL_CONNECTIONS } from '../../stats/counters.ts';
import { CLASS_MULTI, CLASS_OTHER, NO_SERIES } from '../../stats/latency.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Timed } from '../engine/deadlines.ts';
import type { Engine } from '../engine/engine.ts';
import type { Guarded } from '../engine/guard.ts';
import type { Flushable } from '../engine/turn.ts';
import { GetLines } from '../memcache/get-lines.ts';
import type { Lane } from '../pool/lanes.ts';
import type { Server } from '../pool/pool.ts';
import { BackendReplies } from './backend-replies.ts';
import { failureReason, REASON_EOF, REASON_INVALID, REASON_TIMEOUT } from './failure.ts';
import { InFlight, type ReplyTarget } from './in-flight.ts';
import { abandonRequests, failRequests } from './lost-requests.ts';
import { SentRequests } from './sent-requests.ts';
import type { SlowReader } from './slow-reader.ts';
import { WaitingClients } from './waiting-clients.ts';

/**
 * One connection to a server, shared by many clients: requests go out in order, replies come back
 * in order.
 */
export class BackendConnection implements ReadHandler, SendOwner, Flushable, Timed, Guarded {
  readonly server: Server;
  readonly lane: Lane;
  readonly out: SendQueue;
  readonly inFlight: InFlight;
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly #replies: BackendReplies;
  readonly #slowReader: SlowReader;
  readonly #waiting: WaitingClients;
  /** Joins gets into lines; null in Redis pools. */
  readonly gets: GetLines | null;
  readonly #sentRequests: SentRequests;
  readonly #classes: Uint8Array;
  readonly #measured: boolean;
  #bodyCompleteAt = 0;
  /** When a connection under way is given up; 0 = with its oldest request. */
  #connectUntil = 0;
  flushPending = false;
  timerAt = 0;
  #heldBytes = 0;
  connected = false;
  closed = false;
  /** Opened only to see whether the server is well. */
  isProbe = false;
  /** Too much is queued: clients must wait before they send more through here. */
  full = false;
  /** What must be granted before requests may be sent; null on lane 0. */
  greeting: Buffer | null = null;
  /** Why the server would not have us, as an error reply without its "-". */
  refusal: string | null = null;
  /** Set for a bulk connection: told when its output may go on or has failed. */
  onWritable: (() => void) | null = null;

  constructor(engine: Engine, server: Server, lane: Lane) {
    this.#engine = engine;
    this.server = server;
    this.#classes = server.pool.protocol.classes;
    this.#measured = server.pool.latency !== null;
    this.inFlight = new InFlight(server.pool.slowLog !== null);
    this.lane = lane;
    this.out = new SendQueue(engine.slabs, engine.writer, this);
    this.#sentRequests = new SentRequests(this.out, this.inFlight);
    this.gets = server.pool.config.redis ? null : new GetLines(engine, this);
    this.#waiting = new WaitingClients(this);
    this.#replies = new BackendReplies(engine, this);
    this.#slowReader = this.#replies.slowReader;
    server.pool.protocol.handshake(this);
    const target = server.config;
    const options =
      target.kind === 'unix'
        ? { path: target.path }
        : { host: target.host === '' ? '0.0.0.0' : target.host, port: target.port, noDelay: true };
    this.#socket = connect({ ...options, ...engine.reader.connectOptions(this) } as never);
    this.#listen();
    engine.process[TOTAL_CONNECTIONS]++;
    engine.process[CURR_CONNECTIONS]++;
    this.#sentRequests.balance();
    engine.connections.add(this);
  }

  #listen(): void {
    const { reader, guard } = this.#engine;
    const socket = this.#socket;
    try {
      reader.attachConnecting(socket, this);
      this.#armConnectTimeout();
    } catch (error) {
      this.#engine.deadlines.forget(this);
      socket.on('error', () => {});
      socket.destroy();
      throw error;
    }
    socket.on(
      'connect',
      guard.bind(this, () => this.#onConnect()),
    );
    socket.on('end', () => this.fail(REASON_EOF, counter.SERVER_EOF));
    socket.on('error', (error) => this.fail(failureReason(error), counter.SERVER_ERR));
    socket.on('close', () => this.#onClose());
  }

  #armConnectTimeout(): void {
    const { connectTimeoutMs } = this.server.pool.config;
    if (connectTimeoutMs === 0) return;
    this.#connectUntil = Math.floor(performance.now()) + connectTimeoutMs;
    this.#engine.deadlines.arm(this, this.#connectUntil);
  }

  #onConnect(): void {
    if (this.closed) return;
    this.connected = true;
    this.server.counters[counter.SERVER_CONNECTIONS]++;
    this.server.onConnected();
    if (this.greeting !== null) {
      this.#socket.write(this.greeting);
      return;
    }
    this.out.open(this.#socket);
    this.#sentRequests.unwritten = this.inFlight.count; // nothing went out before: the server is not busy
    this.flush();
  }

  /** The greeting is granted: requests may follow. */
  handshakeDone(): void {
    if (this.closed) return;
    this.out.open(this.#socket);
    this.#engine.turn.markBackend(this);
  }

  /** The server does not grant the database or the login: nothing must be sent here. */
  refuse(text: string): void {
    this.refusal = text;
    this.fail(text, -1);
  }

  // --- sending ---------------------------------------------------------------------------------

  /** Sends a client's whole request, described by a record, during a walk. */
  sendRecord(record: number, start: number, length: number, client: number, slot: number): void {
    const { words } = this.#engine;
    const command = words[record + RECORD_INFO] & 0xffff;
    let at = command === MC_GET && this.gets !== null ? this.gets.place(record, length) : 0;
    const inLine = at !== 0;
    if (!inLine) at = this.out.reserve(length);
    words[record + RECORD_DEST] = at;
    if (at === 0) this.out.copyFrom(start, length);
    const sent = inLine && this.gets !== null ? this.gets.added : length;
    this.#push(client, slot, this.#classes[command], sent);
    if (inLine) this.gets?.noteKeys(1);
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
    this.#engine.turn.markBackend(this);
    const { counters } = this.server;
    counters[counter.REQUESTS]++;
    counters[counter.REQUEST_BYTES] += length;
    this.#sentRequests.addBytes(length);
  }

  /** Sends more of the body of the request that this connection is leased for. */
  sendBody(start: number, length: number): void {
    this.out.copyFrom(start, length);
    this.#engine.turn.markBackend(this);
    this.#sentRequests.addBytes(length);
  }

  /** `length` bytes were reserved or queued in `out`; their reply is for `target`. */
  sentFor(target: ReplyTarget, length: number): void {
    const { now, micros } = this.#engine;
    this.inFlight.pushTarget(target, now, micros, this.#series(CLASS_MULTI), length);
    this.#sent(length);
  }

  #push(client: number, slot: number, commandClass: number, length: number): void {
    const { now, micros } = this.#engine;
    this.inFlight.push(client, slot, now, micros, this.#series(commandClass), length);
  }

  #series(commandClass: number): number {
    return this.#measured ? this.server.firstSeries + commandClass : NO_SERIES;
  }

  /** The last step of sending: nothing after it can fail. */
  #sent(length: number): void {
    this.#engine.turn.markBackend(this);
    this.#sentRequests.add(length);
  }

  /** Whether no request was sent in part, or without its entry in flight. */
  get isBalanced(): boolean {
    return this.closed || this.#sentRequests.isBalanced;
  }

  #count(): void {
    if (this.#sentRequests.count(this.server.counters)) this.#armTimeout();
  }

  #armTimeout(): void {
    const { timeoutMs } = this.server.pool.config;
    if (timeoutMs !== 0) this.#engine.deadlines.arm(this, this.#engine.now + timeoutMs);
  }

  writeOut(): void {
    this.gets?.beforeWrite();
    this.#sentRequests.markWritten(this.connected);
    this.out.flush();
    this.#sentRequests.balance();
  }

  flush(): void {
    this.gets?.beforeWrite();
    this.#count();
    this.#sentRequests.markWritten(this.connected);
    this.out.flush();
    this.#sentRequests.balance();
    const { pendingBytes } = this.out;
    this.#account(pendingBytes);
    if (pendingBytes > this.server.pool.config.serverOutputLimit) this.full = true;
    else if (!this.out.blocked) this.#takesMore();
  }

  #account(held: number): void {
    if (held === this.#heldBytes) return;
    this.#engine.budget.add(held - this.#heldBytes);
    this.#heldBytes = held;
  }

  /** Requests that wait to be written. */
  get unwritten(): number {
    return this.connected ? this.#sentRequests.unwritten : this.inFlight.count;
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
    this.onWritable?.();
  }

  /** The client is told when this connection takes requests again. */
  waitFor(client: ClientConnection): void {
    this.#waiting.add(client);
  }

  onRead(length: number): boolean {
    if (this.closed) return true;
    try {
      this.#engine.turn.onRead();
      if (!this.#replies.read(length)) this.fail(REASON_INVALID, counter.SERVER_ERR);
    } catch (error) {
      this.onException(error);
    }
    return this.closed || !this.#slowReader.paused;
  }

  onException(error: unknown): void {
    this.#engine.guard.backend(this, error);
  }

  /** A client that held this connection up has taken its bytes, or is gone. */
  resume(): void {
    if (!this.#slowReader.paused || this.closed) return;
    this.#slowReader.resume();
    this.#replies.progress = this.#slowReader.resumedAt;
    resumeReading(this.#socket);
  }

  // --- time ------------------------------------------------------------------------------------

  nextDeadline(): number {
    if (this.closed) return 0;
    const request = this.#requestDeadline();
    if (this.connected || this.#connectUntil === 0) return request;
    return request === 0 ? this.#connectUntil : Math.min(request, this.#connectUntil);
  }

  #requestDeadline(): number {
    if (this.inFlight.count === 0) return 0;
    if (this.#slowReader.paused) return this.#slowReader.graceDeadline;
    const { timeoutMs } = this.server.pool.config;
    if (timeoutMs === 0 || this.onWritable !== null) return 0;
    if (this.#replies.underWay) return this.#replies.progress + timeoutMs;
    return (
      Math.max(this.inFlight.headTime, this.#slowReader.resumedAt, this.#bodyCompleteAt) + timeoutMs
    );
  }

  onDeadline(now: number): void {
    if (this.#slowReader.paused) this.#slowReader.drop(now);
    else this.fail(REASON_TIMEOUT, counter.SERVER_TIMEDOUT);
  }

  // --- the end ---------------------------------------------------------------------------------

  /**
   * Closes this connection; each request in flight gets one error, nobody else is touched.
   * @param which the server's counter of such losses, -1 when the server is not to blame
   */
  fail(reason: string, which: number): void {
    if (this.closed) return;
    const lost = this.inFlight.count;
    this.#shut();
    if (which >= 0) {
      this.server.counters[which]++;
      this.#take(() => this.server.onConnectionLost(this, reason, lost));
    }
    const error = this.server.pool.protocol.failure(reason);
    failRequests(this.#engine, this, error, this.#replies.fail(error));
    this.#take(() => this.onWritable?.());
  }

  /**
   * The body of the streamed request is complete: from now on the server has its time to answer.
   */
  bodyComplete(): void {
    this.#bodyCompleteAt = Math.floor(performance.now());
    if (this.inFlight.count === 0) this.server.onIdle(this);
    else if (this.server.pool.config.timeoutMs !== 0) {
      this.#engine.deadlines.arm(this, this.#bodyCompleteAt + this.server.pool.config.timeoutMs);
    }
  }

  /** Closes a connection whose client has gone in the middle of a request. */
  abandon(): void {
    if (this.closed) return;
    this.#shut();
    abandonRequests(this.#engine, this, this.server.pool.protocol.failure(REASON_EOF));
  }

  /** Closes an idle connection without an error; requests without a reply may wait in it. */
  close(): void {
    if (this.closed) return;
    this.#take(() => {
      this.#engine.gatherNow();
      this.writeOut();
    });
    this.#shut();
  }

  #shut(): void {
    this.closed = true;
    this.#engine.connections.delete(this);
    if (this.connected) this.server.counters[counter.SERVER_CONNECTIONS]--;
    this.#take(
      () => this.#count(),
      () => this.#replies.drop(),
      () => this.gets?.drop(),
      () => this.out.discard(),
      () => this.#account(0),
      () => this.#engine.deadlines.forget(this),
      () => this.server.forget(this),
      () => this.#socket.destroy(),
      () => this.#waiting.wake(),
    );
  }

  #take(...steps: (() => void)[]): void {
    this.#engine.guard.takeAll(`a connection to server ${this.server.title}`, ...steps);
  }

  #onClose(): void {
    if (!this.closed) this.fail(REASON_EOF, counter.SERVER_EOF);
    this.#take(() => this.out.close());
    this.#engine.process[CURR_CONNECTIONS]--;
  }
}
