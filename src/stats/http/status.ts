import * as counter from '../counters.ts';
import { quantiles } from '../histogram.ts';
import { CLASSES, COMMAND_CLASSES, SPANS } from '../latency.ts';
import { isUsed, mergeSpan, seriesOf } from '../latency-view.ts';
import type {
  ClusterNode,
  PoolSnapshot,
  ReplicaSnapshot,
  ServerSnapshot,
  Snapshot,
} from '../snapshot.ts';
import type { Choice } from './choice.ts';
import { chooseServers, isSick, sortServers } from './choose-servers.ts';
import type { History } from './history.ts';

/** Whether new clients should come: only when `ready`; `unready` is what an operator wants. */
export type ProxyState = 'starting' | 'ready' | 'unready' | 'draining';

/** Everything the status page and `ringway top` show. Times in microseconds, as names say. */
export interface Status {
  readonly version: string;
  readonly state: ProxyState;
  readonly pid: number;
  readonly startedAt: number;
  readonly now: number;
  readonly codec: string;
  readonly node: string;
  readonly workers: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly connections: number;
  readonly reloads: number;
  readonly reloadErrors: number;
  readonly lastReloadError: string;
  readonly pools: readonly PoolStatus[];
}

export type Percentiles = readonly [p50: number, p99: number, p999: number];

/** A pool, as the status page and `ringway top` show it. */
export interface PoolStatus {
  readonly name: string;
  readonly listen: string;
  /** Where clients connect with TLS, beside those at `listen`; null = nowhere. */
  readonly tlsListen: string | null;
  readonly protocol: 'redis' | 'memcached';
  readonly hash: string;
  readonly distribution: string;
  readonly clients: number;
  readonly clientErrors: number;
  /** Kept out by a limit. */
  readonly clientsRefused: number;
  /** Of clients: ended well, took up a session, failed. */
  readonly tlsHandshakes: number;
  readonly tlsResumed: number;
  readonly tlsFailures: number;
  readonly forwardErrors: number;
  readonly ejects: number;
  readonly requests: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Since the start: queue, server and total time of all requests. */
  readonly latency: Readonly<Record<string, Percentiles>>;
  /** Since the start: total time by command class. */
  readonly classes: Readonly<Record<string, { count: number; latency: Percentiles }>>;
  readonly history: ReturnType<History['pool']>;
  /** Whether all that is known of it is here: not in a brief status, unless it is asked for. */
  readonly open: boolean;
  readonly summary: PoolSummary;
  /** Of all servers, by their indexes, where slots have owners; else empty. */
  readonly names: readonly string[];
  readonly ringCells: readonly number[];
  /** Of a Redis Cluster: who has which slots, in their order; null for other pools. */
  readonly slots: readonly SlotsStatus[] | null;
  /** How many stand before the first of `servers`. */
  readonly serversBefore: number;
  /** Those that were asked for, in that order; else sick ones first in a brief status. */
  readonly servers: readonly ServerStatus[];
  /** Without keys: those are for SLOWLOG GET only. */
  readonly slow: readonly SlowStatus[];
}

/** How the servers of a pool are, in numbers. */
export interface PoolSummary {
  readonly servers: number;
  readonly ejected: number;
  readonly unreachable: number;
  /** In the ring and reachable. */
  readonly up: number;
  /** For any reason, a breaker or a failover too. */
  readonly sick: number;
  /** Servers that go by what was asked for; -1 = neither they nor the pool do. */
  readonly found: number;
}

/** Neighbouring slots, and the index in `servers` of who has them. */
export type SlotsStatus = readonly [first: number, last: number, server: number];

/** A server of it. */
export interface ServerStatus {
  /** Its place in the file. */
  readonly index: number;
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  readonly live: boolean;
  /** What an operator wants of it: `none`, `eject` or `drain`; both keep it out of the ring. */
  readonly order: ServerSnapshot['order'];
  /** False from a connection that failed or timed out until its next reply. */
  readonly reachable: boolean;
  /** Whether requests are kept from it for a while. */
  readonly breakerOpen: boolean;
  /** Whether requests wait for it to be back, or for another master. */
  readonly holding: boolean;
  /** Times that it moved to another address. */
  readonly moves: number;
  /** Requests that got an error because it failed or was left alone. */
  readonly failedRequests: number;
  readonly ringShare: number;
  readonly connections: number;
  readonly requests: number;
  readonly responses: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly closed: number;
  readonly ejectedAt: number;
  readonly inFlight: number;
  readonly queued: number;
  /** It and its replicas, if they are asked for their role. */
  readonly replicas: readonly ReplicaStatus[];
  /** Of the last second: answers, failures of a connection or a request, latencies. */
  readonly rate: number;
  readonly errorRate: number;
  readonly p50: number;
  readonly p99: number;
}

