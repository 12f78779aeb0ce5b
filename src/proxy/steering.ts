import type { Pool } from './pool/pool.ts';
import type { ReaderAddress } from './pool/replicas/server-readers.ts';

/** What becomes of a server whose master is followed, by the names of its pool and its own. */
export type SteeringOrder = MasterOrder | ReadersOrder;

interface MasterOrder {
  readonly pool: string;
  readonly server: string;
  /**
   * Its requests wait until it is released or moved, and after `failover_wait` get an error; they
   * go to it again; it is another one from now on, on the same part of the keys.
   */
  readonly action: 'hold' | 'release' | 'move';
  /** Where it moves to. */
  readonly host: string;
  readonly port: number;
}

/** Where its reads go. */
interface ReadersOrder {
  readonly pool: string;
  readonly server: string;
  readonly action: 'read';
  readonly readers: readonly ReaderAddress[];
}

/** Has a server be what is wanted; where none of that name is followed nothing happens. */
export function steer(pools: readonly Pool[], order: SteeringOrder): void {
  const pool = pools.find(({ config }) => config.name === order.pool);
  const server = pool?.servers.find(({ name }) => name === order.server);
  if (server === undefined) return;
  if (order.action === 'read') server.readers?.set(order.readers);
  else if (order.action === 'move') server.moveTo(order.host, order.port);
  else if (order.action === 'hold') server.failover?.hold();
  else server.failover?.release();
}
