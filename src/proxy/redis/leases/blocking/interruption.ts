import { UNBLOCK_AGAIN_MAX_MS, UNBLOCK_AGAIN_MS, UNBLOCK_LIMIT_MS } from '../../../../limits.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import { millis } from '../../../engine/clock.ts';
import type { Timed } from '../../../engine/deadlines.ts';
import { type BlockedConnection, orderUnblock } from './unblock-order.ts';

/** A request that its server lets wait. */
export interface Interrupted {
  readonly client: ClientConnection;
  /** Its reply is there, or will not come. */
  readonly over: boolean;
  /** Null while the server has not told its number. */
  readonly blockedAt: BlockedConnection | null;
  /** An UNBLOCK for it is on its way. @returns to be called when it has been answered */
  onUnblocking(): () => void;
}

/**
 * Has a server end what it lets wait, as if its time were over. What has come by then is the reply:
 * the server does one after the other, so nothing is lost. An UNBLOCK goes over another connection
 * and may overtake the request: it is sent again until there is a reply.
 */
export class Interruption implements Timed {
  readonly #target: Interrupted;
  #at = 0;
  #pause = UNBLOCK_AGAIN_MS;
  /** When a client that is to end is not kept waiting any more; 0 = it does not end. */
  #until = 0;
  /** What is waited for next is none of its business. */
  #stopped = false;
  timerAt = 0;

  constructor(target: Interrupted) {
    this.#target = target;
    this.#order();
  }

  #order(): void {
    const { over, blockedAt, client } = this.#target;
    if (over) return;
    if (blockedAt === null) {
      this.#later();
      return;
    }
    const done = this.#target.onUnblocking();
    orderUnblock(client, blockedAt, 'TIMEOUT', () => {
      done();
      this.#later();
    });
  }

  #later(): void {
    const { over, client } = this.#target;
    if (over || this.#stopped || client.closed) return;
    this.#at = millis() + this.#pause;
    this.#pause = Math.min(this.#pause * 2, UNBLOCK_AGAIN_MAX_MS);
    client.pool.engine.deadlines.arm(this, this.#at);
  }

  /** Its client ends behind it: a server that says nothing must not keep it for ever. */
  hurry(): void {
    if (this.#until !== 0 || this.#stopped) return;
    this.#until = millis() + UNBLOCK_LIMIT_MS;
    this.#target.client.pool.engine.deadlines.arm(this, this.#until);
  }

  /** It is over. */
  stop(): void {
    this.#stopped = true;
    this.#at = 0;
    this.#until = 0;
    this.#target.client.pool.engine.deadlines.forget(this);
  }

  nextDeadline(): number {
    return this.#at !== 0 && (this.#until === 0 || this.#at < this.#until) ? this.#at : this.#until;
  }

  onDeadline(now: number): void {
    if (this.#until !== 0 && this.#until <= now) {
      this.#target.client.destroy('its server does not end what it waits for');
      return;
    }
    this.#at = 0;
    this.#order();
  }

  onException(error: unknown): void {
    this.#target.client.onException(error);
  }
}
