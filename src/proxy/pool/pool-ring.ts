import type { PoolConfig } from '../../config/index.ts';
import { tagWord } from '../../distribution/hash-tag.ts';
import { poolBytesForServers } from '../../distribution/pool-descriptor.ts';
import { buildRing, type Ring } from '../../distribution/ring.ts';
import { equalSlots } from '../../distribution/slots.ts';
import { HASH_NAMES } from '../../hash/index.ts';

const ALIGN = 64;

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}

/**
 * Bytes of arena for a pool's ring, whichever of its servers are live.
 * @param least servers that there must be room for
 */
export function ringBytes(pool: PoolConfig, least = 0): number {
  return aligned(poolBytesForServers(Math.max(pool.servers.length, least), pool.distribution));
}

/** The ring of a pool with the given servers live. */
export function ringOf(pool: PoolConfig, live: ArrayLike<number>, owners?: Uint16Array): Ring {
  const servers = pool.servers.map((server) => ({
    name: Buffer.from(server.ringName, 'latin1'),
    weight: server.weight,
  }));
  return buildRing(servers, live, {
    hash: HASH_NAMES.indexOf(pool.hash),
    distribution: pool.distribution,
    limits: [pool.maxArguments, pool.maxBulk, pool.maxInline],
    tag: tagWord(pool.hashTag === null ? null : Uint8Array.from(pool.hashTag)),
    ...(pool.cluster ? { owners: owners ?? equalSlots([]) } : {}),
  });
}
