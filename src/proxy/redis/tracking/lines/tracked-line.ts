import { TRACKING_RETRY_MAX_MS, TRACKING_RETRY_MS } from '../../../../limits.ts';
import { LOG_NOTICE, LOG_WARN } from '../../../../log.ts';
import type { DialTarget } from '../../../../net/dial.ts';
import { type Failure, failureCause, reasonText } from '../../../backend/failure.ts';
import { millis } from '../../../engine/clock.ts';
import type { Timed } from '../../../engine/deadlines.ts';
import type { Engine } from '../../../engine/engine.ts';
import { failureReply } from '../../failure-reply.ts';
import { Backoff } from '../../listening/backoff.ts';
import type { RefusedConnection } from '../../server-login.ts';
import { ALL_KEYS, type Keys } from './push.ts';
import { TrackerConnection, type TrackerConnectionOwner } from './tracker-connection.ts';

/** Whose line it is. */
export interface TrackedLineOwner {
  readonly engine: Engine;
  readonly login: Buffer | null;
  readonly messageLimit: number;
  titleOf(line: TrackedLine): string;
  onLoginRefused(connection: RefusedConnection): void;
  /** The server tells of keys from now on. @param again it could not be reached before */
  onLineReady(line: TrackedLine, again: boolean): void;
  /** It did, and does not any more. */
  onLineLost(line: TrackedLine): void;
  /** An attempt to reach the server has come to nothing. */
  onLineFailed(line: TrackedLine): void;
  onKeys(keys: Keys, line: TrackedLine): void;
  onException(error: unknown): void;
}

/** One way in which a server tells of keys that change: a connection that comes back when lost. */
export class TrackedLine implements TrackerConnectionOwner, Timed {
  readonly target: DialTarget;
  readonly words: readonly Buffer[];
  readonly #owner: TrackedLineOwner;
  readonly #backoff: Backoff = new Backoff(TRACKING_RETRY_MS, TRACKING_RETRY_MAX_MS);
  #connection: TrackerConnection | null = null;
  /** Number of the connection at the server; null while it tells nothing. */
  id: string | null = null;
  /** Why the last attempt came to nothing, a complete error reply; null = it did not. */
  error: Buffer | null = null;
  #retryAt = 0;
  #stopped = false;
  timerAt = 0;

  /** @param words behind CLIENT TRACKING ON */
  constructor(owner: TrackedLineOwner, target: DialTarget, words: readonly Buffer[]) {
    this.#owner = owner;
    this.target = target;
    this.words = words;
    this.#connect();
  }

  #connect(): void {
    this.#connection = new TrackerConnection(this.#owner.engine, this);
  }

  get login(): Buffer | null {
    return this.#owner.login;
  }

  get messageLimit(): number {
    return this.#owner.messageLimit;
  }

  /** It tells of keys, or it is known that it does not for now. */
  get settled(): boolean {
    return this.id !== null || this.error !== null;
  }

  /** What the server has said by now comes before `done` is told. */
  mark(done: () => void): void {
    if (this.#connection === null) done();
    else this.#connection.mark(done);
  }

  onReady(id: string): void {
    this.#backoff.reset();
    this.id = id;
    const again = this.error !== null;
    if (again) {
      const line = `${this.#owner.titleOf(this)} tells of changed keys again`;
      this.#owner.engine.log.write(LOG_NOTICE, line);
    }
    this.error = null;
    this.#owner.onLineReady(this, again);
  }

  onRefused(error: Buffer): void {
    this.error = error;
    this.#connection?.stop();
    this.#lost();
  }

  onKeys(keys: Keys): void {
    this.#owner.onKeys(keys, this);
  }

  /** Which keys it told of is not known. */
  onDropped(): void {
    this.#owner.onKeys(ALL_KEYS, this);
  }

  onComplaint(what: string, said: string): void {
    if (this.error !== null) return;
    const line = `${what} failed on ${this.#owner.titleOf(this)}: ${reasonText(said)}`;
    this.#owner.engine.log.write(LOG_WARN, line);
  }

  onLoginRefused(connection: RefusedConnection): void {
    this.#owner.onLoginRefused(connection);
  }

  onException(error: unknown): void {
    this.#owner.onException(error);
  }

  onLost(failure: Failure): void {
    if (this.error === null) {
      const why = failureCause(failure, this.target.host);
      const line = `${this.#owner.titleOf(this)} does not tell of changed keys: ${why}`;
      this.#owner.engine.log.write(LOG_WARN, line);
    }
    this.error ??= failureReply(failure);
    this.#lost();
  }

  #lost(): void {
    const told = this.id !== null;
    this.#connection = null;
    this.id = null;
    this.#retrySoon();
    if (told) this.#owner.onLineLost(this);
    this.#owner.onLineFailed(this);
  }

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
    if (!this.#stopped && this.#connection === null) this.#connect();
  }

  /** Nothing is heard of it any more. */
  stop(): void {
    this.#stopped = true;
    this.#retryAt = 0;
    this.#owner.engine.deadlines.forget(this);
    this.#connection?.stop();
    this.#connection = null;
    this.id = null;
  }
}
