import type { PoolConfig, SentinelConfig, ServerTls } from '../../config/index.ts';
import type { DialTarget } from '../../net/dial.ts';
import { bulkOf, elementsOf, errorOf, isNull } from '../../protocol/redis/replies/reply-parts.ts';
import { Findings } from './finding.ts';
import { NO_FACTS, type ServerFacts, talkTo } from './look.ts';
import {
  type Ask,
  greet,
  infoOf,
  type Login,
  lookAtRedis,
  serverLogin,
  shown,
  tellVersion,
  textOf,
} from './redis.ts';
import type { ReplicaLine, SpreadPool } from './spread-pool.ts';

// Who a pool needs besides its servers: replicas, sentinels, witnesses.

type Address = Pick<SentinelConfig, 'host' | 'port'>;

/** What one sentinel says: where masters are, `host:port` by the name of the pool's server. */
interface Watch {
  readonly sentinel: string;
  readonly findings: Findings;
  readonly masters: ReadonlyMap<string, string>;
}

/** A replica, by its own word. */
interface ReplicaFacts extends ServerFacts {
  /** The file does not name it, SRV records do. */
  readonly listed: boolean;
}

/** Of all others of a pool. */
export interface OthersFacts {
  readonly replicas: readonly ReplicaFacts[];
  readonly watches: readonly Watch[];
  readonly witnesses: readonly Findings[];
}

/** How many there are. */
export function othersOf({ replicas, sentinels, witnesses }: PoolConfig): number {
  return replicas.length + sentinels.length + witnesses.length;
}

/**
 * Connects to each as ringway would.
 * @param all as map() with promises, not too many at a time
 */
export async function lookAtOthers(
  pool: SpreadPool['pool'],
  all: <T, R>(items: readonly T[], use: (item: T) => Promise<R>) => Promise<R[]>,
): Promise<OthersFacts> {
  const tls = pool.servers[0]?.tls ?? null;
  return {
    replicas: await all(pool.replicas, (replica) => lookAtReplica(pool, replica, tls)),
    watches: await all(pool.sentinels, (sentinel) => lookAtSentinel(pool, sentinel, tls)),
    witnesses: await all(pool.witnesses, (witness) => lookAtWitness(pool, witness, tls)),
  };
}

function targetOf({ host, port }: Address, tls: ServerTls | null): DialTarget {
  return { kind: 'tcp', host, port, path: '', tls };
}

async function lookAtReplica(
  pool: PoolConfig,
  { host, port, server, listed = false }: ReplicaLine,
  tls: ServerTls | null,
): Promise<ReplicaFacts> {
  const name = `${server} at ${host}:${port}`;
  const findings = new Findings(pool.name, name);
  const target = targetOf({ host, port }, tls);
  const facts = await talkTo(target, findings, (talk) => lookAtRedis(talk, pool, findings));
  return { server: { name, ...target }, shard: server, findings, listed, ...NO_FACTS, ...facts };
}

/**
 * Without those that are the server of the file itself: SRV records list all servers of a shard, by
 * names that need not be the one in the file.
 */
export function withoutMasters(
  servers: readonly ServerFacts[],
  replicas: readonly ReplicaFacts[],
): readonly ReplicaFacts[] {
  return replicas.filter(({ listed, shard, identity, findings }) => {
    const own = servers.find((each) => each.shard === shard)?.identity ?? '';
    if (!listed || identity === '' || identity !== own) return true;
    findings.ok(`it is ${shard} itself`);
    return false;
  });
}

