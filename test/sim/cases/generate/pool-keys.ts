import type { Random } from '../../../fuzz/random.ts';
import type { PoolKeys } from '../case.ts';

type Value = string | number | boolean;

/** A key of the configuration, its values, and how often it is there: one time in so many. */
interface Choice {
  readonly key: string;
  readonly times: number;
  readonly values: readonly Value[];
}

const COMMON: readonly Choice[] = [
  { key: 'timeout', times: 2, values: [50, 400, 2_000] },
  { key: 'connect_timeout', times: 4, values: [100, 1_000] },
  { key: 'server_connections', times: 4, values: [2, 3] },
  { key: 'retry_reads', times: 3, values: [1, 3] },
  { key: 'breaker_failures', times: 3, values: [0, 1, 3] },
  { key: 'breaker_max_wait', times: 4, values: [60, 400] },
  { key: 'preconnect', times: 4, values: [true] },
  { key: 'max_pipeline', times: 4, values: [1, 8, 64] },
  { key: 'client_output_limit', times: 6, values: [65_536] },
  { key: 'server_output_limit', times: 6, values: [65_536] },
  { key: 'bulk_connections', times: 6, values: [1] },
  { key: 'distribution', times: 4, values: ['modula'] },
  { key: 'hash', times: 3, values: ['md5', 'crc32a', 'murmur'] },
];
const REDIS: readonly Choice[] = [{ key: 'partial_failure', times: 4, values: ['per-key'] }];
const MEMCACHE: readonly Choice[] = [
  { key: 'join_gets', times: 3, values: [false] },
  { key: 'multiget_failure', times: 3, values: ['error'] },
];
/** How many keys a case is about: these are there for certain. */
const FOCUS = [0, 1, 2, 4];

/** What a pool is about: of two configurations, the same. */
export type Focus = ReadonlySet<string>;

export function focus(random: Random): Focus {
  const count = random.pick(FOCUS);
  return new Set(Array.from({ length: count }, () => random.pick(COMMON).key));
}

export function poolKeys(
  random: Random,
  servers: number,
  large: boolean,
  memcache: boolean,
  about: Focus,
): PoolKeys {
  const keys: Record<string, Value> = { servers };
  if (!memcache) keys['hash_tag'] = '"{}"';
  for (const { key, times, values } of [...COMMON, ...(memcache ? MEMCACHE : REDIS)]) {
    // Both are drawn in any case: what follows must not depend on what a case is about.
    const [there, value] = [random.once(times), random.pick(values)];
    if (there || about.has(key)) keys[key] = value;
  }
  if (random.once(8)) keys['max_backend_connections'] = random.pick([servers + 1, servers + 3]);
  if (large) keys['max_assembled_request'] = random.pick([65_536, 262_144, 4_194_304]);
  return keys;
}
