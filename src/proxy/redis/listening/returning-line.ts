import { LINE_RETRY_MAX_MS, LINE_RETRY_MS } from '../../../limits.ts';
import { LOG_NOTICE, LOG_WARN } from '../../../log.ts';
import type { DialTarget } from '../../../net/dial.ts';
import { type Failure, failureCause, reasonText } from '../../backend/failure.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Engine } from '../../engine/engine.ts';
import { failureReply } from '../failure-reply.ts';
import type { RefusedConnection } from '../server-login.ts';
import { Backoff } from './backoff.ts';
import type { ListeningOwner } from './listening-connection.ts';

/** What a line has in common with others of its pool. */
export interface LineOwner {
  readonly engine: Engine;
  readonly login: Buffer | null;
  readonly messageLimit: number;
  titleOf(target: DialTarget): string;
  onLoginRefused(connection: RefusedConnection): void;
  onException(error: unknown): void;
}

/** A connection that listens, and comes back when it is lost. */
export abstract class ReturningLine<C extends { stop(): void }> implements ListeningOwner, Timed {
  readonly target: DialTarget;
  readonly #owner: LineOwner;
  /** What it does, for the log. */
  readonly #does: string;
  readonly #backoff: Backoff = new Backoff(LINE_RETRY_MS, LINE_RETRY_MAX_MS);
  protected connection: C | null = null;
  /** It hears what it is there for. */
  ready = false;
  /** Why the last attempt came to nothing, a complete error reply; null = it did not. */
  error: Buffer | null = null;
  #retryAt = 0;
  #stopped = false;
  timerAt = 0;

  /** @param does what the server does for it: `tell of changed keys` */
  constructor(owner: LineOwner, target: DialTarget, does: string) {
    this.#owner = owner;
    this.target = target;
    this.#does = does;
  }

  /** Begins to connect. */
  protected abstract open(): C;

  /** It hears from now on. @param again it could not before */
  protected abstract opened(again: boolean): void;

  /** It does not hear any more. */
  protected abstract lost(): void;

  /** An attempt has come to nothing. */
  protected abstract failed(): void;

  begin(): void {
    this.connection = this.open();
  }

  get login(): Buffer | null {
    return this.#owner.login;
  }

  get messageLimit(): number {
    return this.#owner.messageLimit;
  }

  /** It hears, or it is known that it does not for now. */
  get settled(): boolean {
    return this.ready || this.error !== null;
  }

  /** What is wanted is granted. */
  protected granted(): void {
    const again = this.error !== null;
    this.#backoff.reset();
    this.ready = true;
    this.error = null;
    if (again) this.#tell(LOG_NOTICE, `does ${this.#does} again`);
    this.opened(again);
  }

  #tell(level: number, what: string): void {
    this.#owner.engine.log.write(level, `${this.#owner.titleOf(this.target)} ${what}`);
  }

  /** @param error a complete error reply */
  onRefused(error: Buffer): void {
    this.error = error;
    this.connection?.stop();
    this.#end();
  }

  onComplaint(what: string, said: string): void {
    // Once is enough: it is tried again and again.
    if (this.error === null) this.#tell(LOG_WARN, `refuses ${what}: ${reasonText(said)}`);
  }

  onLoginRefused(connection: RefusedConnection): void {
    this.#owner.onLoginRefused(connection);
  }

  abstract onDropped(): void;

  onException(error: unknown): void {
    this.#owner.onException(error);
  }

  onLost(failure: Failure): void {
    if (this.error === null) {
      const why = failureCause(failure, this.target.host);
      this.#tell(LOG_WARN, `does not ${this.#does}: ${why}`);
    }
    this.error ??= failureReply(failure);
    this.#end();
  }

  #end(): void {
    const heard = this.ready;
    this.connection = null;
    this.ready = false;
    this.#retrySoon();
    if (heard) this.lost();
    this.failed();
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
    if (!this.#stopped && this.connection === null) this.begin();
  }

  /** Nothing is heard of it any more. */
  stop(): void {
    this.#stopped = true;
    this.#retryAt = 0;
    this.#owner.engine.deadlines.forget(this);
    this.connection?.stop();
    this.connection = null;
    this.ready = false;
  }
}
