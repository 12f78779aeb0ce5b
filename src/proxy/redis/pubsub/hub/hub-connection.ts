import type { Socket } from 'node:net';
import { HUB_ANSWER_MS, HUB_CONNECT_MS, HUB_PING_MS } from '../../../../limits.ts';
import { type DialTarget, dial } from '../../../../net/dial.ts';
import type { ReadHandler } from '../../../../net/reader.ts';
import { SendQueue } from '../../../../net/send-queue.ts';
import { onOpen } from '../../../../net/tls-client.ts';
import { encodeRequest, encodeText } from '../../../../protocol/redis/replies/encode.ts';
import { loginRefusal, passwordOf } from '../../../../protocol/redis/replies/login-refusal.ts';
import { CURR_CONNECTIONS, TOTAL_CONNECTIONS } from '../../../../stats/counters.ts';
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
} from '../../../backend/failure.ts';
import { millis } from '../../../engine/clock.ts';
import type { Timed } from '../../../engine/deadlines.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { Guarded } from '../../../engine/guard.ts';
import type { Flushable } from '../../../engine/turn.ts';
import type { RefusedConnection } from '../../server-login.ts';
import { BAD, ERROR, Frame, MESSAGE, PONG, STATUS, SUBSCRIBED, UNSUBSCRIBED } from './frame.ts';
import { type FrameTaker, HubReader } from './hub-reader.ts';
import { SUBSCRIBE, UNSUBSCRIBE } from './kinds.ts';
import type { Topic } from './topic.ts';

/** The name under which servers list these connections. */
const NAME = encodeText('CLIENT', 'SETNAME', 'ringway-hub');
const PING = encodeText('PING');

/** Answered ones are taken off the list together. */
const ASKED_KEPT = 1024;

/** Told that all which a server had sent before is there, or that nobody will know. */
export type Mark = () => void;

/** What a server owes an answer to. `topic` null: something of the connection's own. */
interface Asked {
  /** Told when it is answered, or never will be. */
  readonly marks: readonly Mark[];
  readonly topic: Topic | null;
  /** Of SUBSCRIBE; 0 for all else. */
  readonly question: number;
  /** The type of the frame that grants it. */
  readonly grants: number;
  readonly what: string;
}

const NO_MARKS: readonly Mark[] = [];
const SET_NAME: Asked = {
  marks: NO_MARKS,
  topic: null,
  question: 0,
  grants: STATUS,
  what: 'CLIENT SETNAME',
};
const LOG_IN: Asked = { marks: NO_MARKS, topic: null, question: 0, grants: STATUS, what: 'AUTH' };
const ALIVE: Asked = { marks: NO_MARKS, topic: null, question: 0, grants: PONG, what: 'PING' };

/** Whose connection it is. */
export interface HubConnectionOwner {
  readonly target: DialTarget;
  /** The request that logs in; null = none is needed. */
  readonly login: Buffer | null;
  /** Bytes of the largest frame that clients are given. */
  readonly messageLimit: number;
  /** It is there: what is wanted can be asked for. */
  onOpen(): void;
  /**
   * @param question as subscribe() was told, 0 when it is no longer wanted
   * @param error the server's words, a complete error reply; null = it is granted
   */
  onAnswer(topic: Topic, question: number, error: Buffer | null): void;
  /** Something of the connection's own is not granted. @param said latin1, without the `-` */
  onComplaint(what: string, said: string): void;
  /** The login is refused. */
  onLoginRefused(connection: RefusedConnection): void;
  /** A message, as Listener.take(); `frame` says for whom. */
  onMessage(frame: Frame, bytes: Buffer, start: number, end: number): void;
  onDropped(): void;
  onLost(failure: Failure): void;
  onException(error: unknown): void;
}

function bytesOf({ topic }: Asked): number {
  return topic === null ? 0 : topic.name.length;
}