/** A master or replica of a server. */
export type ReplicaStatus = Omit<ReplicaSnapshot, 'pool' | 'server'>;

/** A slow request: unix seconds, and microseconds in all and on the server. */
export interface SlowStatus {
  readonly at: number;
  readonly command: string;
  readonly server: string;
  readonly totalMicros: number;
  readonly serverMicros: number;
}

const WANTED = [0.5, 0.99, 0.999] as const;

/**
 * What there is to show now.
 * @param choice what of it is wanted; null = everything
 */
export function statusOf(
  snapshot: Snapshot,
  history: History,
  state: ProxyState,
  choice: Choice | null = null,
): Status {
  const { runtime, own, pools, replicas } = snapshot;
  const isOpen = (name: string): boolean => choice === null || choice.isOpen(name, pools.length);
  return {
    version: snapshot.version,
    state,
    pid: process.pid,
    startedAt: snapshot.startedAt,
    now: snapshot.now,
    codec: runtime.codec,
    node: runtime.node,
    workers: runtime.workers,
    cpuSeconds: runtime.userSeconds + runtime.systemSeconds,
    residentBytes: runtime.residentBytes,
    connections: snapshot.process[counter.CURR_CONNECTIONS],
    reloads: own.reloads,
    reloadErrors: own.reloadErrors,
    lastReloadError: own.lastReloadError,
    pools: pools.map((pool) => {
      const chosen = chooseServers(pool, choice);
      const shown = briefly(pool, history, chosen.length);
      const all = isOpen(pool.name);
      return all ? { ...shown, ...detailsOf(pool, replicas, history, { choice, chosen }) } : shown;
    }),
  };
}

/** All but what is known of single servers. @param found servers that were asked for */
function briefly(pool: PoolSnapshot, history: History, found: number): PoolStatus {
  const { counters, servers } = pool;
  const total = (at: counter.ServerCounter): number =>
    servers.reduce((sum, server) => sum + server.counters[at], 0);
  const count = (is: (server: ServerSnapshot) => boolean): number =>
    servers.reduce((sum, server) => sum + (is(server) ? 1 : 0), 0);
  return {
    name: pool.name,
    listen: pool.listen,
    tlsListen: pool.tlsListen,
    protocol: pool.redis ? 'redis' : 'memcached',
    hash: pool.hash,
    distribution: pool.distribution,
    clients: counters[counter.CLIENT_CONNECTIONS],
    clientErrors: counters[counter.CLIENT_ERR],
    clientsRefused: counters[counter.CLIENTS_REFUSED],
    tlsHandshakes: counters[counter.TLS_HANDSHAKES],
    tlsResumed: counters[counter.TLS_RESUMED],
    tlsFailures: counters[counter.TLS_FAILURES],
    forwardErrors: counters[counter.FORWARD_ERROR],
    ejects: counters[counter.SERVER_EJECTS],
    requests: total(counter.REQUESTS),
    inFlight: total(counter.OUT_QUEUE),
    queued: total(counter.IN_QUEUE),
    summary: {
      servers: servers.length,
      ejected: count(({ live }) => !live),
      unreachable: count(({ reachable }) => !reachable),
      up: count(({ live, reachable }) => live && reachable),
      sick: count(isSick),
      found: found === 0 && servers.length > 0 ? -1 : found,
    },
    history: latestOf(history.pool(pool.name)),
    open: false,
    ...NO_DETAILS,
  };
}

const NO_DETAILS = {
  latency: {},
  classes: {},
  names: [],
  ringCells: [],
  slots: null,
  serversBefore: 0,
  servers: [],
  slow: [],
};

function latestOf(history: ReturnType<History['pool']>): ReturnType<History['pool']> {
  const { requests, errors, p50, p99 } = history;
  return {
    requests: requests.slice(-1),
    errors: errors.slice(-1),
    p50: p50.slice(-1),
    p99: p99.slice(-1),
  };
}

function detailsOf(
  pool: PoolSnapshot,
  replicas: readonly ReplicaSnapshot[],
  history: History,
  { choice, chosen }: { readonly choice: Choice | null; readonly chosen: readonly number[] },
) {
  const asked = replicas.filter((each) => each.pool === pool.name);
  const own = pool.cluster === null ? asked : nodesOf(pool.name, pool.cluster, asked);
  const shown =
    choice === null
      ? { before: 0, servers: chosen }
      : choice.shown(pool, sortServers(pool, history, { choice, chosen }));
  return {
    open: true,
    latency: spanLatencies(pool),
    classes: classLatencies(pool),
    history: history.pool(pool.name),
    names: pool.cluster === null ? [] : pool.servers.map(({ name }) => name),
    ringCells: pool.ringCells,
    slots: pool.cluster === null ? null : slotsOf(pool, pool.cluster),
    serversBefore: shown.before,
    servers: shown.servers.map((index) => serverStatus(pool, index, own, history)),
    slow: pool.slow.map(({ at, command, server, totalMicros, serverMicros }) => ({
      at,
      command,
      server,
      totalMicros,
      serverMicros,
    })),
  };
}

