import { HUB_CONFIRM_MS } from '../../../limits.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { HubServer } from './hub/hub-server.ts';
import type { SubscribingClient } from './subscribing.ts';

/**
 * The only client of a hub has given topics up: `done` is called when servers send no more of them,
 * and count it no more. One that says nothing is waited for once, and then not before it has
 * answered.
 */
export class GivingUp implements Timed {
  readonly #client: SubscribingClient;
  readonly #awaited: Set<HubServer>;
  readonly #done: () => void;
  /** When it is done whatever servers say; 0 = it is. */
  #until: number = millis() + HUB_CONFIRM_MS;
  timerAt = 0;

  /** @param servers that are told of it @param done called once */
  constructor(client: SubscribingClient, servers: Iterable<HubServer>, done: () => void) {
    this.#client = client;
    this.#awaited = new Set(servers);
    this.#done = done;
  }

  begin(): void {
    this.#client.pool.engine.deadlines.arm(this, this.#until);
    for (const server of [...this.#awaited]) {
      if (server.silent) this.#awaited.delete(server);
      else server.mark(() => this.#onAnswer(server));
    }
    this.#review();
  }

  #onAnswer(server: HubServer): void {
    server.silent = false;
    this.#awaited.delete(server);
    this.#review();
  }

  #review(): void {
    if (this.#until !== 0 && this.#awaited.size === 0) this.#end();
  }

  #end(): void {
    this.#until = 0;
    this.#client.pool.engine.deadlines.forget(this);
    this.#done();
  }

  nextDeadline(): number {
    return this.#until;
  }

  onDeadline(): void {
    for (const server of this.#awaited) server.silent = true;
    this.#end();
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }
}
