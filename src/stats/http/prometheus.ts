import { Registry } from 'prom-client';
import * as counter from '../counters.ts';
import { countBelow, histogramTotal } from '../histogram.ts';
import { CLASSES, COMMAND_CLASSES, histogramAt, SPANS, sumAt } from '../latency.ts';
import { isUsed } from '../latency-view.ts';
import type { PoolSnapshot, ServerSnapshot, Snapshot } from '../snapshot.ts';
import { add, type Labels, type Metric, type MetricKind, metricOf } from './metric.ts';
import { topologyMetrics } from './topology-metrics.ts';

/** Bounds of the exported buckets: powers of two from 16 microseconds to 33 seconds. */
const BOUNDS_MICROS: readonly number[] = Array.from({ length: 22 }, (_, i) => 2 ** (i + 4));

interface Field<Counter> {
  readonly name: string;
  readonly help: string;
  readonly at: Counter;
  readonly kind: MetricKind;
}

const POOL_FIELDS: readonly Field<counter.PoolCounter>[] = [
  field('client_eof_total', 'Clients that closed', counter.CLIENT_EOF),
  field('client_errors_total', 'Clients closed because of an error', counter.CLIENT_ERR),
  field('client_connections', 'Open clients', counter.CLIENT_CONNECTIONS, 'gauge'),
  field('server_ejects_total', 'Ejections of servers', counter.SERVER_EJECTS),
  field('forward_errors_total', 'Requests answered with an error', counter.FORWARD_ERROR),
  field('clients_refused_total', 'Clients beyond a limit', counter.CLIENTS_REFUSED),
  field('client_idle_timeouts_total', 'Clients closed as idle', counter.CLIENT_IDLE_TIMEOUTS),
  field(
    'client_write_timeouts_total',
    'Clients closed that took none of their replies',
    counter.CLIENT_WRITE_TIMEOUTS,
  ),
  field(
    'request_read_timeouts_total',
    'Clients closed in the middle of a request',
    counter.REQUEST_READ_TIMEOUTS,
  ),
  field(
    'reads_taken_back_total',
    'Reads sent again because their client took none of its replies',
    counter.READS_TAKEN_BACK,
  ),
  field(
    'reads_in_pieces_total',
    'Reads answered in pieces because their replies were large',
    counter.READS_IN_PIECES,
  ),
  field('slow_readers_total', 'Clients closed that held others up', counter.SLOW_READERS),
  field('requests_too_large_total', 'Requests refused for size', counter.REQUESTS_TOO_LARGE),
  field('replies_too_large_total', 'Replies refused for size', counter.REPLIES_TOO_LARGE),
  field('malformed_requests_total', 'Malformed requests', counter.MALFORMED_REQUESTS),
  field('reads_retried_total', 'Reads sent again', counter.READS_RETRIED),
  field(
    'leases_refused_total',
    'Requests that got no connection of their own in time',
    counter.LEASES_REFUSED,
  ),
  field('blocked_clients', 'Clients that a server lets wait', counter.BLOCKED_CLIENTS, 'gauge'),
  field('watches_expired_total', 'WATCHes longer than watch_timeout', counter.WATCHES_EXPIRED),
  field(
    'tls_handshakes_total',
    'TLS handshakes of clients that ended well',
    counter.TLS_HANDSHAKES,
  ),
  field('tls_resumed_total', 'Those of them that took up an earlier session', counter.TLS_RESUMED),
  field('tls_failures_total', 'TLS handshakes of clients that failed', counter.TLS_FAILURES),
  field('auth_failures_total', 'Wrong passwords', counter.AUTH_FAILURES),
  field('not_permitted_total', 'Requests that rules of users refuse', counter.NOT_PERMITTED),
  field(
    'rate_limited_total',
    'Requests that got an error for their rate, or times that clients waited for it',
    counter.RATE_LIMITED,
  ),
  field('audit_lost_total', 'Lines that the audit log lacks', counter.AUDIT_LOST),
  field(
    'login_timeouts_total',
    'Clients closed that did not log in in time',
    counter.LOGIN_TIMEOUTS,
  ),
  field(
    'tracking_clients',
    'Clients that are told of changed keys',
    counter.TRACKING_CLIENTS,
    'gauge',
  ),
  field('tracked_keys', 'Keys noted for them', counter.TRACKED_KEYS_NOTED, 'gauge'),
  field('tracking_messages_total', 'Messages of changed keys', counter.TRACKING_MESSAGES),
  field(
    'tracking_slow_closed_total',
    'Clients closed that took these too slowly',
    counter.TRACKING_SLOW_CLOSED,
  ),
  field(
    'monitoring_clients',
    'Clients that see what servers do',
    counter.MONITORING_CLIENTS,
    'gauge',
  ),
  field('monitor_lines_total', 'Lines of MONITOR for clients', counter.MONITOR_LINES),
  field(
    'monitor_slow_closed_total',
    'Clients closed that took these too slowly',
    counter.MONITOR_SLOW_CLOSED,
  ),
  field('pubsub_clients', 'Clients with subscriptions', counter.PUBSUB_CLIENTS, 'gauge'),
  field('pubsub_subscriptions', 'Their subscriptions', counter.PUBSUB_SUBSCRIPTIONS, 'gauge'),
  field('pubsub_topics', 'Different ones among these', counter.PUBSUB_TOPICS, 'gauge'),
  field('pubsub_messages_total', 'Messages from servers', counter.PUBSUB_MESSAGES),
  field('pubsub_deliveries_total', 'Copies of these for clients', counter.PUBSUB_DELIVERIES),
  field('pubsub_dropped_total', 'Messages that were too large', counter.PUBSUB_DROPPED),
  field(
    'pubsub_slow_closed_total',
    'Subscribers closed that took messages too slowly',
    counter.PUBSUB_SLOW_CLOSED,
  ),
  field(
    'pubsub_lost_clients_total',
    'Subscribers closed because messages may be missing',
    counter.PUBSUB_LOST_CLIENTS,
  ),
];

