import {
  type Config,
  isSrv,
  type PoolConfig,
  readPassword,
  type Secret,
  type SentinelLogin,
  type ServerLogin,
  srvName,
} from '../config/index.ts';
import { CLUSTER_NODES, REPLICAS, SENTINELS } from '../limits.ts';
import { goesOn } from '../net/addresses/place.ts';
import type { ClusterView, FollowedSpec } from '../topology/cluster/clusters.ts';
import { type Address, addressText, sameAddress } from '../topology/facts.ts';
import { isCluster, isPeers, type Known } from '../topology/known.ts';
import type { SrvSpec } from '../topology/names/srv-watch.ts';
import type { PeerSpec } from '../topology/peers/peers.ts';
import type { PromotionSpec, ShardSpec, ShardView } from '../topology/shard.ts';

/** Texts of the file as requests carry them: one character per byte. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A secret now: what is in a file may be another than when that was read. */
function current(secret: Secret, file: string | null): string {
  const now = file === null ? secret : readPassword(file);
  const { bytes } = 'problem' in now ? secret : now;
  return bytes.toString('latin1');
}

/** What servers are told by AUTH. */
function serverWords(login: ServerLogin | null): readonly string[] | null {
  if (login === null) return null;
  const password = current(login.password, login.file);
  return login.user === null ? [password] : [latin1(login.user), password];
}

/** What sentinels are told by AUTH. */
function sentinelWords(login: SentinelLogin | null): readonly string[] | null {
  if (login === null) return null;
  const text = current(login.words, login.file);
  const blank = text.indexOf(' ');
  return blank > 0 ? [text.slice(0, blank), text.slice(blank + 1)] : [text];
}

/** The servers of all pools whose masters are followed. */
export function shardsOf({ pools }: Config, listed: Listed = NOBODY): ShardSpec[] {
  return pools
    .filter(({ followsMaster, cluster }) => followsMaster && !cluster)
    .flatMap((pool) => shardsOfPool(pool, listed));
}

/** What SRV records list by their name; null = that is not known yet. */
type Listed = (name: string) => readonly Address[] | null;

const NOBODY: Listed = () => null;

/** A name of SRV records that a pool has. */
interface PoolSrv extends SrvSpec {
  readonly pool: string;
  /** The servers of the pool are those that it lists. */
  readonly isRing: boolean;
}

/** Names of SRV records, and how often they are looked up. */
export function srvNamesOf({ pools }: Config): PoolSrv[] {
  return pools.flatMap(({ name: pool, sentinels, replicas, seeds, discovery, ...rest }) => {
    const rings = namesIn(discovery?.services ?? []);
    const names = new Set([...namesIn([...sentinels, ...replicas, ...seeds]), ...rings]);
    const intervalMs = rest.dnsIntervalMs;
    return [...names].map((name) => ({ pool, name, intervalMs, isRing: rings.includes(name) }));
  });
}

function namesIn(lines: readonly Pick<Address, 'host'>[]): string[] {
  return lines.flatMap(({ host }) => (isSrv(host) ? [srvName(host)] : []));
}

/** Each once: the addresses that lines stand for, as far as that is known. */
function expanded(lines: readonly Address[], listed: Listed, limit: number): Address[] {
  const all = lines.flatMap(({ host, port }) => {
    return isSrv(host) ? (listed(srvName(host)) ?? []) : [{ host, port }];
  });
  const found = new Map(all.map((address) => [addressText(address), address]));
  return [...found.values()].slice(0, limit);
}

/** The Redis Clusters of all pools. */
export function clustersOf({ pools }: Config, listed: Listed = NOBODY): FollowedSpec[] {
  return pools
    .filter(({ cluster }) => cluster)
    .map(({ name, seeds, serverLogin, ...pool }) => ({
      pool: name,
      reads: readsOf(pool),
      seeds: expanded(seeds, listed, CLUSTER_NODES),
      access: JSON.stringify(serverLogin),
      login: () => serverWords(serverLogin),
      tls: seeds[0].tls,
    }))
    .filter((spec) => spec.seeds.length > 0);
}

const UNKNOWN = { why: 'SRV lists nobody yet', epoch: 0, state: 'unknown' } as const;

