import * as counter from '../counters.ts';
import { quantiles } from '../histogram.ts';
import { CLASSES, COMMAND_CLASSES, SPANS } from '../latency.ts';
import { isUsed, mergeSpan, seriesOf } from '../latency-view.ts';
import type { PoolSnapshot, ReplicaSnapshot, ServerSnapshot, Snapshot } from '../snapshot.ts';
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
  readonly ringCells: readonly number[];
  readonly servers: readonly ServerStatus[];
  /** Without keys: those are for SLOWLOG GET only. */
  readonly slow: readonly SlowStatus[];
}

/** A server of it. */
export interface ServerStatus {
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
  /** Of the last second. */
  readonly rate: number;
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

/** What there is to show now. */
export function statusOf(snapshot: Snapshot, history: History, state: ProxyState): Status {
  const { runtime, own } = snapshot;
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
    pools: snapshot.pools.map((pool) => poolStatus(pool, snapshot.replicas, history)),
  };
}

function poolStatus(
  pool: PoolSnapshot,
  replicas: readonly ReplicaSnapshot[],
  history: History,
): PoolStatus {
  const own = replicas.filter((each) => each.pool === pool.name);
  const servers = pool.servers.map((server) => serverStatus(pool.name, server, own, history));
  const sum = (pick: (server: ServerStatus) => number): number =>
    servers.reduce((total, server) => total + pick(server), 0);
  return {
    name: pool.name,
    listen: pool.listen,
    protocol: pool.redis ? 'redis' : 'memcached',
    hash: pool.hash,
    distribution: pool.distribution,
    clients: pool.counters[counter.CLIENT_CONNECTIONS],
    clientErrors: pool.counters[counter.CLIENT_ERR],
    clientsRefused: pool.counters[counter.CLIENTS_REFUSED],
    tlsHandshakes: pool.counters[counter.TLS_HANDSHAKES],
    tlsResumed: pool.counters[counter.TLS_RESUMED],
    tlsFailures: pool.counters[counter.TLS_FAILURES],
    forwardErrors: pool.counters[counter.FORWARD_ERROR],
    ejects: pool.counters[counter.SERVER_EJECTS],
    requests: sum(({ requests }) => requests),
    inFlight: sum(({ inFlight }) => inFlight),
    queued: sum(({ queued }) => queued),
    latency: spanLatencies(pool),
    classes: classLatencies(pool),
    history: history.pool(pool.name),
    ringCells: pool.ringCells,
    servers,
    slow: pool.slow.map(({ at, command, server, totalMicros, serverMicros }) => ({
      at,
      command,
      server,
      totalMicros,
      serverMicros,
    })),
  };
}

function serverStatus(
  pool: string,
  server: ServerSnapshot,
  replicas: readonly ReplicaSnapshot[],
  history: History,
): ServerStatus {
  const { counters } = server;
  const rate = history.server(pool, server.name);
  return {
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
    replicas: replicas
      .filter((each) => each.server === server.name)
      .map(({ address, role, lag, read }) => ({ address, role, lag, read })),
    rate: Math.round(rate.requests),
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
