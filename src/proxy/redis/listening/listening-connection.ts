import type { Socket } from 'node:net';
import { HUB_ANSWER_MS, HUB_CONNECT_MS, HUB_PING_MS } from '../../../limits.ts';
import { type DialTarget, dial } from '../../../net/dial.ts';
import type { ReadHandler } from '../../../net/reader.ts';
import { SendQueue } from '../../../net/send-queue.ts';
import { onOpen } from '../../../net/tls-client.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import { loginRefusal, passwordOf } from '../../../protocol/redis/replies/login-refusal.ts';
import { CURR_CONNECTIONS, TOTAL_CONNECTIONS } from '../../../stats/counters.ts';
import {
  FAILURE_EOF,
  FAILURE_INTERNAL,
  FAILURE_INVALID,
  FAILURE_TIMEOUT,
  type Failure,
  failureOf,
  notGranted,
  systemFailure,
  tlsFailure,
} from '../../backend/failure.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Guarded } from '../../engine/guard.ts';
import type { Flushable } from '../../engine/turn.ts';
import type { RefusedConnection } from '../server-login.ts';
import { FrameReader, type FrameTaker } from './frame-reader.ts';

const PING = encodeText('PING');
const ERROR_TYPE = 0x2d; // '-'

/** Answered ones are taken off the list together. */
const ASKED_KEPT = 1024;

/** What a server owes an answer to. */
export interface Asked {
  /** How the log names it. */
  readonly what: string;
  /** Bytes that are kept for it. */
  readonly bytes: number;
}

const LOG_IN = 'AUTH';
const ALIVE = 'PING';

/** Whose connection it is. */
export interface ListeningOwner {
  readonly target: DialTarget;
  /** The request that logs in; null = none is needed. */
  readonly login: Buffer | null;
  /** Bytes of the largest frame that is taken. */
  readonly messageLimit: number;
  /** Something of the connection's own is not granted. @param said latin1, without the `-` */
  onComplaint(what: string, said: string): void;
  /** The login is refused. */
  onLoginRefused(connection: RefusedConnection): void;
  /** A frame was too large. */
  onDropped(): void;
  onLost(failure: Failure): void;
  onException(error: unknown): void;
}

/**
 * A connection to a server that listens to what it says unasked, and asks for nothing else than
 * that. A server that answers nothing is given up.
 */
