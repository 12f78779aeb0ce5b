import {
  type Config,
  memberNames,
  type PoolConfig,
  type ServerConfig,
  withMembers,
} from '../config/index.ts';
import { listedNow } from '../topology/names/srv-members.ts';
import type { StatusClient } from './status-client.ts';

/** The same configuration with the servers that SRV records list now. */
export async function withMembersNow(config: Config): Promise<Config> {
  const lists = await Promise.allSettled(
    memberNames(config).map(async (name) => [name, await listedNow(name)] as const),
  );
  // Whoever shows the ring says of what it is not made.
  const known = lists.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  return withMembers(config, Object.fromEntries(known));
}

/** The same pools, with the servers that a running proxy has where SRV records list them. */
export async function withMembersOf(
  pools: readonly PoolConfig[],
  ask: StatusClient,
): Promise<readonly PoolConfig[]> {
  return Promise.all(
    pools.map(async (pool) => {
      const { name, discovery } = pool;
      if (discovery === null) return pool;
      const query = new URLSearchParams({ brief: '', open: name, unfold: name });
      const running = (await ask(String(query))).pools.find((each) => each.name === name);
      const order = [...(running?.servers ?? [])].sort((a, b) => a.index - b.index);
      const servers = order.map((server): ServerConfig => {
        const fixed = discovery.fixed.find((each) => each.name === server.name);
        const { address, weight } = server;
        const place = placeOf(address);
        return fixed ?? { ...discovery.services[0], ...place, weight, ...namesOf(server.name) };
      });
      return { ...pool, servers };
    }),
  );
}

function namesOf(name: string): Pick<ServerConfig, 'name' | 'ringName'> {
  return { name, ringName: Buffer.from(name).toString('latin1') };
}

function placeOf(address: string): Pick<ServerConfig, 'host' | 'port'> {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