const SERVER_FIELDS: readonly Field<counter.ServerCounter>[] = [
  field('requests_total', 'Requests sent to the server', counter.REQUESTS),
  field('request_bytes_total', 'Bytes of these requests', counter.REQUEST_BYTES),
  field('responses_total', 'Replies of the server', counter.RESPONSES),
  field('response_bytes_total', 'Bytes of these replies', counter.RESPONSE_BYTES),
  field('server_eof_total', 'Connections the server closed', counter.SERVER_EOF),
  field('server_errors_total', 'Connections lost by an error', counter.SERVER_ERR),
  field('server_timeouts_total', 'Connections given up after a timeout', counter.SERVER_TIMEDOUT),
  field(
    'server_failed_requests_total',
    'Requests that got an error because the server failed or was left alone',
    counter.FAILED_REQUESTS,
  ),
  field('server_moves_total', 'Moves to another address: failovers', counter.SERVER_MOVES),
  field(
    'requests_resent_total',
    'Requests that were not executed and went on in another connection',
    counter.REQUESTS_RESENT,
  ),
  field(
    'failover_timeouts_total',
    'Times that requests waited in vain for a server',
    counter.FAILOVER_TIMEOUTS,
  ),
  field('server_holds_total', 'Times that requests began to wait for it', counter.SERVER_HOLDS),
  field('server_held_seconds_total', 'How long they have waited in all', counter.HELD_SECONDS),
  field('replica_reads_total', 'Requests that replicas were sent', counter.REPLICA_READS),
  field('server_connections', 'Open connections', counter.SERVER_CONNECTIONS, 'gauge'),
  field('queued_requests', 'Requests waiting to be sent', counter.IN_QUEUE, 'gauge'),
  field('queued_bytes', 'Bytes waiting to be sent', counter.IN_QUEUE_BYTES, 'gauge'),
  field('in_flight_requests', 'Requests sent and not answered', counter.OUT_QUEUE, 'gauge'),
  field('in_flight_bytes', 'Bytes of these requests', counter.OUT_QUEUE_BYTES, 'gauge'),
];

