import * as counter from '../counters.ts';
import type { PoolSnapshot, ServerSnapshot } from '../snapshot.ts';
import type { Choice, ServerSort } from './choice.ts';
import type { History, ServerRate } from './history.ts';

/** Whether a server has anything that somebody should look at. */
export function isSick({ live, order, reachable, breakerOpen, holding }: ServerSnapshot): boolean {
  return !live || order !== 'none' || !reachable || breakerOpen || holding;
}

/** Servers by their indexes; none = neither they nor the pool go by what was asked for. */
export function chooseServers(
  { name, servers }: PoolSnapshot,
  choice: Choice | null,
): readonly number[] {
  const all = servers.map((_, index) => index);
  if (choice === null || choice.filter === '') return all;
  const found = all.filter((i) => choice.has(servers[i].name) || choice.has(servers[i].address));
  return found.length > 0 || !choice.has(name) ? found : all;
}

/** What servers are sorted by, the largest first; of several with the same, by name. */
const SORTS: Readonly<Record<ServerSort, (server: ServerSnapshot, rate: ServerRate) => number>> = {
  name: () => 0,
  requests: (_server, { requests }) => requests,
  errors: (server, { errors }) => errors + failures(server) / 1e9,
  p99: (_server, { p99 }) => p99,
  inflight: ({ counters }) => counters[counter.OUT_QUEUE],
};

function failures({ counters }: ServerSnapshot): number {
  return (
    counters[counter.SERVER_ERR] + counters[counter.SERVER_TIMEDOUT] + counters[counter.SERVER_EOF]
  );
}

/** Those that were chosen, in the order that was. */
export function sortServers(
  pool: PoolSnapshot,
  history: History,
  { choice, chosen }: { readonly choice: Choice; readonly chosen: readonly number[] },
): readonly number[] {
  const { servers } = pool;
  const { sort } = choice;
  if (sort === null) return sickFirst(pool, chosen);
  const valueAt = (index: number): number =>
    SORTS[sort](servers[index], history.server(pool.name, servers[index].name));
  const values = new Map(chosen.map((index) => [index, valueAt(index)]));
  return [...chosen].sort((a, b) => {
    const more = (values.get(b) as number) - (values.get(a) as number);
    return more || (servers[a].name < servers[b].name ? -1 : 1);
  });
}

function sickFirst({ servers }: PoolSnapshot, chosen: readonly number[]): readonly number[] {
  const sick = chosen.filter((index) => isSick(servers[index]));
  return [...sick, ...chosen.filter((index) => !isSick(servers[index]))];
}