/** A connection to a server that does nothing but subscribe, for all clients of a pool. RESP2. */
export class HubConnection implements ReadHandler, FrameTaker, Flushable, Timed, Guarded {
  readonly #engine: Engine;
  readonly #owner: HubConnectionOwner;
  readonly #socket: Socket;
  readonly #out: SendQueue;
  readonly #reader: HubReader;
  readonly #frame: Frame = new Frame();
  readonly #asked: Asked[] = [];
  /** The oldest in #asked that is not answered. */
  #next = 0;
  /** Of a PING that is not written yet: others may share it. */
  #unsentMarks: Mark[] | null = null;
  #open = false;
  #login: Buffer | null = null;
  closed = false;
  flushPending = false;
  timerAt = 0;
  #heldBytes = 0;
  readonly #since: number = millis();
  #lastRead = 0;
  /** Messages are no answers: a server that owes some and sends only those is not well. */
  #lastAnswer = 0;
  /** Bytes of the names that it is asked for. */
  #askedBytes = 0;

  constructor(engine: Engine, owner: HubConnectionOwner) {
    this.#engine = engine;
    this.#owner = owner;
    this.#out = new SendQueue(engine.slabs, engine.writer, this);
    this.#reader = new HubReader(engine, this);
    this.#socket = dial(owner.target, engine.reader, this);
    const { guard } = engine;
    const socket = this.#socket;
    onOpen(
      socket,
      guard.bind(this, () => this.#onConnect()),
    );
    socket.on('end', () => this.#fail(failureOf(FAILURE_EOF)));
    socket.on('error', (error) => {
      const { tls } = owner.target;
      this.#fail(tls === null ? systemFailure(error) : tlsFailure(error, this.#open));
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
    if (this.#login !== null) this.#ask(LOG_IN, this.#login);
    this.#ask(SET_NAME, NAME);
    this.#owner.onOpen();
  }

  #ask(asked: Asked, request: Buffer): void {
    // Whoever has nothing to wait for may have been silent for long.
    if (this.#next === this.#asked.length) this.#lastAnswer = millis();
    this.#asked.push(asked);
    this.#askedBytes += bytesOf(asked);
    this.#out.copy(request);
    this.#engine.turn.markBackend(this);
    this.#engine.deadlines.arm(this, this.nextDeadline());
  }

  /** @param question its number, above 0 */
  subscribe(topic: Topic, question: number): void {
    this.#askFor(topic, question, SUBSCRIBED, SUBSCRIBE[topic.kind]);
  }

  unsubscribe(topic: Topic): void {
    this.#askFor(topic, 0, UNSUBSCRIBED, UNSUBSCRIBE[topic.kind]);
  }

  #askFor(topic: Topic, question: number, grants: number, what: string): void {
    this.#ask(
      { marks: NO_MARKS, topic, question, grants, what },
      encodeRequest([Buffer.from(what), topic.name]),
    );
  }

  /** What the server has sent by now comes before `mark` is told. */
  mark(mark: Mark): void {
    if (this.#unsentMarks !== null) {
      this.#unsentMarks.push(mark);
      return;
    }
    this.#unsentMarks = [mark];
    this.#ask({ ...ALIVE, marks: this.#unsentMarks }, PING);
  }

  // --- what the server says --------------------------------------------------------------------

  get limit(): number {
    return this.#owner.messageLimit;
  }

  onRead(length: number): boolean {
    if (this.closed) return true;
    try {
      this.#engine.turn.onRead();
      this.#lastRead = millis();
      if (!this.#reader.read(length)) this.#fail(failureOf(FAILURE_INVALID));
      this.#account();
    } catch (error) {
      this.onException(error);
    }
    return true;
  }

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    const frame = this.#frame;
    const type = frame.read(bytes, start, end);
    if (type === BAD) return false;
    if (type !== MESSAGE) return this.#onAnswer(type, bytes, start, end);
    if (end - start > this.limit) this.#owner.onDropped();
    else this.#owner.onMessage(frame, bytes, start, end);
    return true;
  }

  onPassedOver(): void {
    this.#owner.onDropped();
  }

  #onAnswer(type: number, bytes: Buffer, start: number, end: number): boolean {
    const asked = this.#asked[this.#next];
    if (asked === undefined) return false;
    this.#lastAnswer = this.#lastRead;
    this.#askedBytes -= bytesOf(asked);
    this.#next++;
    if (this.#next === this.#asked.length || this.#next === ASKED_KEPT) {
      this.#asked.splice(0, this.#next);
      this.#next = 0;
    }
    const error = type === ERROR ? Buffer.from(bytes.subarray(start, end)) : null;
    const { topic } = asked;
    if (topic === null) {
      if (error !== null) this.#complain(asked, error);
      if (error !== null && asked === LOG_IN) this.#onLoginRefused();
      for (const mark of asked.marks) mark();
      // Without a subscription PING has its usual answer.
      return error !== null || type === asked.grants || (asked.grants === PONG && type === STATUS);
    }
    if (error === null && (type !== asked.grants || !this.#names(topic, bytes))) return false;
    this.#owner.onAnswer(topic, asked.question, error);
    return true;
  }

  #complain(asked: Asked, error: Buffer): void {
    const said = error.toString('latin1', 1, error.length - 2);
    const isLogin = asked === LOG_IN && this.#login !== null;
    const text = isLogin ? loginRefusal(said, passwordOf(this.#login as Buffer)) : said;
    this.#owner.onComplaint(asked.what, text);
  }

  #onLoginRefused(): void {
    const isClosed = (): boolean => this.closed;
    this.#owner.onLoginRefused({
      login: this.#login as Buffer,
      get closed() {
        return isClosed();
      },
      renew: () => this.#fail(notGranted(LOG_IN.what)),
    });
  }

  #names({ kind, name }: Topic, bytes: Buffer): boolean {
    const { kind: said, nameStart, nameEnd } = this.#frame;
    return kind === said && name.compare(bytes, nameStart, nameEnd) === 0;
  }

  // --- writing ---------------------------------------------------------------------------------

  writeOut(): void {
    this.#unsentMarks = null;
    this.#out.flush();
  }

  flush(): void {
    if (this.closed) return;
    this.writeOut();
    this.#account();
  }

  onDrained(): void {
    if (!this.closed) this.#engine.turn.markBackend(this);
  }

  #account(): void {
    const bytes = this.#out.pendingBytes + this.#reader.keptBytes + this.#askedBytes;
    const held = this.closed ? 0 : bytes;
    if (held === this.#heldBytes) return;
    const delta = held - this.#heldBytes;
    this.#heldBytes = held;
    this.#engine.budget.add(delta);
  }

  // --- time ------------------------------------------------------------------------------------

  nextDeadline(): number {
    if (this.closed) return 0;
    if (!this.#open) return this.#since + HUB_CONNECT_MS;
    const waits = this.#next < this.#asked.length;
    return waits ? this.#lastAnswer + HUB_ANSWER_MS : this.#lastRead + HUB_PING_MS;
  }

  onDeadline(): void {
    if (!this.#open || this.#next < this.#asked.length) this.#fail(failureOf(FAILURE_TIMEOUT));
    else this.#ask(ALIVE, PING);
  }

  // --- the end ---------------------------------------------------------------------------------

  onException(error: unknown): void {
    this.#fail(failureOf(FAILURE_INTERNAL));
    this.#owner.onException(error);
  }

  #fail(failure: Failure): void {
    if (this.closed) return;
    this.#close();
    try {
      this.#owner.onLost(failure);
    } catch (error) {
      this.#owner.onException(error);
    }
    this.#breakMarks();
  }

  #breakMarks(): void {
    const broken = this.#asked.slice(this.#next).flatMap(({ marks }) => marks);
    this.#asked.length = 0;
    this.#next = 0;
    this.#askedBytes = 0;
    for (const mark of broken) mark();
  }

  /** Nothing is heard of it any more. */
  stop(): void {
    this.#close();
    this.#breakMarks();
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#engine.guard.takeAll(
      'a connection that subscribes',
      () => this.#reader.drop(),
      () => this.#out.discard(),
      () => this.#account(),
      () => this.#engine.deadlines.forget(this),
      () => this.#socket.destroy(),
    );
  }

  #onClose(): void {
    this.#fail(failureOf(FAILURE_EOF));
    this.#engine.guard.takeAll('a connection that subscribes', () => this.#out.close());
    this.#engine.process[CURR_CONNECTIONS]--;
  }
}
