import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ClientConnection } from './client-connection.ts';

/** The server connections that stand still until one client takes its replies. */
export class HeldConnections {
  readonly #client: ClientConnection;
  #held: BackendConnection[] = [];

  constructor(client: ClientConnection) {
    this.#client = client;
  }

  add(connection: BackendConnection): void {
    this.#held.push(connection);
  }

  /** Lets those go on that may. */
  release(): void {
    if (this.#held.length === 0) return;
    const { closed, id, pipeline, pool } = this.#client;
    const { undeliveredBytes, out, head } = pipeline;
    const low = pool.config.clientOutputLimit >> 1;
    const all = closed || undeliveredBytes <= low;
    if (!all && out.pendingBytes > low) return;
    const held = this.#held;
    this.#held = [];
    for (const connection of held) {
      try {
        if (all || connection.inFlight.owes(id, head)) connection.resume();
        else this.#held.push(connection);
      } catch (error) {
        connection.onException(error);
      }
    }
  }
}
