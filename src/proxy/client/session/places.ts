import { createHash } from 'node:crypto';
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
  readonly text: string;
}

const LENGTH = 16;

const known: WeakMap<PlacedPool, Known> = new WeakMap();

/**
 * Where the servers of a pool are, in a short text: two processes say the same as long as they know
 * the same servers at the same addresses.
 */
export function placesOf(pool: PlacedPool): string {
  const { servers, moves } = pool;
  const before = known.get(pool);
  if (before?.servers === servers && before.moves === moves) return before.text;
  const lines = servers.map(({ config }) => addressOf(config)).sort();
  const text = createHash('sha256').update(lines.join('\n')).digest('base64').slice(0, LENGTH);
  known.set(pool, { servers, moves, text });
  return text;
}
