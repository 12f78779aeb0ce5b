import type { Engine } from '../../engine/engine.ts';
import { BackendConnection } from '../backend-connection.ts';
import type { Lane } from '../lane.ts';
import type { ConnectionOwner } from '../owner.ts';

/** Makes a connection that begins to connect. @throws Error when that cannot be done */
export function openConnection(
  engine: Engine,
  owner: ConnectionOwner,
  lane: Lane,
  purpose: number,
): BackendConnection {
  const connection = new BackendConnection(engine, owner, lane, purpose);
  try {
    connection.dial();
  } catch (error) {
    connection.close();
    throw error;
  }
  return connection;
}
