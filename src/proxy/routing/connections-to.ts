import type { BackendConnection } from '../backend/backend-connection.ts';
import type { Server } from '../pool/pool.ts';
import type { SpecialRequest } from './request.ts';

/**
 * The connection to each of the servers of one request: null where there is none. None of them is
 * closed to make room for another.
 * @returns null when one of them must take its bytes first
 */
export function connectionsTo(
  request: SpecialRequest,
  servers: readonly Server[],
  lane: number = 0,
): (BackendConnection | null)[] | null {
  const { client, mustSend } = request;
  const { budget } = client.pool;
  const chosen: (BackendConnection | null)[] = [];
  budget.chosen = chosen;
  let full: BackendConnection | null = null;
  try {
    for (let i = 0; i < servers.length && full === null; i++) {
      const connection = servers[i].connectionFor(client.id, lane);
      if (connection?.full && !mustSend) full = connection;
      chosen.push(connection);
    }
  } finally {
    budget.chosen = [];
  }
  full?.waitFor(client);
  return full === null ? chosen : null;
}
