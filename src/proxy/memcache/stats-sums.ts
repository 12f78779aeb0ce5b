import { agreed, joinedIntegers, sumOfDecimals } from '../routing/joined-figures.ts';

// What the statistics of several memcached servers come to.

/** Of these the largest counts: how old, how long ago. Last part of a name. */
const LARGEST: ReadonlySet<string> = new Set([
  'age',
  'age_hot',
  'age_warm',
  'evicted_time',
  'uptime',
  'time',
]);
/** Of these there is one only when all servers say the same: sizes, switches, powers. */
const AGREED: ReadonlySet<string> = new Set([
  ...['chunk_size', 'chunks_per_page', 'pointer_size', 'hash_power_level', 'accepting_conns'],
  ...['hash_is_expanding', 'slab_reassign_running', 'lru_crawler_running', 'item_size_max'],
]);
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

/** What stands for all values of `name`: their sum where it has a meaning; null = nothing does. */
export function joined(name: string, values: readonly string[]): string | null {
  const last = name.slice(name.lastIndexOf(':') + 1);
  if (AGREED.has(last)) return agreed(values);
  const integer = joinedIntegers(values, LARGEST.has(last) ? 'largest' : 'sum');
  return integer ?? sumOfDecimals(values, 6) ?? agreed(values);
}
