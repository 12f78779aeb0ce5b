import { tagWord } from '../distribution/hash-tag.ts';
import type { DistributionName } from '../distribution/names.ts';
import { poolBytesForServers, writePool } from '../distribution/pool-descriptor.ts';
import { buildRing } from '../distribution/ring.ts';
import { routeKey } from '../distribution/route.ts';
import { HASH_NAMES, type HashName } from '../hash/index.ts';
import { NO_SERVER } from '../protocol/frame-table.ts';

/** A server of a ring. */
export interface RingServer {
  /** What the ring is made of: the name of a server in nutcracker.yml, else `host:port`. */
  readonly name: string;
  /** A whole number from 1 on; default 1. */
  readonly weight?: number;
  /** False for a server that has been ejected. */
  readonly live?: boolean;
}

/** Servers and how keys are spread over them; defaults are nutcracker's. */
export interface RingOptions {
  readonly servers: readonly RingServer[];
  readonly hash?: HashName;
  readonly distribution?: DistributionName;
  /** Two characters, such as `{}`: only what stands between them is hashed. */
  readonly hashTag?: string;
}

/** Which server has a key, as nutcracker with the same configuration would say. */
export interface KeyRing {
  /**
   * @param key its bytes, or text that is taken as UTF-8
   * @returns the position in `servers`; -1 when none is live
   */
  serverOf(key: Uint8Array | string): number;
}

/** @throws RangeError for a server without a name, a weight that is none, or a wrong tag */
export function createRing(options: RingOptions): KeyRing {
  const { distribution = 'ketama' } = options;
  const words = new Uint32Array(poolBytesForServers(options.servers.length, distribution) / 4);
  writeRing(words, 0, options);
  return {
    serverOf(key) {
      const bytes = typeof key === 'string' ? Buffer.from(key) : key;
      const server = routeKey(bytes, 0, bytes.length, words, 0);
      return server === NO_SERVER ? -1 : server;
    },
  };
}

/** Writes the descriptor of a ring at `address` of an arena, see pool-descriptor.ts. */
export function writeRing(words: Uint32Array, address: number, options: RingOptions): void {
  const { servers, hash = 'fnv1a_64', distribution = 'ketama', hashTag } = options;
  for (const { name, weight = 1 } of servers) {
    if (name === '') throw new RangeError('a server has no name');
    if (!(Number.isInteger(weight) && weight >= 1 && weight < 2 ** 31)) {
      throw new RangeError(`weight ${weight} of ${name}: expected a whole number from 1 on`);
    }
  }
  const kind = HASH_NAMES.indexOf(hash);
  if (kind < 0) throw new RangeError(`hash ${hash}: expected one of ${HASH_NAMES.join(', ')}`);
  const ring = buildRing(
    servers.map(({ name, weight = 1 }) => ({ name: Buffer.from(name), weight })),
    servers.map(({ live = true }) => (live ? 1 : 0)),
    {
      hash: kind,
      distribution,
      tag: tagWord(hashTag === undefined ? null : Buffer.from(hashTag)),
    },
  );
  writePool(words, address, ring);
}
