import {
  BLOCKED_CLIENTS,
  CLIENT_CONNECTIONS,
  CURR_CONNECTIONS,
  IN_QUEUE,
  IN_QUEUE_BYTES,
  INTERNAL_ERRORS,
  MONITORING_CLIENTS,
  mapCounters,
  OUT_QUEUE,
  OUT_QUEUE_BYTES,
  PUBSUB_CLIENTS,
  PUBSUB_SUBSCRIPTIONS,
  PUBSUB_TOPICS,
  SERVER_CONNECTIONS,
  SERVER_EJECTED_AT,
  SERVER_MOVES,
  TRACKED_KEYS_NOTED,
  TRACKING_CLIENTS,
} from './counters.ts';
import { type PoolSnapshot, type ServerSnapshot, SLOW_ENTRIES, type Snapshot } from './snapshot.ts';

const POOL_GAUGES = [
  BLOCKED_CLIENTS,
  CLIENT_CONNECTIONS,
  MONITORING_CLIENTS,
  PUBSUB_CLIENTS,
  PUBSUB_SUBSCRIPTIONS,
  PUBSUB_TOPICS,
  TRACKED_KEYS_NOTED,
  TRACKING_CLIENTS,
];
const SERVER_GAUGES = [SERVER_CONNECTIONS, IN_QUEUE, IN_QUEUE_BYTES, OUT_QUEUE, OUT_QUEUE_BYTES];

/**
 * What several workers have counted, as one. The first one says which pools and servers there are.
 * @param ended what workers had counted that are gone: see endedSnapshot()
 */
export function mergeSnapshots(live: readonly Snapshot[], ended: readonly Snapshot[]): Snapshot {
  const [first] = live;
  const all = [...live, ...ended];
  const total = (pick: (snapshot: Snapshot) => number): number =>
    all.reduce((sum, snapshot) => sum + pick(snapshot), 0);
  // Each has counted the listeners, which they share.
  const shared = total(listenersOf) - listenersOf(first);
  const process = summed(all.map((snapshot) => snapshot.process));
  return {
    ...first,
    process: mapCounters(process, (count, at) => {
      return at === INTERNAL_ERRORS ? count : count - shared;
    }),
    pools: first.pools.map((pool) => mergePool(pool.name, all)),
    runtime: {
      ...first.runtime,
      workers: total(({ runtime }) => runtime.workers),
      userSeconds: total(({ runtime }) => runtime.userSeconds),
      systemSeconds: total(({ runtime }) => runtime.systemSeconds),
      residentBytes: total(({ runtime }) => runtime.residentBytes),
      openDescriptors: total(({ runtime }) => runtime.openDescriptors),
      maxDescriptors: total(({ runtime }) => runtime.maxDescriptors),
    },
  };
}

/** A pool with a second door for TLS listens twice. */
function listenersOf({ pools }: Snapshot): number {
  return pools.length + pools.filter(({ tlsListen }) => tlsListen !== null).length;
}

function mergePool(name: string, all: readonly Snapshot[]): PoolSnapshot {
  const parts = all.flatMap(({ pools }) => pools.filter((pool) => pool.name === name));
  const [first] = parts;
  const servers = first.servers.map((server) => mergeServer(server.name, parts));
  const same = parts.filter((part) => sameServers(first, part));
  const measured = first.latencyCounts !== null;
  return {
    ...first,
    counters: summed(parts.map(({ counters }) => counters)),
    servers,
    slow: parts
      .flatMap(({ slow }) => slow)
      .sort((a, b) => b.at - a.at)
      .slice(0, SLOW_ENTRIES),
    latencyCounts: measured
      ? summed(same.flatMap(({ latencyCounts }) => latencyCounts ?? []))
      : null,
    latencySums: measured ? summed(same.flatMap(({ latencySums }) => latencySums ?? [])) : null,
  };
}

/** Histograms stand in the order of the servers: those of another order cannot be added. */
function sameServers(a: PoolSnapshot, b: PoolSnapshot): boolean {
  return (
    a.servers.length === b.servers.length &&
    a.servers.every(({ name }, i) => name === b.servers[i].name)
  );
}

