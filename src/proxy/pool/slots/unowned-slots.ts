import { WaitingClients } from '../../backend/waiting-clients.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Engine } from '../../engine/engine.ts';
import type { ReplyReceiver, SendGate } from '../../engine/receiver.ts';
import { RefusalBudget } from '../failover/refusal-budget.ts';

/**
 * Clients that have a request for a slot of which no node is known to have it. They go on when more
 * is known; after `failover_wait` they are told that nobody has it.
 */
export class UnownedSlots implements SendGate, Timed {
  readonly #engine: Engine;
  readonly #waiting: WaitingClients;
  readonly #budget: RefusalBudget = new RefusalBudget();
  readonly #onException: (error: unknown) => void;
  #until = 0;
  timerAt = 0;
  readonly closed = false;

  constructor(engine: Engine, onException: (error: unknown) => void) {
    this.#engine = engine;
    this.#waiting = new WaitingClients(this, engine.turn);
    this.#onException = onException;
  }

  /** Whether a client may wait now. @param waitMs milliseconds, 0 = never */
  mayWait(waitMs: number): boolean {
    const now = millis();
    if (waitMs === 0 || !this.#budget.allows(now, waitMs)) return false;
    if (this.#until === 0) {
      this.#until = now + waitMs;
      this.#engine.deadlines.arm(this, this.#until);
    }
    return true;
  }

  get full(): boolean {
    return this.#until !== 0;
  }

  get count(): number {
    return this.#waiting.count;
  }

  waitFor(client: ReplyReceiver): void {
    this.#waiting.add(client);
  }

  stopWaiting(client: ReplyReceiver): void {
    this.#waiting.forget(client);
  }

  /** More is known. */
  wake(): void {
    this.#budget.clear();
    this.#release();
  }

  #release(): void {
    this.#until = 0;
    this.#engine.deadlines.forget(this);
    this.#waiting.wake();
  }

  nextDeadline(): number {
    return this.#until;
  }

  onDeadline(now: number): void {
    if (now >= this.#until) this.#release();
  }

  onException(error: unknown): void {
    this.#onException(error);
  }
}
