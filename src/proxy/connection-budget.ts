import type { BackendConnection } from './backend-connection.ts';
import type { Server } from './server-pool.ts';

/** Counts the connections of a pool to its servers, and closes idle ones to make room. */
export class ConnectionBudget {
  readonly #servers: () => readonly Server[];
  readonly limit: number;
  open = 0;

  /** @param limit connections in all; the servers' own first ones must fit */
  constructor(limit: number, servers: () => readonly Server[]) {
    this.limit = limit;
    this.#servers = servers;
  }

  /** Makes room for one more. @returns false when every connection is in use */
  makeRoom(): boolean {
    if (this.open < this.limit) return true;
    let oldest: BackendConnection | null = null;
    for (const server of this.#servers()) oldest = server.leastUsed(oldest);
    oldest?.close();
    return oldest !== null;
  }
}
