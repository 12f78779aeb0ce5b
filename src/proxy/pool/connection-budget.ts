import type { BackendConnection } from '../backend/backend-connection.ts';
import type { Server } from './pool.ts';

/** Counts the connections of a pool to its servers, and closes idle ones to make room. */
export class ConnectionBudget {
  readonly #servers: () => readonly Server[];
  /** Connections in all; the servers' own first ones fit in any case. */
  limit = 0;
  open = 0;
  /** For a request that is about to be sent: they stay. */
  chosen: readonly (BackendConnection | null)[] = [];

  constructor(servers: () => readonly Server[]) {
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
