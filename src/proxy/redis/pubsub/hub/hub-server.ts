import { HUB_RETRY_MAX_MS, HUB_RETRY_MS } from '../../../../limits.ts';
import { LOG_NOTICE, LOG_WARN } from '../../../../log.ts';
import type { DialTarget } from '../../../../net/dial.ts';
import { type Failure, failureCause, reasonText } from '../../../backend/failure.ts';
import { millis } from '../../../engine/clock.ts';
import type { Timed } from '../../../engine/deadlines.ts';
import type { Engine } from '../../../engine/engine.ts';
import { Backoff } from '../../listening/backoff.ts';
import type { RefusedConnection } from '../../server-login.ts';
import type { Frame } from './frame.ts';
import { HubConnection, type HubConnectionOwner, type Mark } from './hub-connection.ts';
import type { Kind } from './kinds.ts';
import type { Topic } from './topic.ts';

/** The server sends the messages of a topic. */
const HELD = -1;
/** The server will not. */
const REFUSED = -2;

/** What a server needs of the hub. */
export interface HubServerOwner {
  readonly engine: Engine;
  /** How lines of the log name the server. */
  titleOf(server: HubServer): string;
  readonly login: Buffer | null;
  /** As HubConnectionOwner.onLoginRefused(). */
  onLoginRefused(connection: RefusedConnection): void;
  readonly messageLimit: number;
  /** The connection is there. @returns what the server is to be asked for */
  wanted(server: HubServer): Iterable<Topic>;
  onHeld(server: HubServer, topic: Topic): void;
  onRefused(server: HubServer, topic: Topic, error: Buffer): void;
  /** It could not be connected to, or had not granted all when it was lost. */
  onUnreachable(server: HubServer, failure: Failure): void;
  /** @param held topics whose messages are missed from now on */
  onLost(server: HubServer, held: readonly Topic[], failure: Failure): void;
  onMessage(server: HubServer, frame: Frame, bytes: Buffer, start: number, end: number): void;
  /** It sends the messages of a topic no more, unasked. */
  onTaken(server: HubServer, kind: Kind, name: string): void;
  /** It can be reached again, and is not asked for anything yet. */
  onReturned(server: HubServer): void;
  onDropped(): void;
  onException(error: unknown): void;
}

/** A server as the hub sees it: what it has granted, and a connection that comes back when lost. */
export class HubServer implements HubConnectionOwner, Timed {
  /** Where it is connected to next. */
  target: DialTarget;
  readonly #owner: HubServerOwner;
  /** HELD, REFUSED, or the number of the question that is not answered. */
  readonly #topics: Map<Topic, number> = new Map();
  #unanswered = 0;
  #lastQuestion = 0;
  #connection: HubConnection | null = null;
  #open = false;
  /** The last attempt to reach it failed, and none has succeeded since. */
  failed = false;
  /** It was waited for in vain, and has not answered since. */
  silent = false;
  readonly #backoff: Backoff = new Backoff(HUB_RETRY_MS, HUB_RETRY_MAX_MS);
  #retryAt = 0;
  #stopped = false;
  timerAt = 0;

  constructor(owner: HubServerOwner, target: DialTarget) {
    this.#owner = owner;
    this.target = target;
  }

  get login(): Buffer | null {
    return this.#owner.login;
  }

  onLoginRefused(connection: RefusedConnection): void {
    this.#owner.onLoginRefused(connection);
  }

  get messageLimit(): number {
    return this.#owner.messageLimit;
  }

