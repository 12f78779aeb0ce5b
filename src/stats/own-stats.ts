import { CLIENTS_REFUSED, INTERNAL_ERRORS } from './counters.ts';
import { quantiles } from './histogram.ts';
import { SPAN_TOTAL } from './latency.ts';
import { mergeSpan, seriesOf } from './latency-view.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * What nutcracker's stats do not have. On the stats port, where it is sent only if asked for, it
 * can be taken for a pool: so it has the six fields of one, as zeros, and whole numbers only.
 */
export function ownStats(snapshot: Snapshot): Record<string, number> {
  const { runtime, own } = snapshot;
  const refused = snapshot.pools.reduce((sum, { counters }) => sum + counters[CLIENTS_REFUSED], 0);
  const stats: Record<string, number> = {
    client_eof: 0,
    client_err: 0,
    client_connections: 0,
    server_ejects: 0,
    forward_error: 0,
    fragments: 0,
    workers: runtime.workers,
    cpu_user_us: Math.round(runtime.userSeconds * 1e6),
    cpu_system_us: Math.round(runtime.systemSeconds * 1e6),
    resident_bytes: runtime.residentBytes,
    clients_refused: refused,
    reloads: own.reloads,
    reload_errors: own.reloadErrors,
    internal_errors: snapshot.process[INTERNAL_ERRORS] + own.internalErrors,
  };
  for (const pool of snapshot.pools) {
    if (pool.latencyCounts === null) continue;
    const merged = mergeSpan(pool.latencyCounts, seriesOf(0, pool.servers.length - 1), SPAN_TOTAL);
    const [p50, p99] = quantiles(merged, [0.5, 0.99]);
    stats[`${pool.name}_latency_p50_us`] = Math.round(p50);
    stats[`${pool.name}_latency_p99_us`] = Math.round(p99);
  }
  return stats;
}