function field<Counter>(
  name: string,
  help: string,
  at: Counter,
  kind: MetricKind = 'counter',
): Field<Counter> {
  return { name: `ringway_${name}`, help, at, kind };
}

/** Content type of what prometheusText() returns. */
export const PROMETHEUS_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** All metrics in Prometheus's text format. Built anew each time, so removed pools disappear. */
export function prometheusText(snapshot: Snapshot): Promise<string> {
  return registryOf(snapshot).metrics();
}

/** One value; of a histogram `metricName` says which part of it. */
export interface MetricSample {
  readonly metricName?: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/** All values with one name. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly MetricSample[];
}

/** The same figures as data. */
export async function metricFamilies(snapshot: Snapshot): Promise<readonly MetricFamily[]> {
  return (await registryOf(snapshot).getMetricsAsJSON()) as never;
}

function registryOf(snapshot: Snapshot): Registry {
  const registry = new Registry();
  processMetrics(registry, snapshot);
  for (const spec of POOL_FIELDS) {
    const metric = metricOf(registry, spec, ['pool']);
    for (const pool of snapshot.pools) add(metric, { pool: pool.name }, pool.counters[spec.at]);
  }
  for (const spec of SERVER_FIELDS) {
    const metric = metricOf(registry, spec, ['pool', 'server']);
    eachServer(snapshot, (labels, server) => add(metric, labels, server.counters[spec.at]));
  }
  stateMetrics(registry, snapshot);
  topologyMetrics(registry, snapshot);
  for (let span = 0; span < SPANS.length; span++) {
    registry.registerMetric(new LatencyMetric(snapshot, span) as never);
  }
  return registry;
}

function eachServer(
  snapshot: Snapshot,
  visit: (labels: Labels, server: ServerSnapshot, index: number, pool: PoolSnapshot) => void,
): void {
  for (const pool of snapshot.pools) {
    pool.servers.forEach((server, index) => {
      visit({ pool: pool.name, server: server.name }, server, index, pool);
    });
  }
}

function processMetrics(registry: Registry, snapshot: Snapshot): void {
  const { runtime, own } = snapshot;
  const info = metricOf(registry, { name: 'ringway_info', help: 'Constant 1', kind: 'gauge' }, [
    'version',
    'codec',
    'node',
  ]);
  add(info, { version: snapshot.version, codec: runtime.codec, node: runtime.node }, 1);
  const one = (kind: MetricKind, name: string, help: string, value: number): void => {
    add(metricOf(registry, { name, help, kind }, []), {}, value);
  };
  const { process } = snapshot;
  const total = runtime.userSeconds + runtime.systemSeconds;
  one('gauge', 'process_start_time_seconds', 'Unix time of the start', snapshot.startedAt / 1000);
  one('counter', 'process_cpu_seconds_total', 'Processor time used', total);
  one('gauge', 'process_resident_memory_bytes', 'Resident memory', runtime.residentBytes);
  // As elsewhere, they are missing where the system does not tell.
  if (runtime.maxDescriptors > 0) {
    one('gauge', 'process_open_fds', 'Open file descriptors', runtime.openDescriptors);
    one('gauge', 'process_max_fds', 'Limit on these', runtime.maxDescriptors);
  }
  one('gauge', 'ringway_workers', 'Processes that serve clients', runtime.workers);
  one(
    'counter',
    'ringway_connections_total',
    'Connections of clients and to servers, and listeners, ever opened',
    process[counter.TOTAL_CONNECTIONS],
  );
  one('gauge', 'ringway_connections', 'The same, open now', process[counter.CURR_CONNECTIONS]);
  one(
    'counter',
    'ringway_internal_errors_total',
    'Exceptions that closed one connection',
    process[counter.INTERNAL_ERRORS] + own.internalErrors,
  );
  one('counter', 'ringway_reloads_total', 'Configurations taken over', own.reloads);
  one('counter', 'ringway_reload_errors_total', 'Configurations refused', own.reloadErrors);
}

function stateMetrics(registry: Registry, snapshot: Snapshot): void {
  const gauge = (name: string, help: string): Metric =>
    metricOf(registry, { name: `ringway_${name}`, help, kind: 'gauge' }, ['pool', 'server']);
  const live = gauge('server_live', '1 while the server is in the ring, 0 while it is out');
  const ordered = gauge('server_ordered_out', '1 while an operator keeps it out of the ring');
  const reachable = gauge('server_reachable', '0 from a failed connection until the next reply');
  const breaker = gauge(
    'server_breaker_open',
    '1 while the breaker keeps requests from the server',
  );
  const holding = gauge('server_holding', '1 while requests wait for it or for another master');
  const share = gauge('server_ring_share', 'Part of all hash values that the server gets now');
  const ejectedAt = gauge('server_ejected_at_seconds', 'Unix time of its last ejection, 0 = never');
  eachServer(snapshot, (labels, server) => {
    add(live, labels, server.live ? 1 : 0);
    add(ordered, labels, server.order === 'none' ? 0 : 1);
    add(reachable, labels, server.reachable ? 1 : 0);
    add(breaker, labels, server.breakerOpen ? 1 : 0);
    add(holding, labels, server.holding ? 1 : 0);
    add(share, labels, server.ringShare);
    add(ejectedAt, labels, server.counters[counter.SERVER_EJECTED_AT] / 1e6);
  });
}

const HELP: readonly string[] = [
  'From reading a request until writing it to its server',
  'From writing a request to its server until its reply was read',
  'From reading a request until its reply was queued to the client',
];

/**
 * One span's histograms. prom-client's own Histogram takes observations one by one; these were
 * counted long ago, so the samples are made here and the library writes them.
 */
class LatencyMetric {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly #snapshot: Snapshot;
  readonly #span: number;

