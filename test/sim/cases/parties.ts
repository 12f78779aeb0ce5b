import type { Network } from '../net/network.ts';
import { SimProxy } from '../proxy/sim-proxy.ts';
import { SimMemcached } from '../servers/memcached/sim-memcached.ts';
import { SimRedis } from '../servers/redis/sim-redis.ts';
import type { ServerProcess } from '../servers/server-process.ts';
import type { World } from '../world/world.ts';
import type { Case, PoolKeys } from './case.ts';
import { Clustered } from './cluster/clustered.ts';
import { SENTINEL_PORT, Shards } from './ha/shards.ts';

// Who is there in a case, but for its clients.

export const PASSWORD = 'secret';
const PORT = 6379;
const POOL_PORT = 22121;

export interface Hosts {
  readonly shards: Shards | null;
  readonly clustered: Clustered | null;
  readonly servers: readonly ServerProcess[];
  readonly proxies: readonly SimProxy[];
}

export function startAll(given: Case, world: World, network: Network): Hosts {
  const password = given.password === true ? PASSWORD : null;
  const shards =
    given.availability === undefined ? null : new Shards(world, network, given, password);
  shards?.start();
  const clustered =
    given.cluster === undefined ? null : new Clustered(world, network, given, password);
  const servers =
    shards?.servers ?? clustered?.cluster.all ?? startServers(given, world, network, password);
  return { shards, clustered, servers, proxies: startProxies(given, world, network) };
}

function startServers(
  given: Case,
  world: World,
  network: Network,
  password: string | null,
): ServerProcess[] {
  return Array.from({ length: given.servers }, (_, i) => {
    const name = `redis${i}`;
    const address = `10.0.1.${i + 1}`;
    network.names.set(`${name}.example`, address);
    const Server = given.memcache === true ? SimMemcached : SimRedis;
    const server = new Server(world, network, { name, address, port: PORT, password });
    server.start();
    return server;
  });
}

/** Where the lines of a configuration lead. */
function hostOf(given: Case, i: number): string {
  if (given.cluster !== undefined) return `10.0.7.${i + 1}`;
  return given.availability === undefined ? `redis${i}.example` : `10.0.1.${i + 1}`;
}

function startProxies(given: Case, world: World, network: Network): SimProxy[] {
  const servers = Array.from({ length: given.servers }, (_, i) => {
    return { name: `redis${i}`, host: hostOf(given, i), port: PORT };
  });
  const sentinels =
    given.availability === undefined ? [] : [1, 2, 3].map((i) => `10.0.5.${i}:${SENTINEL_PORT}`);
  return Array.from({ length: given.proxies }, (_, i) => {
    const { codec, reader, memoryMib, busyMicros = 0 } = given;
    const auth: PoolKeys = given.password === true ? { redis_auth: PASSWORD } : {};
    const pools = given.pools.map((keys) => ({ ...keys, ...auth }));
    const address = `10.0.0.${i + 1}`;
    const memcache = given.memcache === true;
    const limits = { memoryMib, memcache, busyMicros, pools };
    const cluster = given.cluster !== undefined;
    const where = { servers, sentinels, cluster, address, port: POOL_PORT };
    const options = { codec, reader, ...limits, ...where };
    const proxy = new SimProxy(world, network, { ...options, name: `proxy${i}` });
    proxy.start();
    return proxy;
  });
}
