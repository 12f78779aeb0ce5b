import { NO_SERVER, RECORD_DEST } from '../../protocol/frame-table.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { REASON_REFUSED } from '../backend/failure.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { FAILED, MAY_WAIT, NOWHERE, type Requester, type Router, WAIT } from '../client/router.ts';
import type { Server } from '../pool/server.ts';
import { RetriedRead } from './retried-read.ts';

const NONE: readonly (BackendConnection | null)[] = [];

/**
 * Where requests go. One for all clients of a process: what a call has to say besides a connection
 * stands in `verdict` and `reason` until the next.
 */
export class RequestRouter implements Router {
  verdict = 0;
  reason = '';

  choose(
    client: Requester,
    server: number,
    lane: number,
    intent: number,
  ): BackendConnection | null {
    if (server === NO_SERVER) {
      this.verdict = NOWHERE;
      this.reason = REASON_REFUSED;
      return null;
    }
    return this.#chooseOf(client, client.pool.servers[server], lane, intent, NONE);
  }

  #chooseOf(
    client: Requester,
    server: Server,
    lane: number,
    intent: number,
    but: readonly (BackendConnection | null)[],
  ): BackendConnection | null {
    const connection = server.connectionFor(client.id, lane, but);
    if (connection === null) {
      this.verdict = FAILED;
      this.reason = server.lastFailure;
      return null;
    }
    if (connection.full && intent === MAY_WAIT) {
      connection.waitFor(client);
      this.verdict = WAIT;
      return null;
    }
    return connection;
  }

  chooseAll(
    client: Requester,
    servers: readonly Server[],
    lane: number,
    intent: number,
  ): (BackendConnection | null)[] | null {
    const chosen: (BackendConnection | null)[] = [];
    for (const server of servers) {
      const connection = this.#chooseOf(client, server, lane, intent, chosen);
      if (connection === null && this.verdict === WAIT) return null;
      chosen.push(connection);
    }
    return chosen;
  }

  sendRepeatable(client: Requester, connection: BackendConnection, record: number): void {
    const { words } = client.pool.engine;
    const read = new RetriedRead(this, client as ClientConnection, record);
    words[record + RECORD_DEST] = 0;
    read.send(connection);
  }
}
