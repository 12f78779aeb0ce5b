import type { ClientConnection } from '../../client/client-connection.ts';
import { allClients } from '../../client/client-list.ts';
import type { Pool } from '../../pool/pool.ts';

/** Clients of this process that are told of keys in the place of others, by their number. */
const pools: WeakMap<Pool, Map<number, ClientConnection>> = new WeakMap();

/** The client hears in the place of others: from now on it is found without a search. */
export function noteHearer(client: ClientConnection): void {
  const { pool, session } = client;
  const hearers = pools.get(pool) ?? new Map<number, ClientConnection>();
  pools.set(pool, hearers);
  hearers.set(session.number, client);
  session.hears = true;
  session.onDropped = () => {
    if (hearers.get(session.number) === client) hearers.delete(session.number);
  };
}

/**
 * Looks for the client that another one names, among all of this process. One that leaves is not
 * there.
 */
export function seekHearer(pool: Pool, number: number): ClientConnection | null {
  const found = allClients(pool.engine).find(
    (each) => each.pool === pool && each.session.number === number && !each.leaves,
  );
  if (found === undefined) return null;
  noteHearer(found);
  return found;
}

/** A client of this process that was named before, here or where it comes from. */
export function hearerOf(pool: Pool, number: number): ClientConnection | null {
  const found = pools.get(pool)?.get(number);
  return found === undefined || found.leaves ? null : found;
}

/** How many clients of this process have each number told of keys in their place. */
const named: WeakMap<Pool, Map<number, number>> = new WeakMap();

/** A client has another one told, wherever that is. @param change 1, or -1 when it ends */
export function countNamed(pool: Pool, number: number, change: 1 | -1): void {
  const counts = named.get(pool) ?? new Map<number, number>();
  named.set(pool, counts);
  const count = (counts.get(number) ?? 0) + change;
  if (count > 0) counts.set(number, count);
  else counts.delete(number);
}

/** Whether a client of this process has the client of this number told of keys. */
export function isNamed(pool: Pool, number: number): boolean {
  return named.get(pool)?.has(number) ?? false;
}
