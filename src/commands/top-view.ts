import type { PoolStatus, ServerStatus, Status } from '../stats/http/status.ts';
import { pad } from './text-table.ts';

/** What `ringway top` shows of a status, as lines: a pure function of its arguments. */

/** Columns that rows can be sorted by, with the key that does it. */
export const SORTS = [
  { key: 'n', label: 'name' },
  { key: 'r', label: 'req/s' },
  { key: 'e', label: 'errors' },
  { key: 'l', label: 'p99' },
  { key: 'i', label: 'in flight' },
] as const;

export type Sort = (typeof SORTS)[number]['label'];

/** What the person at the terminal has chosen to see. */
export interface ViewState {
  readonly sort: Sort;
  /** Name of the pool that is chosen; the first when there is none of that name. */
  readonly selected: string;
  /** The chosen pool fills the screen. */
  readonly zoomed: boolean;
  /** Name of the server that is chosen in it; the first when there is none of that name. */
  readonly server: string;
  readonly paused: boolean;
  /** All keys are shown. */
  readonly help: boolean;
  /** A question, or what became of an order; empty = the usual keys. */
  readonly notice: string;
  readonly color: boolean;
}

export const TOP_START: ViewState = {
  sort: 'req/s',
  selected: '',
  zoomed: false,
  server: '',
  paused: false,
  help: false,
  notice: '',
  color: true,
};

const KEYS = [
  '↑ ↓ or j k       choose a pool; in one that is shown alone, a server',
  'Enter or →       show the chosen pool alone',
  'Esc or ←         all pools again',
  'n r e l i        sort by name, requests, errors, latency (p99), in flight',
  'p                pause, and go on',
  'E                eject the chosen server: out of the ring until U',
  'D                drain it: the same, and its connections close when all is answered',
  'U                take that back, and an automatic ejection',
  'q                quit',
  '',
  'E, D and U ask before they do anything, and need --admin-socket.',
];

interface Row {
  readonly cells: readonly string[];
  readonly mark: 'none' | 'bad' | 'selected';
}

const HEADS = ['p50', 'p99', 'in flight', 'queued'];
const BARS = ' ▁▂▃▄▅▆▇█';
const NAME_MAX = 28;

/** @param rows of the screen; 0 = as many as there are */
export function renderTop(
  status: Status,
  state: ViewState,
  columns: number,
  rows: number,
  rates: Rates,
): string[] {
  const pools = sortedPools(status, state.sort, rates);
  const pool = pools[chosenPool(pools, state.selected)];
  const lines = [...header(status, state, columns, rates), ''];
  if (state.help) {
    lines.push(...KEYS.map((line) => `  ${line}`));
  } else if (!state.zoomed) {
    lines.push(...poolTable(pools, pool, state, columns, rates), '');
  }
  if (pool !== undefined && !state.help) {
    lines.push(...poolTitle(pool, state, columns));
    lines.push(...serverTable(pool, state, columns, rates));
    if (state.zoomed) {
      lines.push(...replicaTable(pool, state, columns), '', ...details(pool, columns));
    }
  }
  const last = footer(state);
  const room = rows === 0 ? lines.length : Math.max(1, rows - 1);
  const body = lines.slice(0, room);
  while (body.length < room) body.push('');
  return [...body, last].map((line) => cut(line, columns));
}

/** What changed per second between two looks. */
export class Rates {
  #cpu = 0;
  #at = 0;
  #errors: Map<string, number> = new Map();
  #perSecond: Map<string, number> = new Map();
  cpu = 0;