async function lookAtWitness(
  pool: PoolConfig,
  witness: SentinelConfig,
  tls: ServerTls | null,
): Promise<Findings> {
  const findings = new Findings(pool.name, `witness ${witness.host}:${witness.port}`);
  await talkTo(targetOf(witness, tls), findings, async (talk) => {
    const ask = await greet(talk, serverLogin(pool), findings);
    if (ask === null) return;
    const info = infoOf(await ask('INFO'));
    tellVersion(info, findings);
    if (info.get('role') === 'slave') {
      findings.error('it is a replica: what proxies agree on cannot be written there');
    }
    const policy = info.get('maxmemory_policy') ?? 'noeviction';
    if (policy !== 'noeviction') {
      findings.error(
        `it may evict what it knows (${shown(policy)}), so it is not asked: noeviction`,
      );
    }
    if (info.get('aof_enabled') === '0') {
      findings.warning('it forgets all when it ends, and decides nothing for 16 s: appendonly yes');
    }
  });
  return findings;
}

/** What sentinels want to be told by AUTH. */
function sentinelLogin({ sentinelLogin: login }: PoolConfig): Login {
  const key = 'sentinel_auth';
  if (login === null) return { words: null, key };
  const { bytes } = login.words;
  const blank = bytes.indexOf(' ');
  const words = blank > 0 ? [bytes.subarray(0, blank), bytes.subarray(blank + 1)] : [bytes];
  return { words, key };
}

async function lookAtSentinel(
  pool: PoolConfig,
  { host, port }: SentinelConfig,
  tls: ServerTls | null,
): Promise<Watch> {
  const sentinel = `sentinel ${host}:${port}`;
  const findings = new Findings(pool.name, sentinel);
  const masters = new Map<string, string>();
  const target = targetOf({ host, port }, pool.sentinelTls ? tls : null);
  await talkTo(target, findings, async (talk) => {
    const ask = await greet(talk, sentinelLogin(pool), findings);
    if (ask === null) return;
    const info = infoOf(await ask('INFO'));
    tellVersion(info, findings);
    if (info.get('redis_mode') !== 'sentinel') {
      findings.error('it is no sentinel');
      return;
    }
    for (const { name } of pool.servers) {
      const place = await lookAtMaster(ask, pool.sentinelPrefix + name, findings);
      if (place !== null) masters.set(name, place);
    }
    if (masters.size === pool.servers.length) findings.ok('it watches all masters of the pool');
  });
  return { sentinel, findings, masters };
}

/** @returns where it is; null = nobody knows */
async function lookAtMaster(ask: Ask, name: string, findings: Findings): Promise<string | null> {
  const place = await ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
  if (errorOf(place) !== null) {
    findings.error(`to SENTINEL it says ${shown(textOf(place))}`);
    return null;
  }
  const words = isNull(place) ? [] : (elementsOf(place) ?? []);
  if (words.length !== 2) {
    findings.error(`it watches no master that is called ${name}`);
    return null;
  }
  const quorum = await ask('SENTINEL', 'CKQUORUM', name);
  if (errorOf(quorum) !== null) findings.warning(`${name}: ${shown(textOf(quorum).slice(1))}`);
  return words.map((word) => shown(bulkOf(word)?.toString('latin1') ?? '')).join(':');
}

/** What sentinels, and the servers of a shard, say otherwise than each other. */
export function compareOthers(
  servers: readonly ServerFacts[],
  { replicas, watches }: OthersFacts,
  findings: Findings,
): void {
  for (const { shard } of servers) {
    const places = new Map(
      watches.flatMap(({ sentinel, masters }) => {
        const place = masters.get(shard);
        return place === undefined ? [] : [[place, sentinel] as const];
      }),
    );
    if (places.size > 1) {
      const said = [...places].map(([place, sentinel]) => `${place} (${sentinel})`);
      findings.warning(`sentinels disagree where ${shard} is: ${said.join(', ')}`);
    }
  }
  const all = [...servers, ...replicas];
  for (const shard of new Set(replicas.map((each) => each.shard))) {
    const known = all.filter((each) => each.shard === shard && each.role !== '');
    const masters = known.filter(({ role }) => role === 'master').map(({ server }) => server.name);
    if (masters.length > 1) {
      findings.error(`two masters: ${masters.join(' and ')}; make one a replica of the other`);
    } else if (masters.length === 0 && known.length > 0) {
      findings.error(`none of the servers of ${shard} is a master`);
    }
  }
}
