import type { BackendConnection } from '../../../backend/backend-connection.ts';
import type { Server } from '../../../pool/server.ts';

/** Connections on which servers note what is read, and the line that each of them names. */
export class LanesInUse {
  /** By connection: the number of the line; null = the server notes nothing. */
  readonly #lines: Map<BackendConnection, string | null> = new Map();

  /** A connection is opened. */
  opened(connection: BackendConnection, id: string | null): void {
    this.#lines.set(connection, id);
  }

  /** The server does not note what is read on it: the next request opens another one. */
  refused(connection: BackendConnection): void {
    if (this.#lines.has(connection)) connection.owner.retire(connection);
  }

  /** @returns whether something may have been noted that is forgotten now */
  closed(connection: BackendConnection): boolean {
    const id = this.#lines.get(connection) ?? null;
    this.#lines.delete(connection);
    return id !== null;
  }

  /**
   * Connections that name another line than `id` take no more requests.
   * @returns whether there were any
   */
  renew(servers: readonly Server[], id: string | null): boolean {
    let found = false;
    for (const [connection, named] of [...this.#lines]) {
      if (named === id || !servers.includes(connection.owner as Server)) continue;
      found = true;
      this.#lines.delete(connection);
      if (connection.inFlight.count === 0 && connection.out.pendingBytes === 0) connection.close();
      else connection.owner.retire(connection);
    }
    return found;
  }
}
