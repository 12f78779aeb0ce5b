import type { Config, Discovery, PoolConfig, ServerConfig } from '../../types.ts';
import { parseServer } from '../address.ts';
import { inOrder } from './servers-and-ring.ts';
import { srvName } from './srv.ts';

/** What SRV records list by their name, `host:port` each: plain data. */
export type Members = Readonly<Record<string, readonly string[]>>;

/** The names of SRV records that list servers, each once. */
export function memberNames({ pools }: Config): readonly string[] {
  const services = pools.flatMap(({ discovery }) => discovery?.services ?? []);
  return [...new Set(services.map(({ host }) => srvName(host)))];
}

/** The same configuration, whose pools have the servers that SRV records list. */
export function withMembers(config: Config, members: Members): Config {
  if (memberNames(config).length === 0) return config;
  const pools = config.pools.map((pool): PoolConfig => {
    const { discovery } = pool;
    if (discovery === null) return pool;
    return Object.freeze({ ...pool, servers: serversOf(discovery, members) });
  });
  return Object.freeze({ ...config, pools: Object.freeze(pools) });
}

/** Each counts as the line `host:port:weight` would; whose name is taken is there already. */
function serversOf({ services, fixed }: Discovery, members: Members): readonly ServerConfig[] {
  const found = new Map(fixed.map((server) => [server.ringName, server]));
  for (const service of services) {
    const { host, weight, line, column, tls } = service;
    const name = srvName(host);
    for (const address of Object.hasOwn(members, name) ? members[name] : []) {
      const parsed = parseServer(`${address}:${weight}`, line);
      if ('problem' in parsed || found.has(parsed.value.ringName)) continue;
      found.set(parsed.value.ringName, Object.freeze({ ...parsed.value, column, tls }));
    }
  }
  return inOrder([...found.values()]);
}
