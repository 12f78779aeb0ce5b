import { INFO_DATABASES } from '../../../limits.ts';
import { agreed, joinedIntegers, sumOfDecimals } from '../../routing/joined-figures.ts';

// What servers count in INFO, and what it comes to when several are one to their clients.

/** What stands for the values of several servers. */
type Rule =
  | 'sum' // of integers
  | 'seconds' // the sum of times
  | 'rate' // the sum of numbers with two decimals
  | 'room' // the sum; 0, which is no limit, if one of them has none
  | 'largest'
  | 'smallest'
  | 'agreed'; // what all of them say; nothing when they differ

interface Figure {
  readonly name: string;
  readonly rule: Rule;
  /** Whether `<name>_human` stands behind it. */
  readonly human: boolean;
}

const TABLE: readonly (readonly [section: string, rule: Rule, names: string])[] = [
  ['Memory', 'sum', 'used_memory* used_memory_rss* used_memory_peak* used_memory_overhead'],
  ['Memory', 'sum', 'used_memory_dataset allocator_allocated allocator_resident'],
  ['Memory', 'agreed', 'total_system_memory mem_allocator'],
  ['Memory', 'room', 'maxmemory*'],
  ['Memory', 'agreed', 'maxmemory_policy'],
  ['Persistence', 'sum', 'rdb_changes_since_last_save'],
  ['Persistence', 'largest', 'rdb_bgsave_in_progress'],
  ['Persistence', 'smallest', 'rdb_last_save_time'],
  ['Persistence', 'agreed', 'rdb_last_bgsave_status aof_enabled'],
  ['Persistence', 'largest', 'aof_rewrite_in_progress'],
  ['Persistence', 'agreed', 'aof_last_bgrewrite_status aof_last_write_status'],
  ['Stats', 'sum', 'instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes'],
  ['Stats', 'rate', 'instantaneous_input_kbps instantaneous_output_kbps'],
  ['Stats', 'sum', 'expired_keys evicted_keys keyspace_hits keyspace_misses total_error_replies'],
  ['Stats', 'largest', 'latest_fork_usec'],
  ['CPU', 'seconds', 'used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children'],
];

const BY_SECTION: ReadonlyMap<string, readonly Figure[]> = sections();
const KNOWN: ReadonlySet<string> = new Set([...BY_SECTION.values()].flat().map(({ name }) => name));

function sections(): Map<string, Figure[]> {
  const all: Map<string, Figure[]> = new Map();
  for (const [section, rule, names] of TABLE) {
    const figures = names.split(' ').map((word) => {
      return { name: word.replace('*', ''), rule, human: word.endsWith('*') };
    });
    all.set(section, [...(all.get(section) ?? []), ...figures]);
  }
  return all;
}

/** Longest text that is passed on. */
const TEXT = /^[!-~]{1,64}$/;
const DATABASE =
  /^db([0-9]{1,9}):keys=([0-9]{1,15}),expires=([0-9]{1,15})(?:,avg_ttl=([0-9]{1,15}))?/;

interface Database {
  readonly keys: number;
  readonly expires: number;
  /** In milliseconds, of those that expire. */
  readonly ttl: number;
}

/** What one server said. */
export interface ServerFigures {
  readonly values: ReadonlyMap<string, string>;
  /** By number. */
  readonly databases: ReadonlyMap<number, Database>;
}

export const NO_FIGURES: ServerFigures = { values: new Map(), databases: new Map() };

/** @param info a reply to INFO, or the beginning of one */
export function figuresOf(info: string): ServerFigures {
  const values: Map<string, string> = new Map();
  const databases: Map<number, Database> = new Map();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = line.slice(colon + 1);
    if (KNOWN.has(name) && TEXT.test(value)) values.set(name, value);
    const database = DATABASE.exec(line);
    if (database === null || databases.size === INFO_DATABASES) continue;
    const [number, keys, expires, ttl] = database.slice(1).map((text) => Number(text ?? 0));
    databases.set(number, { keys, expires, ttl });
  }
  return { values, databases };
}

export type Fields = [name: string, value: string | number][];

/** The figures of a section, those that some server has and that have a meaning for all. */
export function joinedSection(section: string, servers: readonly ServerFigures[]): Fields {
  const fields: Fields = [];
  for (const { name, rule, human } of BY_SECTION.get(section) ?? []) {
    const values = servers.flatMap(({ values }) => values.get(name) ?? []);
    const joined = values.length === 0 ? null : join(rule, values);
    if (joined === null) continue;
    fields.push([name, joined]);
    if (human) fields.push([`${name}_human`, humanBytes(Number(joined))]);
  }
  return fields;
}

function join(rule: Rule, values: readonly string[]): string | null {
  switch (rule) {
    case 'agreed':
      return agreed(values);
    case 'seconds':
      return sumOfDecimals(values, 6);
    case 'rate':
      return sumOfDecimals(values, 2);
    case 'room':
      return joinedIntegers(values, 'smallest') === '0' ? '0' : joinedIntegers(values, 'sum');
    default:
      return joinedIntegers(values, rule);
  }
}

/** As Redis writes bytes for people. */
function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${'KMGTP'[unit]}`;
}

/** The databases of all servers: keys added up, the mean of what those that expire have left. */
export function joinedDatabases(servers: readonly ServerFigures[]): Fields {
  const all: Map<number, { keys: number; expires: number; left: number }> = new Map();
  for (const { databases } of servers) {
    for (const [number, { keys, expires, ttl }] of databases) {
      const sums = all.get(number) ?? { keys: 0, expires: 0, left: 0 };
      sums.keys += keys;
      sums.expires += expires;
      sums.left += ttl * expires;
      all.set(number, sums);
    }
  }
  const numbers = [...all.keys()].sort((a, b) => a - b);
  return numbers.map((number) => {
    const { keys, expires, left } = all.get(number) as {
      keys: number;
      expires: number;
      left: number;
    };
    const ttl = expires === 0 ? 0 : Math.round(left / expires);
    return [`db${number}`, `keys=${keys},expires=${expires},avg_ttl=${ttl}`];
  });
}
