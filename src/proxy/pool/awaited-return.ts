import { AWAIT_RETURN_MS } from '../../limits.ts';
import { WaitingClients } from '../backend/waiting-clients.ts';
import type { Deadlines, Timed } from '../engine/deadlines.ts';
import type { ReplyReceiver, SendGate } from '../engine/receiver.ts';
import type { Turn } from '../engine/turn.ts';

/**
 * Clients that have a request for a server which is being looked for. They go on as soon as it is
 * known how that ended, and after AWAIT_RETURN_MS in any case: counted from when the look began, so
 * that a server which says nothing holds up nobody who comes later.
 */
export class AwaitedReturn implements SendGate, Timed {
  readonly #waiting: WaitingClients;
  readonly #deadlines: Deadlines;
  readonly #onException: (error: unknown) => void;
  /** Until when it is waited for; 0 = it is not. */
  #until = 0;
  timerAt = 0;
  readonly closed = false;

  constructor(turn: Turn, deadlines: Deadlines, onException: (error: unknown) => void) {
    this.#waiting = new WaitingClients(this, turn);
    this.#deadlines = deadlines;
    this.#onException = onException;
  }

  /** Whether clients may wait now. */
  get full(): boolean {
    return this.#until !== 0;
  }

  /** A look begins. */
  begin(now: number): void {
    this.#until = Math.floor(now) + AWAIT_RETURN_MS;
    this.#deadlines.arm(this, this.#until);
  }

  /** It has ended, well or not; or there is nothing left to wait for. */
  end(): void {
    if (this.#until === 0) return;
    this.#until = 0;
    this.#deadlines.forget(this);
    this.#waiting.wake();
  }

  /** The client goes on when it is over. */
  waitFor(client: ReplyReceiver): void {
    this.#waiting.add(client);
  }

  stopWaiting(client: ReplyReceiver): void {
    this.#waiting.forget(client);
  }

  get count(): number {
    return this.#waiting.count;
  }

  nextDeadline(): number {
    return this.#until;
  }

  onDeadline(): void {
    this.end();
  }

  onException(error: unknown): void {
    this.#onException(error);
  }
}
