import {
  type Config,
  type PoolConfig,
  type ReplicaConfig,
  readPassword,
  type Secret,
  type SentinelLogin,
  type ServerLogin,
} from '../config/index.ts';
import type { FollowedSpec } from '../topology/cluster/clusters.ts';
import type { Address } from '../topology/facts.ts';
import type { PeerSpec } from '../topology/peers/peers.ts';
import type { PromotionSpec, ShardSpec } from '../topology/shard.ts';

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
export function shardsOf({ pools }: Config): ShardSpec[] {
  return pools
    .filter(({ followsMaster, cluster }) => followsMaster && !cluster)
    .flatMap(shardsOfPool);
}

/** The Redis Clusters of all pools. */
export function clustersOf({ pools }: Config): FollowedSpec[] {
  return pools
    .filter(({ cluster }) => cluster)
    .map(({ name, seeds, serverLogin, ...pool }) => ({
      pool: name,
      reads: readsOf(pool),
      seeds: seeds.map(({ host, port }) => ({ host, port })),
      access: JSON.stringify(serverLogin),
      login: () => serverWords(serverLogin),
      tls: seeds[0].tls,
    }));
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

function shardsOfPool(pool: PoolConfig): ShardSpec[] {
  const { sentinels, sentinelLogin, sentinelTls, sentinelPrefix, serverLogin } = pool;
  const reads = readsOf(pool);
  return pool.servers.map(({ name, ringName, host, port, tls }) => ({
    pool: pool.name,
    server: name,
    master: latin1(sentinelPrefix) + ringName,
    address: { host, port },
    sentinels,
    replicas: pool.replicas.filter(({ server }) => server === name).map(addressOf),
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

function addressOf({ host, port }: ReplicaConfig): Address {
  return { host, port };
}
