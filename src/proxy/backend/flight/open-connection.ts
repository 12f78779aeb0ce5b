import type { Engine } from '../../engine/engine.ts';
import { BackendConnection } from '../backend-connection.ts';
import type { Failure } from '../failure.ts';
import type { Lane } from '../lane.ts';
import type { ConnectionOwner } from '../owner.ts';

/**
 * Makes a connection that begins to connect.
 * @param refusal what whoever is given it is told in a moment, instead: it does not connect
 * @throws Error when that cannot be done
 */
export function openConnection(
  engine: Engine,
  owner: ConnectionOwner,
  lane: Lane,
  purpose: number,
  refusal?: Failure | null,
): BackendConnection {
  const connection = new BackendConnection(engine, owner, lane, purpose);
  if (refusal) {
    setImmediate(engine.guard.bind(connection, () => connection.fail(refusal)));
    return connection;
  }
  try {
    connection.dial();
  } catch (error) {
    connection.close();
    throw error;
  }
  return connection;
}
