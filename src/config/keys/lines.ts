import type { PoolConfig, ServerConfig } from '../types.ts';

/** The lines of `servers:` of a pool, whether they are its servers or only lead to them. */
export function linesOf({ cluster, seeds, servers }: PoolConfig): readonly ServerConfig[] {
  return cluster ? seeds : servers;
}
