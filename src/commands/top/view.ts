import type { ServerSort } from '../../stats/http/choice.ts';
import type { PoolStatus, ServerStatus, Status } from '../../stats/http/status.ts';
import { count, duration } from '../figures.ts';
import { type Colors, cut, paint } from './paint.ts';
import { detailLines, poolLines, poolTitle, replicaLines, serverLines } from './parts.ts';
import { slotLines } from './slots.ts';

/** What `ringway top` shows of a status, as lines: a pure function of its arguments. */

/** Columns that rows can be sorted by, the key that does it, and what a proxy calls that. */
export const SORTS = [
  { key: 'n', label: 'name', order: 'name' },
  { key: 'r', label: 'req/s', order: 'requests' },
  { key: 'e', label: 'errors', order: 'errors' },
  { key: 'l', label: 'p99', order: 'p99' },
  { key: 'i', label: 'in flight', order: 'inflight' },
] as const satisfies readonly { key: string; label: string; order: ServerSort }[];

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
  readonly colors: Colors;
}

export const TOP_START: ViewState = {
  sort: 'req/s',
  selected: '',
  zoomed: false,
  server: '',
  paused: false,
  help: false,
  notice: '',
  colors: 'all',
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

/** Where there is no end to the screen. */
const ENDLESS = Number.MAX_SAFE_INTEGER;
/** Lines of servers that are shown before what is known of the whole pool has room. */
const FEW_SERVERS = 6;

/**
 * @param rows of the screen; 0 = as many as there are
 * @param cpu per cent of one processor
 */
export function renderTop(
  status: Status,
  state: ViewState,
  columns: number,
  rows: number,
  cpu: number,
): string[] {
  const room = rows === 0 ? ENDLESS : Math.max(1, rows - 1);
  const lines = [...header(status, state, columns, cpu), ''];
  if (state.help) lines.push(...KEYS.map((line) => cut(`  ${line}`, columns)));
  else lines.push(...body(status, state, columns, room - lines.length));
  const shown = lines.slice(0, room);
  while (rows > 0 && shown.length < room) shown.push('');
  return [...shown, footer(state, columns)];
}

function body(status: Status, state: ViewState, columns: number, room: number): string[] {
  const pools = sortedPools(status, state.sort);
  const at = chosenPool(pools, state.selected);
  const pool = pools[at];
  if (pool === undefined) return [];
  if (state.zoomed) return onePool(pool, state, columns, room);
  // Heads, the blank line, the title and heads of the servers.
  const half = Math.max(1, Math.floor((room - 4) / 2));
  const few = room === ENDLESS ? ENDLESS : Math.max(half, room - 4 - FEW_SERVERS);
  const lines = [...poolLines(pools, at, state.colors, columns, few), ''];
  lines.push(...poolTitle(pool, state.colors, columns));
  lines.push(...serverLines(pool, -1, state.colors, columns, room - lines.length - 1));
  return [...lines, ...slotLines(pool, '', state.colors, columns)];
}

function onePool(pool: PoolStatus, state: ViewState, columns: number, room: number): string[] {
  const { colors } = state;
  const more = [
    ...slotLines(pool, state.server, colors, columns),
    ...replicaLines(pool, colors, columns),
    ...(pool.open ? ['', ...detailLines(pool, columns)] : []),
  ];
  const left = Math.max(FEW_SERVERS, Math.floor(room / 2), room - more.length - 2);
  const at = chosenServer(pool.servers, state.server);
  return [
    ...poolTitle(pool, colors, columns),
    ...serverLines(pool, at, colors, columns, left),
    ...more,
  ];
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
export function sortedPools(status: Status, sort: Sort): PoolStatus[] {
  const last = (values: readonly number[]): number => values[values.length - 1] ?? 0;
  const value = ({ history, forwardErrors, inFlight }: PoolStatus): number => {
    if (sort === 'name') return 0;
    if (sort === 'req/s') return last(history.requests);
    if (sort === 'errors') return last(history.errors) + forwardErrors / 1e9;
    return sort === 'p99' ? last(history.p99) : inFlight;
  };
  return [...status.pools].sort((a, b) => value(b) - value(a) || (a.name < b.name ? -1 : 1));
}

function header(status: Status, state: ViewState, columns: number, cpu: number): string[] {
  const up = duration((status.now - status.startedAt) / 1000);
  const memory = `${Math.round(status.residentBytes / 1048576)} MiB`;
  const text = status.state === 'ready' ? 'ready' : status.state.toUpperCase();
  const first = [
    `ringway ${status.version}`,
    state.paused ? 'paused' : text,
    `up ${up}`,
    `pid ${status.pid}`,
    `codec ${status.codec}`,
  ].join('   ');
  const requests = status.pools.reduce(
    (sum, { history }) => sum + (history.requests.at(-1) ?? 0),
    0,
  );
  const second = [
    `${count(requests)} req/s`,
    `cpu ${cpu.toFixed(0)} %`,
    `memory ${memory}`,
    `${status.connections} connections`,
    `${status.workers === 1 ? '1 worker' : `${status.workers} workers`}`,
  ];
  if (status.reloadErrors > 0) second.push(`last reload failed: ${status.lastReloadError}`);
  return [
    paint(cut(first, columns).padEnd(columns), 'title', state.colors),
    cut(second.join('   '), columns),
  ];
}

function footer(state: ViewState, columns: number): string {
  const text = (): string => {
    if (state.notice !== '') return state.notice;
    if (state.help) return 'any key goes back';
    const sorts = SORTS.map(({ key, label }) => (label === state.sort ? `${key}*` : key)).join(' ');
    const zoom = state.zoomed ? 'Esc all pools  E D U server' : '↑↓ choose  Enter pool';
    return `q quit  ${zoom}  ${sorts} sort by ${state.sort}  p pause  ? keys`;
  };
  return paint(cut(` ${text()} `, columns), 'title', state.colors);
}
