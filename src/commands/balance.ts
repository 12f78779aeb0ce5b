import { type Config, type HashName, type PoolConfig, srvName } from '../config/index.ts';
import { excess, keyShares, type SampleKeys, sampleForms } from '../distribution/balance.ts';
import { ringShares } from '../distribution/shares.ts';
import { ringOf } from '../proxy/pool/pool-ring.ts';
import { percent, table } from './text-table.ts';

/** It spreads keys of every form; fnv1a_64, the default, is nutcracker's. */
const EVEN_HASH: HashName = 'murmur';
/** From this excess on a form of keys is badly spread: one server has twice its part. */
const BAD = 2;

/** How the keys of one pool are spread over its servers. */
export interface PoolBalance {
  readonly pool: string;
  readonly hash: string;
  readonly distribution: string;
  readonly servers: readonly ServerBalance[];
  /** Whether nodes of a Redis Cluster say who has which keys: then no servers are named. */
  readonly cluster: boolean;
  /** Names of SRV records that list servers of it. */
  readonly services: readonly string[];
  /** What would spread them better, in words. */
  readonly advice: readonly string[];
}

/** One server; parts are 0 to 1. */
interface ServerBalance {
  readonly name: string;
  readonly weight: number;
  /** Its part of all weights. */
  readonly fair: number;
  /** Its part of all hash values. */
  readonly ring: number;
  /** Its part of each form of keys. */
  readonly keys: Readonly<Record<string, number>>;
}

/** The balance of each pool. @param own keys of the user's instead of made-up ones; null = none */
export function balanceOf(config: Config, own: readonly Uint8Array[] | null): PoolBalance[] {
  const forms = own === null ? sampleForms() : [{ form: 'your keys', keys: own }];
  return config.pools.map((pool) => poolBalance(pool, forms));
}

function poolBalance(pool: PoolConfig, forms: readonly SampleKeys[]): PoolBalance {
  const { name, hash, distribution, servers } = pool;
  const weights = servers.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const live = servers.map(() => 1);
  const ring = ringShares(ringOf(pool, live), servers.length, hash);
  // The random distribution has no server for a key.
  const spread =
    distribution === 'random'
      ? []
      : forms.map(({ form, keys }) => ({ form, shares: sharesUnder(pool, keys) }));
  return {
    pool: name,
    hash,
    distribution,
    cluster: pool.cluster,
    services: pool.discovery?.services.map(({ host }) => srvName(host)) ?? [],
    servers: servers.map((server, i) => ({
      name: server.name,
      weight: server.weight,
      fair: server.weight / total,
      ring: ring[i],
      keys: Object.fromEntries(spread.map(({ form, shares }) => [form, shares[i]])),
    })),
    advice: adviceFor(pool, forms, (at) => excess(spread[at].shares, weights)),
  };
}

function sharesUnder(pool: PoolConfig, keys: readonly Uint8Array[]): number[] {
  const { servers } = pool;
  const live = servers.map(() => 1);
  return keyShares({ ring: ringOf(pool, live), names: servers.map(({ name }) => name) }, keys);
}

function adviceFor(
  pool: PoolConfig,
  forms: readonly SampleKeys[],
  excessOf: (form: number) => number,
): string[] {
  if (pool.servers.length < 2 || pool.distribution === 'random') return [];
  const weights = pool.servers.map(({ weight }) => weight);
  const better = forms.filter(({ keys }, at) => {
    const now = excessOf(at);
    if (now < BAD || keys.length === 0) return false;
    return excess(sharesUnder({ ...pool, hash: EVEN_HASH }, keys), weights) < now;
  });
  if (better.length === 0) return [];
  const names = better.map(({ form }) => form).join(', ');
  return [
    `hash: ${pool.hash} spreads some keys badly (${names}): a pool that is still empty had ` +
      `better have hash: ${EVEN_HASH}. In one that holds keys, most of them would move.`,
  ];
}

/** As text: a table for each pool. */
export function balanceText(balances: readonly PoolBalance[]): string {
  return balances.map(poolText).join('\n');
}

function poolText({ pool, hash, distribution, cluster, servers, ...more }: PoolBalance): string {
  if (cluster) return `pool ${pool}: Redis Cluster, whose nodes say who has which slots\n`;
  const { advice, services } = more;
  const names = services.join(', ');
  if (servers.length === 0) return `pool ${pool}: SRV records of ${names} list nobody now\n`;
  const forms = Object.keys(servers[0].keys);
  const rows = servers.map(({ name, weight, fair, ring, keys }) => [
    name,
    String(weight),
    ...[fair, ring, ...forms.map((form) => keys[form])].map(percent),
  ]);
  const head = ['  server', 'weight', 'fair', 'ring', ...forms];
  const listed = `SRV records of ${names} list servers of it: when they list others, keys move`;
  const lines = [
    ...(services.length === 0 ? [] : [`  ${listed}\n`]),
    ...advice.map((each) => `  advice: ${each}\n`),
  ].join('');
  return `pool ${pool}: ${hash}, ${distribution}\n${lines}${table(head, rows, '  ')}`;
}
