import { type PoolConfig, parseConfig } from '../../../src/config/index.ts';
import { hashTagged } from '../../../src/distribution/hash-tag.ts';
import { placeOf } from '../../../src/distribution/shares.ts';
import { hashByName } from '../../../src/hash/index.ts';
import { ringOf } from '../../../src/proxy/pool/pool-ring.ts';
import {
  type PoolFile,
  type PoolSpec,
  poolFile,
  VARIANTS,
  type Variant,
} from '../../support/ringway.ts';
import type { Random } from '../random.ts';
import { INNOCENT_PREFIX } from './words.ts';

// How the proxy of a round is set up: pools of healthy and hostile servers, limits, codec, workers.

export const PASSWORD = 'correct-horse';

export interface Ports {
  readonly open: readonly number[];
  readonly secret: readonly number[];
  readonly memcached: readonly number[];
  readonly hostileRedis: number;
  readonly hostileSecret: number;
  readonly hostileMemcached: number;
}

export interface Setting {
  readonly variant: Variant;
  readonly workers: number;
  readonly memoryMib: number;
  readonly pools: readonly PoolSpec[];
  readonly file: PoolFile;
  /** As ringway reads it. */
  readonly parsed: readonly PoolConfig[];
  readonly maxArguments: number;
  /** The keys of the first pool, for the report. */
  readonly chosen: string;
  /** No server misbehaves in this round. */
  readonly allHealthy: boolean;
}

/** Limits that a round may have, each small or as it is by default. */
function limits(random: Random): Record<string, number | string | boolean> {
  const chosen: Record<string, number | string | boolean> = {};
  const maybe = (name: string, values: readonly (number | string | boolean)[]): void => {
    if (random.once(2)) chosen[name] = random.pick(values);
  };
  maybe('max_arguments', [1_000, 1_000, 5_000]);
  maybe('client_output_limit', [65_536, 1_048_576]);
  maybe('max_assembled_request', [65_536, 1_048_576]);
  maybe('max_pipeline', [16, 300, 2_000]);
  maybe('max_inline', [4_096]);
  maybe('timeout', [20_000]);
  maybe('server_connections', [2]);
  maybe('server_output_limit', [65_536]);
  maybe('slowlog_ms', [1]);
  maybe('max_backend_connections', [64]);
  maybe('distribution', ['modula']);
  maybe('hash', ['murmur', 'md5', 'crc16']);
  return chosen;
}

const REDIS_ONLY: readonly (readonly [string, readonly (number | string)[]])[] = [
  ['unknown_commands', ['ask']],
  ['partial_failure', ['per-key']],
  ['max_script', [2_048]],
  ['retry_reads', [1]],
];

/** Until a name is chosen. */
const HOSTILE = 'hostile';

/** `host:port:1 name` lines, the hostile server last. */
function lines(healthy: readonly number[], hostile: number | null): string[] {
  const all = healthy.map((port, i) => `127.0.0.1:${port}:1 good${i + 1}`);
  return hostile === null ? all : [...all, `127.0.0.1:${hostile}:1 ${HOSTILE}`];
}

function pools(random: Random, ports: Ports): PoolSpec[] {
  const common = limits(random);
  const redis = { ...common };
  for (const [name, values] of REDIS_ONLY) if (random.once(3)) redis[name] = random.pick(values);
  const { open, secret, memcached } = ports;
  // In some rounds all servers are healthy: then every request of a hostile client reaches them.
  const withHostile = !random.once(3);
  const hostile = (port: number): number | null => (withHostile ? port : null);
  return [
    { ...redis, name: 'open', servers: lines(open, hostile(ports.hostileRedis)) },
    {
      ...redis,
      name: 'secret',
      redis_auth: PASSWORD,
      servers: lines(secret, hostile(ports.hostileSecret)),
    },
    {
      ...common,
      name: 'memcached',
      redis: false,
      servers: lines(memcached, hostile(ports.hostileMemcached)),
    },
  ];
}

/** Which server of a pool, by its index, a key lives on. */
export function serverOf(pool: PoolConfig, key: string): number {
  const ring = ringOf(pool, new Uint8Array(pool.servers.length).fill(1));
  const bytes = Buffer.from(key);
  const place = placeOf(ring, hashTagged(hashByName(pool.hash), bytes, 0, bytes.length, ring.tag));
  if (place === null) throw new Error(`pool ${pool.name} has no place for keys`);
  return place.server;
}

/** `count` keys that live on healthy servers. */
export function healthyKeys(pool: PoolConfig, id: string, count: number): string[] {
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) {
    const key = `${INNOCENT_PREFIX}${id}:${i}`;
    if (pool.servers[serverOf(pool, key)].ringName.startsWith('good')) keys.push(key);
  }
  return keys;
}

/** The pool with a name for its hostile server that leaves requests without a key to good ones. */
async function named(pool: PoolSpec): Promise<PoolSpec> {
  for (let i = 0; ; i++) {
    const servers = pool.servers.map((line) => line.replace(HOSTILE, `bad${i}`));
    const renamed = { ...pool, servers };
    const { text } = await poolFile([{ ...renamed, listen: `/${pool.name}` }]);
    const [parsed] = parseConfig(Buffer.from(text), 'name.yml').pools;
    if (parsed.servers[serverOf(parsed, 'placeholder')].ringName.startsWith('good')) return renamed;
  }
}

function keysOf({ name, servers, ...keys }: PoolSpec): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ');
}

/** @param seed of the round: seeds that follow each other count the codecs through */
export async function chooseSetting(random: Random, seed: number, ports: Ports): Promise<Setting> {
  const specs = await Promise.all(pools(random, ports).map(named));
  const file = await poolFile(specs);
  const parsed = parseConfig(Buffer.from(file.text), 'round.yml').pools;
  const ofName = new Map(parsed.map((pool) => [pool.name, pool]));
  return {
    variant: VARIANTS[seed % VARIANTS.length],
    workers: random.once(3) ? 2 : 1,
    memoryMib: random.once(2) ? 64 : 1_024,
    pools: specs,
    file,
    parsed: specs.map(({ name: each }) => ofName.get(each as string) as PoolConfig),
    chosen: keysOf(specs[0]),
    allHealthy: specs.every(({ servers }) => !servers.some((line) => line.includes(' bad'))),
    maxArguments: Number(specs[0]['max_arguments'] ?? 1_048_576),
  };
}