function mergeServer(name: string, pools: readonly PoolSnapshot[]): ServerSnapshot {
  const parts = pools.flatMap(({ servers }) => servers.filter((server) => server.name === name));
  const counters = summed(parts.map((part) => part.counters));
  // All workers tell of the same ejection, and of the same moves.
  for (const at of [SERVER_EJECTED_AT, SERVER_MOVES] as const) {
    counters[at] = Math.max(...parts.map((part) => part.counters[at]));
  }
  return {
    ...parts[0],
    counters,
    live: parts.every(({ live }) => live),
    reachable: parts.every(({ reachable }) => reachable),
    breakerOpen: parts.some(({ breakerOpen }) => breakerOpen),
    holding: parts.some(({ holding }) => holding),
  };
}

function summed<A extends Iterable<number>>(arrays: readonly A[]): A {
  const [sum, ...others] = arrays.map((array) => Float64Array.from(array));
  for (const other of others) {
    for (let i = 0; i < sum.length; i++) sum[i] += other[i] ?? 0;
  }
  return sum as never;
}

const NOTHING_OPEN = { residentBytes: 0, openDescriptors: 0, maxDescriptors: 0 };

/** What stays of a worker that is gone: its counts, but not what it had open. */
export function endedSnapshot(snapshot: Snapshot): Snapshot {
  const without = <C extends Iterable<number>>(counters: C, gauges: readonly number[]): C =>
    mapCounters(counters, (count, at) => (gauges.includes(at) ? 0 : count));
  // The listeners are counted among the open connections.
  const process = mapCounters(snapshot.process, (count) => count);
  process[CURR_CONNECTIONS] = listenersOf(snapshot);
  return {
    ...snapshot,
    process,
    pools: snapshot.pools.map((pool) => ({
      ...pool,
      counters: without(pool.counters, POOL_GAUGES),
      servers: pool.servers.map((server) => ({
        ...server,
        live: true,
        reachable: true,
        breakerOpen: false,
        holding: false,
        counters: without(server.counters, SERVER_GAUGES),
      })),
    })),
    runtime: { ...snapshot.runtime, workers: 0, ...NOTHING_OPEN },
  };
}

/** For messages of JSON. Most buckets of most histograms are empty, so only the others are sent. */
export function packSnapshot(snapshot: Snapshot): object {
  return {
    ...snapshot,
    process: [...snapshot.process],
    pools: snapshot.pools.map((pool) => ({
      ...pool,
      counters: [...pool.counters],
      servers: pool.servers.map((server) => ({ ...server, counters: [...server.counters] })),
      latencyCounts: packSparse(pool.latencyCounts),
      latencySums: packSparse(pool.latencySums),
    })),
  };
}

/** What packSnapshot() made, as a snapshot again. */
export function unpackSnapshot(packed: object): Snapshot {
  const snapshot = packed as Snapshot;
  return {
    ...snapshot,
    process: mapCounters(snapshot.process, (count) => count),
    pools: snapshot.pools.map((pool) => ({
      ...pool,
      counters: mapCounters(pool.counters, (count) => count),
      servers: pool.servers.map((server) => ({
        ...server,
        counters: mapCounters(server.counters, (count) => count),
      })),
      latencyCounts: unpackSparse(pool.latencyCounts as unknown as Sparse | null),
      latencySums: unpackSparse(pool.latencySums as unknown as Sparse | null),
    })),
  };
}

interface Sparse {
  readonly length: number;
  /** Position, value, position, value, … */
  readonly pairs: readonly number[];
}

function packSparse(values: Float64Array | null): Sparse | null {
  if (values === null) return null;
  const pairs: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) pairs.push(i, values[i]);
  return { length: values.length, pairs };
}

function unpackSparse(sparse: Sparse | null): Float64Array | null {
  if (sparse === null) return null;
  const values = new Float64Array(sparse.length);
  for (let i = 0; i < sparse.pairs.length; i += 2) values[sparse.pairs[i]] = sparse.pairs[i + 1];
  return values;
}
