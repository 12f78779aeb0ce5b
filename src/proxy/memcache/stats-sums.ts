// What the statistics of several memcached servers come to.

/** Of these the largest counts: how old, how long ago. Last part of a name. */
const LARGEST = new Set(['age', 'age_hot', 'age_warm', 'evicted_time', 'uptime', 'time']);
/** Of these there is one only when all servers say the same: sizes, switches, powers. */
const AGREED = new Set([
  ...['chunk_size', 'chunks_per_page', 'pointer_size', 'hash_power_level', 'accepting_conns'],
  ...['hash_is_expanding', 'slab_reassign_running', 'lru_crawler_running', 'item_size_max'],
]);
const INTEGER = /^[0-9]{1,20}$/;
/** Seconds of processor. */
const DECIMAL = /^[0-9]{1,20}\.[0-9]{6}$/;

/** Names of what is counted, and what was said of it, in the order of the servers. */
export type Statistics = ReadonlyMap<string, readonly string[]>;

/** @param replies complete ones, of STAT lines, as latin1 */
export function statisticsOf(replies: readonly string[]): Statistics {
  const all: Map<string, string[]> = new Map();
  for (const reply of replies) {
    for (const line of reply.split('\r\n')) {
      if (!line.startsWith('STAT ')) continue;
      const blank = line.indexOf(' ', 5);
      const name = line.slice(5, blank < 0 ? line.length : blank);
      const values = all.get(name);
      const value = blank < 0 ? '' : line.slice(blank + 1);
      if (values === undefined) all.set(name, [value]);
      else values.push(value);
    }
  }
  return all;
}

/** The value that all servers have; null when they differ. */
export function agreed(values: readonly string[]): string | null {
  return values.every((value) => value === values[0]) ? values[0] : null;
}

/** What stands for all values of `name`: their sum where it has a meaning; null = nothing does. */
export function joined(name: string, values: readonly string[]): string | null {
  const last = name.slice(name.lastIndexOf(':') + 1);
  const isInteger = values.every((value) => INTEGER.test(value));
  if (AGREED.has(last) || (!isInteger && !values.every((value) => DECIMAL.test(value)))) {
    return agreed(values);
  }
  if (!isInteger) return values.reduce((sum, value) => sum + Number(value), 0).toFixed(6);
  const [first, ...others] = values.map((value) => BigInt(value));
  return String(others.reduce(LARGEST.has(last) ? larger : sumOf, first));
}

function sumOf(a: bigint, b: bigint): bigint {
  return a + b;
}

function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