  take(status: Status): void {
    const seconds = (status.now - this.#at) / 1000;
    const first = this.#at === 0 || seconds <= 0;
    this.cpu = first ? 0 : ((status.cpuSeconds - this.#cpu) / seconds) * 100;
    const errors = new Map<string, number>();
    const perSecond = new Map<string, number>();
    const note = (name: string, count: number): void => {
      errors.set(name, count);
      const before = this.#errors.get(name) ?? count;
      perSecond.set(name, first ? 0 : (count - before) / seconds);
    };
    for (const pool of status.pools) {
      note(pool.name, pool.forwardErrors);
      for (const server of pool.servers) note(`${pool.name} ${server.name}`, failures(server));
    }
    this.#at = status.now;
    this.#cpu = status.cpuSeconds;
    this.#errors = errors;
    this.#perSecond = perSecond;
  }

  errors(pool: string, server?: string): number {
    return this.#perSecond.get(server === undefined ? pool : `${pool} ${server}`) ?? 0;
  }
}

function stateOf({ live, order, holding, moves }: ServerStatus): string {
  // A ringway of another version may say nothing of orders.
  if (order === 'drain') return 'DRAINED (order)';
  if (order === 'eject') return 'EJECTED (order)';
  if (!live) return 'EJECTED';
  if (holding) return 'WAITED FOR';
  return moves > 0 ? `live, moved ${moves}x` : 'live';
}

function failures({ errors, timeouts, closed }: ServerStatus): number {
  return errors + timeouts + closed;
}

/** Position of the chosen server. */
export function chosenServer(servers: readonly ServerStatus[], name: string): number {
  return Math.max(
    0,
    servers.findIndex((server) => server.name === name),
  );
}

/** Position of the chosen pool. */
export function chosenPool(pools: readonly PoolStatus[], name: string): number {
  return Math.max(
    0,
    pools.findIndex((pool) => pool.name === name),
  );
}

/** The pools, the busiest by `sort` first. */
export function sortedPools(status: Status, sort: Sort, rates: Rates): PoolStatus[] {
  const value = (pool: PoolStatus): number => {
    if (sort === 'req/s') return last(pool.history.requests);
    if (sort === 'errors') return rates.errors(pool.name) + pool.forwardErrors / 1e9;
    return sort === 'p99' ? last(pool.history.p99) : pool.inFlight;
  };
  return sorted([...status.pools], sort, value);
}

/** The servers of a pool, the busiest by `sort` first. */
export function sortedServers(pool: PoolStatus, sort: Sort, rates: Rates): ServerStatus[] {
  const value = (server: ServerStatus): number => {
    if (sort === 'req/s') return server.rate;
    if (sort === 'errors') return rates.errors(pool.name, server.name) + failures(server) / 1e9;
    return sort === 'p99' ? server.p99 : server.inFlight;
  };
  return sorted([...pool.servers], sort, value);
}

function sorted<T extends { name: string }>(items: T[], sort: Sort, value: (item: T) => number) {
  const byName = (a: T, b: T): number => (a.name < b.name ? -1 : 1);
  return items.sort((a, b) => (sort === 'name' ? 0 : value(b) - value(a)) || byName(a, b));
}

function header(status: Status, state: ViewState, columns: number, rates: Rates): string[] {
  const up = duration((status.now - status.startedAt) / 1000);
  const memory = `${Math.round(status.residentBytes / 1048576)} MiB`;
  const text = status.state === 'ready' ? 'ready' : status.state.toUpperCase();
  const first = [
    `ringway ${status.version}`,
    state.paused ? 'paused' : text,
    `up ${up}`,
    `pid ${status.pid}`,
    `codec ${status.codec}`,
  ];
  const requests = status.pools.reduce((sum, pool) => sum + last(pool.history.requests), 0);
  const second = [
    `${count(requests)} req/s`,
    `cpu ${rates.cpu.toFixed(0)} %`,
    `memory ${memory}`,
    `${status.connections} connections`,
    `${status.workers === 1 ? '1 worker' : `${status.workers} workers`}`,
  ];
  if (status.reloadErrors > 0) second.push(`last reload failed: ${status.lastReloadError}`);
  return [
    paint(pad(first.join('   '), columns, false), 'title', state),
    cut(second.join('   '), columns),
  ];
}

function poolTable(
  pools: readonly PoolStatus[],
  chosen: PoolStatus | undefined,
  state: ViewState,
  columns: number,
  rates: Rates,
): string[] {
  const rows = pools.map((pool): Row => {
    const ejected = pool.servers.filter((server) => !server.live).length;
    const down = pool.servers.filter((server) => !server.reachable).length;
    const errors = rates.errors(pool.name);
    return {
      mark: pool === chosen ? 'selected' : ejected + down > 0 || errors > 0 ? 'bad' : 'none',
      cells: [
        pool.name,
        count(last(pool.history.requests)),
        count(errors),
        micros(last(pool.history.p50)),
        micros(last(pool.history.p99)),
        count(pool.inFlight),
        count(pool.queued),
        count(pool.clients),
        pool.clientsRefused === 0 ? '-' : count(pool.clientsRefused),
        ejected === 0 ? '-' : `${ejected}/${pool.servers.length}`,
        down === 0 ? '-' : `${down}/${pool.servers.length}`,
      ],
    };
  });
  return lines(
    ['POOL', 'req/s', 'errors/s', ...HEADS, 'clients', 'refused', 'ejected', 'down'],
    rows,
    state,
    columns,
  );
}

function poolTitle(pool: PoolStatus, state: ViewState, columns: number): string[] {
  const text = `${pool.name}  ${pool.protocol}  ${pool.listen}  ${pool.hash} ${pool.distribution}`;
  const width = Math.max(0, columns - text.length - 4);
  return [paint(`${text}  `, 'strong', state) + spark(pool.history.requests, Math.min(60, width))];
}

function serverTable(pool: PoolStatus, state: ViewState, columns: number, rates: Rates): string[] {
  const servers = sortedServers(pool, state.sort, rates);
  const chosen = state.zoomed ? chosenServer(servers, state.server) : -1;
  const rows = servers.map((server, i): Row => {
    const good = server.live && server.reachable && !server.breakerOpen;
    return {
      mark: i === chosen ? 'selected' : good ? 'none' : 'bad',
      cells: [
        server.name,
        count(server.rate),
        count(rates.errors(pool.name, server.name)),
        micros(server.p50),
        micros(server.p99),
        count(server.inFlight),
        count(server.queued),
        `${(server.ringShare * 100).toFixed(1)} %`,
        server.reachable ? 'yes' : 'DOWN',
        server.breakerOpen ? 'open' : '-',
        stateOf(server),
      ],
    };
  });
  const heads = ['SERVER', 'req/s', 'errors/s', ...HEADS, 'ring', 'reach', 'breaker', 'state'];
  return lines(heads, rows, state, columns);
}

/** Roles and lags, by their own word. */
function replicaTable(pool: PoolStatus, state: ViewState, columns: number): string[] {
  const rows = pool.servers.flatMap(({ name, replicas }) =>
    replicas.map(
      ({ address, role, lag, read }): Row => ({
        mark: role === 'unknown' ? 'bad' : 'none',
        cells: [name, address, role, lag === null ? '-' : count(lag), read ? 'yes' : '-'],
      }),
    ),
  );
  if (rows.length === 0) return [];
  return ['', ...lines(['SHARD', 'address', 'role', 'lag', 'read'], rows, state, columns)];
}

function details(pool: PoolStatus, columns: number): string[] {
  const text = ['since the start        p50       p99     p99.9'];
  const row = (name: string, [p50, p99, p999]: readonly [number, number, number]): string =>
    `  ${name.padEnd(16)}${[p50, p99, p999].map((n) => micros(n).padStart(9)).join(' ')}`;
  for (const [span, values] of Object.entries(pool.latency)) text.push(row(span, values));
  for (const [name, { count: n, latency }] of Object.entries(pool.classes)) {
    text.push(`${row(name, latency)}   ${count(n)} requests`);
  }
  if (pool.slow.length > 0) text.push('', 'slow requests');
  for (const slow of pool.slow.slice(0, 8)) {
    const at = new Date(slow.at * 1000).toTimeString().slice(0, 8);
    const server = `${slow.server} ${micros(slow.serverMicros)}`;
    text.push(`  ${at}  ${slow.command.padEnd(12)} ${micros(slow.totalMicros)} (${server})`);
  }
  return text.map((line) => cut(line, columns));
}

function footer(state: ViewState): string {
  if (state.notice !== '') return paint(` ${state.notice} `, 'title', state);
  if (state.help) return paint(' any key goes back ', 'title', state);
  const sorts = SORTS.map(({ key, label }) => (label === state.sort ? `${key}*` : key)).join(' ');
  const zoom = state.zoomed ? 'Esc all pools  E D U server' : '↑↓ choose  Enter pool';
  return paint(
    ` q quit  ${zoom}  ${sorts} sort by ${state.sort}  p pause  ? keys `,
    'title',
    state,
  );
}

function lines(
  head: readonly string[],
  rows: readonly Row[],
  state: ViewState,
  columns: number,
): string[] {
  const widths = head.map((text, column) =>
    Math.max(text.length, ...rows.map(({ cells }) => [...cells[column]].length)),
  );
  widths[0] = Math.min(widths[0], NAME_MAX);
  const join = (cells: readonly string[]): string =>
    cut(cells.map((text, column) => pad(text, widths[column], column > 0)).join('  '), columns);
  return [
    paint(join(head), 'dim', state),
    ...rows.map(({ cells, mark }) => paint(join(cells), mark, state)),
  ];
}

function cut(line: string, columns: number): string {
  // Only lines without colours are ever longer than the screen.
  return line.includes('\x1b') || line.length <= columns ? line : line.slice(0, columns);
}

const PAINTS: Readonly<Record<string, string>> = {
  title: '\x1b[7m',
  strong: '\x1b[1m',
  dim: '\x1b[2m',
  bad: '\x1b[31m',
  selected: '\x1b[1;36m',
};

function paint(text: string, how: string, { color }: ViewState): string {
  const code = PAINTS[how];
  return color && code !== undefined ? `${code}${text}\x1b[0m` : text;
}

function last(values: readonly number[]): number {
  return values[values.length - 1] ?? 0;
}

/** A number that fits into a column: 999, 12.3k, 4.5M. */
export function count(n: number): string {
  if (n < 1000) return n > 0 && n < 10 && n % 1 !== 0 ? n.toFixed(1) : String(Math.round(n));
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)}k`;
  return `${(n / 1e6).toFixed(n < 1e8 ? 1 : 0)}M`;
}

/** Microseconds as people read them. */
export function micros(n: number): string {
  if (n === 0) return '-';
  if (n < 1000) return `${Math.round(n)} µs`;
  if (n < 1e6) return `${(n / 1000).toFixed(n < 1e4 ? 2 : 1)} ms`;
  return `${(n / 1e6).toFixed(2)} s`;
}

function duration(seconds: number): string {
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const hours = Math.floor(s / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The latest values as a row of bars. */
function spark(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(1, ...shown);
  return shown.map((value) => BARS[Math.ceil((value / most) * (BARS.length - 1))]).join('');
}
