import type { PoolConfig, ServerConfig } from '../types.ts';

/** The lines of `servers:` of a pool, whether they are its servers or only lead to them. */
export function linesOf({ cluster, seeds, discovery, servers }: PoolConfig) {
  if (discovery !== null) return [...discovery.fixed, ...discovery.services];
  return cluster ? seeds : servers;
}

/** The same, but those that SRV records list in the place of the lines that lead to them. */
export function placedServersOf({ cluster, seeds, servers }: PoolConfig): readonly ServerConfig[] {
  return cluster ? seeds : servers;
}
