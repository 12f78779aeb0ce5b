import type { Network } from '../net/network.ts';
import { SimRedis } from '../servers/redis/sim-redis.ts';
import type { ServerProcess } from '../servers/server-process.ts';

/** Nothing gets from a host to others. @param oneWay but back it does @returns what ends it */
export function cutOff(
  network: Network,
  host: string,
  others: readonly string[],
  oneWay = false,
): () => void {
  for (const other of others) network.partition(host, other, oneWay);
  return () => {
    for (const other of others) network.heal(host, other);
  };
}

/** Connections between two hosts are reset. @returns whether there were any */
export function sever(network: Network, a: string, b: string): boolean {
  const severed = [...network.connections].filter(({ sides }) => {
    const between = sides.map(({ address }) => address);
    return between.includes(a) && between.includes(b);
  });
  for (const connection of severed) connection.sever();
  return severed.length > 0;
}

/** Address of whom a server follows; null: it is a master, or down. */
export function masterOf(server: ServerProcess): string | null {
  return server instanceof SimRedis ? (server.following?.master.host ?? null) : null;
}