  constructor(snapshot: Snapshot, span: number) {
    this.name = `ringway_${SPANS[span]}_seconds`;
    this.help = HELP[span];
    this.#snapshot = snapshot;
    this.#span = span;
  }

  get(): { name: string; help: string; type: string; values: MetricSample[]; aggregator: string } {
    const { name, help, type } = this;
    const values: MetricSample[] = [];
    eachServer(this.#snapshot, (labels, _server, index, pool) => {
      if (pool.latencyCounts === null || pool.latencySums === null) return;
      for (let commandClass = 0; commandClass < CLASSES; commandClass++) {
        const series = index * CLASSES + commandClass;
        if (!isUsed(pool.latencySums, pool.latencyCounts, series)) continue;
        const all = { ...labels, class: COMMAND_CLASSES[commandClass] };
        this.#samples(all, pool.latencyCounts, pool.latencySums, series, values);
      }
    });
    return { name, help, type, values, aggregator: 'sum' };
  }

  #samples(
    labels: Labels,
    counts: Float64Array,
    sums: Float64Array,
    series: number,
    values: MetricSample[],
  ): void {
    const at = histogramAt(series, this.#span);
    const bucket = `${this.name}_bucket`;
    for (const bound of BOUNDS_MICROS) {
      const value = countBelow(counts, bound, at);
      values.push({ metricName: bucket, labels: { ...labels, le: bound / 1e6 }, value });
    }
    const total = histogramTotal(counts, at);
    const sum = sums[sumAt(series, this.#span)] / 1e6;
    values.push({ metricName: bucket, labels: { ...labels, le: '+Inf' }, value: total });
    values.push({ metricName: `${this.name}_sum`, labels, value: sum });
    values.push({ metricName: `${this.name}_count`, labels, value: total });
  }
}
