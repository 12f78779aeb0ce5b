import { createHash } from 'node:crypto';
import { ADDRESSES } from '../../../net/addresses/address-book.ts';
import { addressOf } from '../../pool/pool-changes.ts';
import type { Server } from '../../pool/server.ts';

/** The pool of a client, as far as it matters where its servers are. */
export interface PlacedPool {
  readonly servers: readonly Pick<Server, 'config'>[];
  /** As Pool.moves. */
  readonly moves: number;
}

interface Known {
  readonly servers: PlacedPool['servers'];
  readonly moves: number;
  /** Of the address book. */
  readonly changes: number;
  readonly text: string;
}

const LENGTH = 16;

const known: WeakMap<PlacedPool, Known> = new WeakMap();

/** A name may lead elsewhere in another process: there it is another place. */
function placeOf({ config }: PlacedPool['servers'][number]): string {
  const { host } = config;
  const address = ADDRESSES.addressOf(host);
  return address === host ? addressOf(config) : `${addressOf(config)} ${address}`;
}

/**
 * Where the servers of a pool are, in a short text: two processes say the same as long as they know
 * the same servers at the same addresses.
 */
export function placesOf(pool: PlacedPool): string {
  const { servers, moves } = pool;
  const { changes } = ADDRESSES;
  const before = known.get(pool);
  const isKnown = before?.servers === servers && before.changes === changes;
  if (isKnown && before.moves === moves) return before.text;
  const lines = servers.map(placeOf).sort();
  const text = createHash('sha256').update(lines.join('\n')).digest('base64').slice(0, LENGTH);
  known.set(pool, { servers, moves, changes, text });
  return text;
}
