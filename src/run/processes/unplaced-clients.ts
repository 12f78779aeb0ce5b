import { UNPLACED_CLIENTS } from '../../limits.ts';
import { LOG_WARN, type Log } from '../../log.ts';
import type { MovingClient } from '../serving.ts';

/** Clients that came while there was no worker: so many wait for one, the others are let go. */
export class UnplacedClients {
  readonly #log: Log;
  #clients: MovingClient[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  add(client: MovingClient): void {
    if (this.#clients.length < UNPLACED_CLIENTS) {
      this.#clients.push(client);
      return;
    }
    client.release();
    const waiting = `${UNPLACED_CLIENTS} clients wait for one`;
    this.#log.write(LOG_WARN, `a client is closed: there is no worker, and ${waiting}`);
  }

  /** Hands all over, in the order in which they came. */
  giveAll(give: (client: MovingClient) => void): void {
    const clients = this.#clients;
    this.#clients = [];
    for (const client of clients) give(client);
  }
}