/** What is shown of servers that nobody follows until SRV records list who tells of them. */
export function unknownShards({ pools }: Config, listed: Listed): ShardView[] {
  return pools
    .filter((pool) => pool.sentinels.length > 0 && sentinelsOf(pool, listed).length === 0)
    .flatMap(({ name: pool, servers, sentinelPrefix }) =>
      servers.map(({ name: server, host, port }) => ({
        ...{ pool, server, master: sentinelPrefix + server, address: addressText({ host, port }) },
        ...{ ...UNKNOWN, replicas: [], servers: [], sentinelsUp: 0, sentinels: 0 },
      })),
    );
}

/** The same of Redis Clusters. */
export function unknownClusters(config: Config, listed: Listed): ClusterView[] {
  const known = new Set(clustersOf(config, listed).map(({ pool }) => pool));
  const { why } = UNKNOWN;
  const nothing = { ageMs: null, refreshes: 0, errors: 0, asked: [], slotsOwned: 0, nodes: [] };
  return config.pools
    .filter(({ cluster, name }) => cluster && !known.has(name))
    .map(({ name: pool }) => ({ pool, why, ...nothing }));
}

function sentinelsOf({ sentinels }: PoolConfig, listed: Listed): Address[] {
  return expanded(sentinels, listed, SENTINELS);
}

/** What tells only whether a proxy is there: nothing is asked of it, and nothing believed. */
const UNCHECKED = { name: null, verify: 'none', ca: null, pair: null } as const;

/** Other proxies that clients of pools are told of. */
export function peersOf({ pools }: Config): PeerSpec[] {
  return pools.flatMap(({ name, announce, clusterView, sentinelView, tls, tlsListen }) => {
    const [own, ...peers] = announce;
    if (peers.length === 0 || !(clusterView || sentinelView)) return [];
    const second = tlsListen?.kind === 'tcp' ? tlsListen.port : null;
    const isTls = tls !== null && (tlsListen === null || second === own.port);
    return [{ pool: name, peers, tls: isTls ? UNCHECKED : null }];
  });
}

/** None while it is not known yet who the sentinels are. */
function shardsOfPool(pool: PoolConfig, listed: Listed): ShardSpec[] {
  const { sentinelLogin, sentinelTls, sentinelPrefix, serverLogin } = pool;
  const reads = readsOf(pool);
  const sentinels = sentinelsOf(pool, listed);
  if (pool.sentinels.length > 0 && sentinels.length === 0) return [];
  return pool.servers.map(({ name, ringName, host, port, tls }) => ({
    pool: pool.name,
    server: name,
    master: latin1(sentinelPrefix) + ringName,
    address: { host, port },
    sentinels,
    replicas: expanded(
      pool.replicas.filter(({ server }) => server === name),
      listed,
      REPLICAS,
    ).filter((replica) => !sameAddress(replica, { host, port })),
    promotion: promotionOf(pool),
    reads,
    // Of the secret in it there is only a digest.
    sentinelAccess: JSON.stringify(sentinelLogin),
    sentinelLogin: () => sentinelWords(sentinelLogin),
    serverLogin: () => serverWords(serverLogin),
    tls,
    sentinelTls: sentinelTls ? tls : null,
  }));
}

function readsOf({ readFrom, maxReplicaLag }: Pick<PoolConfig, 'readFrom' | 'maxReplicaLag'>) {
  return { from: readFrom, maxLag: maxReplicaLag };
}

/** Whether what is known of a shard or a cluster holds for another configuration as well. */
export function isMeant(known: Known, before: Config | null, after: Config): boolean {
  const [old, next] = [before, after].map((config) => {
    return config?.pools.find(({ name }) => name === known.pool);
  });
  if (old === undefined || next === undefined || isPeers(known)) return false;
  if (isCluster(known)) {
    // What SRV records list is not known: other names of them may lead to another cluster.
    const places = [...old.seeds, ...known.map.nodes];
    return next.seeds.some((seed) => places.some((place) => sameAddress(seed, place)));
  }
  const [line, now] = [old, next].map(({ servers }) => {
    return servers.find(({ name }) => name === known.server);
  });
  if (line === undefined || now === undefined) return false;
  return goesOn(now, { line, now: known.address });
}

/** Who replaces the masters of a pool; null = somebody else. */
function promotionOf({
  promote,
  witnesses,
  serverLogin,
  ...pool
}: PoolConfig): PromotionSpec | null {
  if (!promote) return null;
  const { downAfterMs, promoteUnfenced: unfenced } = pool;
  return { witnesses, access: JSON.stringify(serverLogin), downAfterMs, unfenced };
}
