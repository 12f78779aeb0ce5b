import type { Config, PoolConfig } from '../../../config/index.ts';

/**
 * A configuration that takes the place of another one. Of a cluster the file does not say what its
 * servers are: those that are known go on, spoken to as it says now.
 * @param before the pools until now
 */
export function withKnownServers(
  config: Config,
  before: readonly { readonly config: PoolConfig }[],
): Config {
  const pools = config.pools.map((next) => {
    const known = before.find((pool) => pool.config.name === next.name)?.config;
    if (!next.cluster || known?.cluster !== true) return next;
    const tls = next.seeds[0]?.tls ?? null;
    return { ...next, servers: known.servers.map((server) => ({ ...server, tls })) };
  });
  return { ...config, pools };
}
