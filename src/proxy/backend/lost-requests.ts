import { FORWARD_ERROR } from '../../stats/counters.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Engine } from '../engine/engine.ts';
import type { BackendConnection } from './backend-connection.ts';
import type { ReplyTarget } from './in-flight.ts';

/**
 * Gives every request that was in flight on a closed connection an error.
 * @param settled the oldest one's client has been told already
 */
export function failRequests(
  engine: Engine,
  connection: BackendConnection,
  error: Buffer,
  settled: boolean,
): void {
  const { inFlight, server } = connection;
  for (let first = true; inFlight.count > 0; first = false) {
    const id = inFlight.headClient;
    const slot = inFlight.headSlot;
    if (id < 0) {
      const target = inFlight.headTarget as ReplyTarget | undefined | null;
      inFlight.shift();
      if (!target) continue; // it was being sent when something went wrong
      const unsent = target.client?.pipeline.out.unsentBytes ?? 0;
      try {
        target.onFailure(error);
      } catch (trouble) {
        engine.guard.target(connection, target, trouble, unsent);
      }
      continue;
    }
    inFlight.shift();
    const client = engine.clients[id] as ClientConnection;
    if (!client.closed) server.pool.counters[FORWARD_ERROR]++;
    settle(engine, client, slot, first && settled ? null : error);
  }
}

/** The same when the client of the connection has gone in the middle of its only request. */
export function abandonRequests(
  engine: Engine,
  { inFlight }: BackendConnection,
  error: Buffer,
): void {
  for (; inFlight.count > 0; inFlight.shift()) {
    const id = inFlight.headClient;
    if (id < 0) continue;
    settle(engine, engine.clients[id] as ClientConnection, inFlight.headSlot, error);
  }
}

function settle(
  engine: Engine,
  client: ClientConnection,
  slot: number,
  error: Buffer | null,
): void {
  client.references--;
  if (client.closed) {
    client.releaseIfDone();
    return;
  }
  try {
    if (error !== null) client.pipeline.deliver(slot, error);
    engine.turn.markClient(client);
  } catch (trouble) {
    client.onException(trouble);
  }
}