export abstract class ListeningConnection<A extends Asked>
  implements ReadHandler, FrameTaker, Flushable, Timed, Guarded
{
  protected readonly engine: Engine;
  readonly #owner: ListeningOwner;
  readonly #socket: Socket;
  readonly #out: SendQueue;
  readonly #reader: FrameReader;
  readonly #asked: A[] = [];
  /** The oldest in #asked that is not answered. */
  #next = 0;
  #open = false;
  #login: Buffer | null = null;
  closed = false;
  flushPending = false;
  timerAt = 0;
  #heldBytes = 0;
  readonly #since: number = millis();
  #lastRead = 0;
  /** What comes unasked is no answer: a server that owes some and sends only that is not well. */
  #lastAnswer = 0;
  /** Bytes of what it is asked for. */
  #askedBytes = 0;

  constructor(engine: Engine, owner: ListeningOwner) {
    this.engine = engine;
    this.#owner = owner;
    this.#out = new SendQueue(engine.slabs, engine.writer, this);
    this.#reader = new FrameReader(engine, this);
    this.#socket = dial(owner.target, engine.reader, this);
    const { guard } = engine;
    const socket = this.#socket;
    onOpen(
      socket,
      guard.bind(this, () => this.#onConnect()),
    );
    socket.on('end', () => this.fail(failureOf(FAILURE_EOF)));
    socket.on('error', (error) => {
      const { tls } = owner.target;
      this.fail(tls === null ? systemFailure(error) : tlsFailure(error, this.#open));
    });
    socket.on('close', () => this.#onClose());
    engine.process[TOTAL_CONNECTIONS]++;
    engine.process[CURR_CONNECTIONS]++;
    engine.deadlines.arm(this, this.nextDeadline());
  }

  #onConnect(): void {
    if (this.closed) return;
    this.#open = true;
    this.#lastRead = millis();
    this.#out.open(this.#socket);
    this.#login = this.#owner.login;
    if (this.#login !== null) this.ask(this.own(LOG_IN), this.#login);
    this.onConnected();
  }

  /** Something that the connection asks for itself. */
  protected abstract own(what: string): A;

  /** It is there: what is wanted can be asked for. */
  protected abstract onConnected(): void;

  protected ask(asked: A, request: Buffer): void {
    // Whoever has nothing to wait for may have been silent for long.
    if (this.#next === this.#asked.length) this.#lastAnswer = millis();
    this.#asked.push(asked);
    this.#askedBytes += asked.bytes;
    this.#out.copy(request);
    this.engine.turn.markBackend(this);
    this.engine.deadlines.arm(this, this.nextDeadline());
  }

  protected ping(asked: A): void {
    this.ask(asked, PING);
  }

  // --- what the server says --------------------------------------------------------------------

  get limit(): number {
    return this.#owner.messageLimit;
  }

  onRead(length: number): boolean {
    if (this.closed) return true;
    try {
      this.engine.turn.onRead();
      this.#lastRead = millis();
      if (!this.#reader.read(length)) this.fail(failureOf(FAILURE_INVALID));
      this.#account();
    } catch (error) {
      this.onException(error);
    }
    return true;
  }

  abstract onFrame(bytes: Buffer, start: number, end: number): boolean;

  onPassedOver(): void {
    this.#owner.onDropped();
  }

  /** What the next answer is for; undefined when nothing was asked for. */
  protected get oldestAsked(): A | undefined {
    return this.#asked[this.#next];
  }

  /** An answer has come. @returns to what; undefined when nothing was asked for */
  protected takeAsked(): A | undefined {
    const asked = this.#asked[this.#next];
    if (asked === undefined) return undefined;
    this.#lastAnswer = this.#lastRead;
    this.#askedBytes -= asked.bytes;
    this.#next++;
    if (this.#next === this.#asked.length || this.#next === ASKED_KEPT) {
      this.#asked.splice(0, this.#next);
      this.#next = 0;
    }
    return asked;
  }

  /** @returns the error that a frame is, a complete reply; null when it is none */
  protected errorIn(bytes: Buffer, start: number, end: number): Buffer | null {
    return bytes[start] === ERROR_TYPE ? Buffer.from(bytes.subarray(start, end)) : null;
  }

  /** Something that it asked for itself is refused. */
  protected refused({ what }: A, error: Buffer): void {
    const said = error.toString('latin1', 1, error.length - 2);
    const isLogin = what === LOG_IN && this.#login !== null;
    const text = isLogin ? loginRefusal(said, passwordOf(this.#login as Buffer)) : said;
    this.#owner.onComplaint(what, text);
    if (what === LOG_IN) this.#onLoginRefused();
  }

  #onLoginRefused(): void {
    const isClosed = (): boolean => this.closed;
    this.#owner.onLoginRefused({
      login: this.#login as Buffer,
      get closed() {
        return isClosed();
      },
      renew: () => this.fail(notGranted(LOG_IN)),
    });
  }

  // --- writing ---------------------------------------------------------------------------------

  writeOut(): void {
    this.#out.flush();
  }

  flush(): void {
    if (this.closed) return;
    this.writeOut();
    this.#account();
  }

  onDrained(): void {
    if (!this.closed) this.engine.turn.markBackend(this);
  }

  #account(): void {
    const bytes = this.#out.pendingBytes + this.#reader.keptBytes + this.#askedBytes;
    const held = this.closed ? 0 : bytes;
    if (held === this.#heldBytes) return;
    const delta = held - this.#heldBytes;
    this.#heldBytes = held;
    this.engine.budget.add(delta);
  }

  // --- time ------------------------------------------------------------------------------------

  nextDeadline(): number {
    if (this.closed) return 0;
    if (!this.#open) return this.#since + HUB_CONNECT_MS;
    const waits = this.#next < this.#asked.length;
    return waits ? this.#lastAnswer + HUB_ANSWER_MS : this.#lastRead + HUB_PING_MS;
  }

  onDeadline(): void {
    if (!this.#open || this.#next < this.#asked.length) this.fail(failureOf(FAILURE_TIMEOUT));
    else this.ping(this.own(ALIVE));
  }

  // --- the end ---------------------------------------------------------------------------------

  onException(error: unknown): void {
    this.fail(failureOf(FAILURE_INTERNAL));
    this.#owner.onException(error);
  }

  protected fail(failure: Failure): void {
    if (this.closed) return;
    this.#close();
    try {
      this.#owner.onLost(failure);
    } catch (error) {
      this.#owner.onException(error);
    }
    this.#breakOff();
  }

  #breakOff(): void {
    const broken = this.#asked.slice(this.#next);
    this.#asked.length = 0;
    this.#next = 0;
    this.#askedBytes = 0;
    for (const asked of broken) this.onBroken(asked);
  }

  /** What was asked for will not be answered. */
  protected abstract onBroken(asked: A): void;

  /** Nothing is heard of it any more. */
  stop(): void {
    this.#close();
    this.#breakOff();
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.engine.guard.takeAll(
      'a connection that listens',
      () => this.#reader.drop(),
      () => this.#out.discard(),
      () => this.#account(),
      () => this.engine.deadlines.forget(this),
      () => this.#socket.destroy(),
    );
  }

  #onClose(): void {
    this.fail(failureOf(FAILURE_EOF));
    this.engine.guard.takeAll('a connection that listens', () => this.#out.close());
    this.engine.process[CURR_CONNECTIONS]--;
  }
}
