import type { ClientConnection } from '../client/client-connection.ts';
import type { BackendConnection } from './backend-connection.ts';

/** Clients that have a request for a connection which must first take what is queued to it. */
export class WaitingClients {
  readonly #connection: BackendConnection;
  #clients: ClientConnection[] = [];

  constructor(connection: BackendConnection) {
    this.#connection = connection;
  }

  add(client: ClientConnection): void {
    if (client.waitsFor === this.#connection) return;
    client.waitsFor = this.#connection;
    this.#clients.push(client);
  }

  /** Each goes on at the end of this turn. */
  wake(): void {
    const clients = this.#clients;
    if (clients.length === 0) return;
    this.#clients = [];
    for (const client of clients) {
      if (client.waitsFor === this.#connection) client.waitsFor = null;
      client.pool.engine.turn.markClient(client);
    }
  }
}