  connect(): void {
    if (this.#connection !== null || this.#stopped || this.#retryAt !== 0) return;
    this.#connection = new HubConnection(this.#owner.engine, this);
  }

  /** What is asked for is asked of it. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether it sends the messages of a topic. */
  holds(topic: Topic): boolean {
    return this.#topics.get(topic) === HELD;
  }

  /** Whether it was asked for a topic and has not refused it. */
  has(topic: Topic): boolean {
    const state = this.#topics.get(topic);
    return state !== undefined && state !== REFUSED;
  }

  /** Nothing more is to be expected soon: all is answered, or it cannot be reached. */
  get settled(): boolean {
    return this.failed || (this.#open && this.#unanswered === 0);
  }

  subscribe(topic: Topic): void {
    if (!this.#open || this.has(topic)) return;
    const question = ++this.#lastQuestion;
    this.#topics.set(topic, question);
    this.#unanswered++;
    this.#connection?.subscribe(topic, question);
  }

  unsubscribe(topic: Topic): void {
    const asked = this.has(topic);
    if (asked && !this.holds(topic)) this.#unanswered--;
    this.#topics.delete(topic);
    if (asked) this.#connection?.unsubscribe(topic);
  }

  /** It has ended the subscription itself. */
  onEnded(topic: Topic): void {
    if (this.holds(topic)) this.#topics.delete(topic);
  }

  /** What the server has sent by now comes before `mark` is told. */
  mark(mark: Mark): void {
    if (this.#open && this.#connection !== null) this.#connection.mark(mark);
    else mark();
  }

  // --- the connection --------------------------------------------------------------------------

  onOpen(): void {
    this.#open = true;
    const { engine } = this.#owner;
    if (this.failed) {
      engine.log.write(LOG_NOTICE, `${this.#owner.titleOf(this)} is subscribed to again`);
      this.failed = false;
      this.#owner.onReturned(this);
    }
    for (const topic of this.#owner.wanted(this)) this.subscribe(topic);
  }

  onAnswer(topic: Topic, question: number, error: Buffer | null): void {
    this.#backoff.reset();
    // It may have been given up meanwhile, and even been asked for again: that has its own answer.
    if (this.#topics.get(topic) !== question) return;
    this.#unanswered--;
    this.#topics.set(topic, error === null ? HELD : REFUSED);
    if (error === null) this.#owner.onHeld(this, topic);
    else this.#owner.onRefused(this, topic, error);
  }

  onComplaint(what: string, said: string): void {
    const line = `${what} failed on ${this.#owner.titleOf(this)}: ${reasonText(said)}`;
    this.#owner.engine.log.write(LOG_WARN, line);
  }

  onMessage(frame: Frame, bytes: Buffer, start: number, end: number): void {
    this.#owner.onMessage(this, frame, bytes, start, end);
  }

  onTaken(kind: Kind, name: string): void {
    this.#owner.onTaken(this, kind, name);
  }

  onDropped(): void {
    this.#owner.onDropped();
  }

  onException(error: unknown): void {
    this.#owner.onException(error);
  }

  onLost(failure: Failure): void {
    const { engine } = this.#owner;
    const held = [...this.#topics.keys()].filter((topic) => this.holds(topic));
    const whole = this.#open && this.#unanswered === 0;
    const first = !this.failed;
    this.#topics.clear();
    this.#unanswered = 0;
    this.#connection = null;
    this.#open = false;
    this.#retrySoon();
    if (first) {
      const why = failureCause(failure, this.target.host);
      const line = `${this.#owner.titleOf(this)} is not subscribed to: ${why}`;
      engine.log.write(LOG_WARN, line);
    }
    if (whole) {
      this.#owner.onLost(this, held, failure);
      return;
    }
    this.failed = true;
    if (held.length > 0) this.#owner.onLost(this, held, failure);
    this.#owner.onUnreachable(this, failure);
  }

  // --- coming back -----------------------------------------------------------------------------

  #retrySoon(): void {
    if (this.#stopped) return;
    this.#retryAt = millis() + this.#backoff.next();
    this.#owner.engine.deadlines.arm(this, this.#retryAt);
  }

  nextDeadline(): number {
    return this.#retryAt;
  }

  onDeadline(): void {
    this.#retryAt = 0;
    this.connect();
  }

  /** Nothing is wanted of it any more. */
  stop(): void {
    this.#stopped = true;
    this.#retryAt = 0;
    this.#owner.engine.deadlines.forget(this);
    this.#connection?.stop();
    this.#connection = null;
    this.#topics.clear();
    this.#open = false;
  }
}

/** What servers have sent by now comes before `done` is called. */
export function markAll(servers: ReadonlySet<HubServer>, done: () => void): void {
  let left = servers.size;
  if (left === 0) done();
  for (const server of servers) server.mark(() => void (--left === 0 && done()));
}