function slotsOf({ servers }: PoolSnapshot, nodes: readonly ClusterNode[]): SlotsStatus[] {
  const indexes = new Map(servers.map(({ name }, index) => [name, index]));
  return nodes
    .flatMap(({ address, slots }) => {
      const index = indexes.get(address);
      return index === undefined ? [] : slots.map(([first, last]) => [first, last, index] as const);
    })
    .sort(([a], [b]) => a - b);
}

/** Nodes of a cluster that are masters of the pool, or follow one; more is known of some. */
function nodesOf(
  pool: string,
  nodes: readonly ClusterNode[],
  asked: readonly ReplicaSnapshot[],
): ReplicaSnapshot[] {
  return nodes.map(({ address, master, failed }) => {
    const known = asked.find((each) => each.address === address);
    if (known !== undefined) return known;
    const role = master === null ? 'master' : 'replica';
    const server = master ?? address;
    return { pool, server, address, role: failed ? 'unknown' : role, lag: null, read: false };
  });
}

function replicasOf(server: string, replicas: readonly ReplicaSnapshot[]): ReplicaStatus[] {
  return replicas
    .filter((each) => each.server === server)
    .map(({ address, role, lag, read }) => ({ address, role, lag, read }));
}

function serverStatus(
  pool: PoolSnapshot,
  index: number,
  replicas: readonly ReplicaSnapshot[],
  history: History,
): ServerStatus {
  const server = pool.servers[index];
  const { counters } = server;
  const rate = history.server(pool.name, server.name);
  return {
    index,
    name: server.name,
    address: server.address,
    weight: server.weight,
    live: server.live,
    order: server.order,
    reachable: server.reachable,
    breakerOpen: server.breakerOpen,
    holding: server.holding,
    moves: counters[counter.SERVER_MOVES],
    failedRequests: counters[counter.FAILED_REQUESTS],
    ringShare: server.ringShare,
    connections: counters[counter.SERVER_CONNECTIONS],
    requests: counters[counter.REQUESTS],
    responses: counters[counter.RESPONSES],
    requestBytes: counters[counter.REQUEST_BYTES],
    responseBytes: counters[counter.RESPONSE_BYTES],
    errors: counters[counter.SERVER_ERR],
    timeouts: counters[counter.SERVER_TIMEDOUT],
    closed: counters[counter.SERVER_EOF],
    ejectedAt: counters[counter.SERVER_EJECTED_AT],
    inFlight: counters[counter.OUT_QUEUE],
    queued: counters[counter.IN_QUEUE],
    replicas: replicasOf(server.name, replicas),
    rate: Math.round(rate.requests),
    errorRate: Math.round(rate.errors),
    p50: Math.round(rate.p50),
    p99: Math.round(rate.p99),
  };
}

function percentiles(counts: Float64Array): Percentiles {
  const [p50, p99, p999] = quantiles(counts, WANTED).map(Math.round);
  return [p50, p99, p999];
}

function spanLatencies(pool: PoolSnapshot): Record<string, Percentiles> {
  const found: Record<string, Percentiles> = {};
  if (pool.latencyCounts === null) return found;
  for (let span = 0; span < SPANS.length; span++) {
    const all = seriesOf(0, pool.servers.length - 1);
    found[SPANS[span]] = percentiles(mergeSpan(pool.latencyCounts, all, span));
  }
  return found;
}

function classLatencies(pool: PoolSnapshot): PoolStatus['classes'] {
  const found: Record<string, { count: number; latency: Percentiles }> = {};
  const { latencyCounts: counts, latencySums: sums } = pool;
  if (counts === null || sums === null) return found;
  COMMAND_CLASSES.forEach((name, commandClass) => {
    const used: number[] = [];
    for (let server = 0; server < pool.servers.length; server++) {
      const series = server * CLASSES + commandClass;
      if (isUsed(sums, counts, series)) used.push(series);
    }
    if (used.length === 0) return;
    const merged = mergeSpan(counts, used, SPANS.indexOf('total'));
    const count = merged.reduce((total, n) => total + n, 0);
    found[name] = { count, latency: percentiles(merged) };
  });
  return found;
}
