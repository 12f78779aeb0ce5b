import type { PoolStatus, ServerStatus } from '../../stats/http/status.ts';
import { count, micros } from '../figures.ts';
import { type Colors, cut, paint, partOf, type Row, restLine, spark, tableLines } from './paint.ts';
import { slotCounts } from './slots.ts';

const FIGURES = ['p50', 'p99', 'in flight', 'queued'];
const POOL_HEADS = ['POOL', 'req/s', 'errors/s', ...FIGURES, 'clients', 'refused', 'ejected'];
const SERVER_HEADS = ['SERVER', 'req/s', 'errors/s', ...FIGURES];
const SPARK_MAX = 60;
const SLOW_SHOWN = 8;

/** A line for each pool, as far as they fit. @param chosen position of the chosen one */
export function poolLines(
  pools: readonly PoolStatus[],
  chosen: number,
  colors: Colors,
  columns: number,
  room: number,
): string[] {
  const part = partOf(pools, chosen, room);
  const rows = part.items.map((pool) => poolRow(pool, pool === pools[chosen]));
  return [
    ...tableLines([...POOL_HEADS, 'down'], rows, colors, columns),
    ...restLine(part, 'more pools', colors, columns),
  ];
}

function poolRow(pool: PoolStatus, isChosen: boolean): Row {
  const { history, summary } = pool;
  const { servers, ejected, unreachable } = summary;
  const errors = last(history.errors);
  const isBad = ejected + unreachable > 0 || errors > 0;
  return {
    mark: isChosen ? 'selected' : isBad ? 'bad' : 'none',
    cells: [
      pool.name,
      count(last(history.requests)),
      count(errors),
      micros(last(history.p50)),
      micros(last(history.p99)),
      count(pool.inFlight),
      count(pool.queued),
      count(pool.clients),
      pool.clientsRefused === 0 ? '-' : count(pool.clientsRefused),
      ejected === 0 ? '-' : `${ejected}/${servers}`,
      unreachable === 0 ? '-' : `${unreachable}/${servers}`,
    ],
  };
}

/** What a pool is, and its requests of the last seconds. */
export function poolTitle(pool: PoolStatus, colors: Colors, columns: number): string[] {
  const { name, protocol, listen, hash, distribution } = pool;
  const text = cut(`${name}  ${protocol}  ${listen}  ${hash} ${distribution}  `, columns);
  const width = Math.max(0, columns - [...text].length - 2);
  const bars = pool.open ? spark(pool.history.requests, Math.min(SPARK_MAX, width)) : '';
  return [paint(text, 'strong', colors) + bars];
}

/** The servers that are known, as far as they fit. @param chosen position; -1 = none */
export function serverLines(
  pool: PoolStatus,
  chosen: number,
  colors: Colors,
  columns: number,
  room: number,
): string[] {
  const { servers, serversBefore: before, summary } = pool;
  const part = partOf(servers, Math.max(0, chosen), room, { all: summary.servers, before });
  const counts = slotCounts(pool);
  const shareOf = ({ index, ringShare }: ServerStatus): string =>
    pool.slots === null ? `${(ringShare * 100).toFixed(1)} %` : String(counts.get(index) ?? 0);
  const rows = part.items.map((server) => {
    return serverRow(server, shareOf(server), server === servers[chosen]);
  });
  const share = pool.slots === null ? 'ring' : 'slots';
  return [
    ...tableLines([...SERVER_HEADS, share, 'reach', 'breaker', 'state'], rows, colors, columns),
    ...restLine(part, 'more servers', colors, columns),
  ];
}

/** @param share of the ring, or of the slots */
function serverRow(server: ServerStatus, share: string, isChosen: boolean): Row {
  const isGood = server.live && server.reachable && !server.breakerOpen;
  return {
    mark: isChosen ? 'selected' : isGood ? 'none' : 'bad',
    cells: [
      server.name,
      count(server.rate),
      count(server.errorRate),
      micros(server.p50),
      micros(server.p99),
      count(server.inFlight),
      count(server.queued),
      share,
      server.reachable ? 'yes' : 'DOWN',
      server.breakerOpen ? 'open' : '-',
      stateOf(server),
    ],
  };
}

function stateOf({ live, order, holding, moves }: ServerStatus): string {
  if (order === 'drain') return 'DRAINED (order)';
  if (order === 'eject') return 'EJECTED (order)';
  if (!live) return 'EJECTED';
  if (holding) return 'WAITED FOR';
  return moves > 0 ? `live, moved ${moves}x` : 'live';
}

/** Roles and lags, by their own word. */
export function replicaLines(pool: PoolStatus, colors: Colors, columns: number): string[] {
  const rows = pool.servers.flatMap(({ name, replicas }) =>
    replicas.map(
      ({ address, role, lag, read }): Row => ({
        mark: role === 'unknown' ? 'bad' : 'none',
        cells: [name, address, role, lag === null ? '-' : count(lag), read ? 'yes' : '-'],
      }),
    ),
  );
  if (rows.length === 0) return [];
  return ['', ...tableLines(['SHARD', 'address', 'role', 'lag', 'read'], rows, colors, columns)];
}

/** Latencies since the start, and slow requests. */
export function detailLines(pool: PoolStatus, columns: number): string[] {
  const text = ['since the start        p50       p99     p99.9'];
  const row = (name: string, [p50, p99, p999]: readonly [number, number, number]): string =>
    `  ${name.padEnd(16)}${[p50, p99, p999].map((n) => micros(n).padStart(9)).join(' ')}`;
  for (const [span, values] of Object.entries(pool.latency)) text.push(row(span, values));
  for (const [name, { count: n, latency }] of Object.entries(pool.classes)) {
    text.push(`${row(name, latency)}   ${count(n)} requests`);
  }
  if (pool.slow.length > 0) text.push('', 'slow requests');
  for (const slow of pool.slow.slice(0, SLOW_SHOWN)) {
    const at = new Date(slow.at * 1000).toTimeString().slice(0, 8);
    const server = `${slow.server} ${micros(slow.serverMicros)}`;
    text.push(`  ${at}  ${slow.command.padEnd(12)} ${micros(slow.totalMicros)} (${server})`);
  }
  return text.map((line) => cut(line, columns));
}

function last(values: readonly number[]): number {
  return values[values.length - 1] ?? 0;
}
