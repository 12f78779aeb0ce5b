import {
  CLUSTER_ASK_MS,
  CLUSTER_POLL_MS,
  CONTROL_QUESTIONS,
  FAILOVER_RETRY_MS,
  PROMOTION_POLL_MS,
  SENTINEL_POLL_MS,
  SENTINEL_TROUBLE_POLL_MS,
} from '../../../src/limits.ts';
import { type Door, type Herd, herdAt, within } from './herd.ts';
import {
  CLUSTER_MICROS,
  CLUSTER_NODE_BYTES,
  CONNECT_MICROS,
  QUESTIONS_BYTES,
  QUESTIONS_MICROS,
} from './measured.ts';

// The tables of docs/scaling.md: a coarse model of a fleet, run.

/** Proxies, processes of each, servers, clients. */
const FLEET = { proxies: 200, servers: 1_000, clients: 100_000 };
const WORKERS = [1, 4, 16];
/** tcp-backlog of Redis, if the system allows as much. */
const REDIS: Door = { costMicros: CONNECT_MICROS, backlog: 511 };
const QUESTIONS = 3;
/** A sentinel that has less than half of its time left is late with what it is there for. */
const BUSY = 0.5;

type Row = readonly (string | number)[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function connections(): string {
  const { proxies, servers, clients } = FLEET;
  const rows = WORKERS.flatMap((workers) =>
    [1, 3].map((lanes) => {
      const processes = proxies * workers;
      const each = servers * lanes;
      return [
        workers,
        lanes,
        number(processes * lanes),
        number(each + clients / processes),
        number(processes * each),
      ];
    }),
  );
  return table(['`--workers`', 'lanes', 'connections of a server', 'of a process', 'in all'], rows);
}

/** Share of a sentinel's time, for so many proxies and masters. */
function sentinelShare(proxies: number, masters: number): number {
  return (proxies * masters * QUESTIONS_MICROS) / (SENTINEL_POLL_MS * 1000);
}

function control(): string {
  const rows = [
    [20, 100],
    [200, 100],
    [200, 250],
    [200, 1_000],
  ].map(([proxies, masters]) => {
    const polls = (proxies * masters * 1000) / SENTINEL_POLL_MS;
    const share = sentinelShare(proxies, masters);
    return [
      proxies,
      number(masters),
      number(polls * QUESTIONS),
      `${((polls * QUESTIONS_BYTES) / 1e6).toFixed(1)} MB`,
      `${Math.round(share * 100)} %${share > BUSY ? ' (too much)' : ''}`,
    ];
  });
  const head = ['proxies', 'masters', 'questions a second', 'bytes a second', 'of its core'];
  return table(head, rows);
}

function most(): string {
  const product = (BUSY * SENTINEL_POLL_MS * 1000) / QUESTIONS_MICROS;
  return (
    `At most ${number(product)} = proxies × masters for each group of sentinels, and ` +
    `${number(CONTROL_QUESTIONS / QUESTIONS)} masters.\n`
  );
}

function failover(): string {
  const { proxies } = FLEET;
  const second = 1000;
  const rows = [
    [
      'questions to each sentinel, while requests wait',
      `${number((proxies * QUESTIONS * second) / SENTINEL_TROUBLE_POLL_MS)} a second`,
    ],
    [
      'ROLE to the replica, from the announcement to its promotion',
      `${number((proxies * second) / PROMOTION_POLL_MS)} a second`,
    ],
    ...WORKERS.map((workers) => [
      `tries of the dead master's address, ${workers} ${workers === 1 ? 'process' : 'processes'} a proxy`,
      `${number((proxies * workers * second) / FAILOVER_RETRY_MS)} a second`,
    ]),
  ];
  return table(['what', 'how much'], rows);
}

/** What proxies ask the nodes of a cluster about its slots: at rest, and while requests wait. */
function nodes(): string {
  const rows = [
    [20, 12],
    [200, 12],
    [200, 100],
    [200, 1_000],
  ].map(([proxies, count]) => {
    const each = (everyMs: number): readonly string[] => {
      const questions = (proxies * 1000) / everyMs;
      const share = (questions / count) * CLUSTER_MICROS;
      return [
        (questions / count).toFixed(2),
        `${((questions * count * CLUSTER_NODE_BYTES) / 1e6).toFixed(1)} MB`,
        `${(share / 1e4).toFixed(2)} %`,
      ];
    };
    return [proxies, number(count), ...each(CLUSTER_POLL_MS), ...each(CLUSTER_ASK_MS)];
  });
  const head = ['proxies', 'nodes'];
  const asked = ['questions a second to each', 'bytes a second of all', 'of its core'];
  return table([...head, ...asked, ...asked.map((each) => `${each}, at most`)], rows);
}

function herdRow(name: string, count: number, spreadMs: number): Row {
  const { halfMs, lastMs, longest, dropped }: Herd = herdAt(REDIS, within(count, spreadMs * 1000));
  return [name, number(count), spreadMs, longest, dropped, halfMs, lastMs];
}

function herds(): string {
  const { proxies } = FLEET;
  const rows = WORKERS.flatMap((workers) => {
    const count = proxies * workers;
    return [
      herdRow('all at the same moment', count, 0),
      herdRow('a promoted replica: noticed by a poll', count, PROMOTION_POLL_MS),
      herdRow('a server that is back: tried by each process', count, FAILOVER_RETRY_MS),
      herdRow('a fleet that starts within 10 s', count, 10_000),
    ];
  });
  return table(
    ['event', 'connections', 'spread, ms', 'longest queue', 'dropped', 'half in, ms', 'all in, ms'],
    rows,
  );
}

function restarts(): string {
  const { proxies, servers, clients } = FLEET;
  const rows = [
    ['a reload that changes no server', 0, 0, 0],
    ['`--upgrade` of one proxy', 0, number(servers), 1],
    ['`--upgrade` of all', 0, number(servers * proxies), proxies],
    ['one proxy is stopped and started', number(clients / proxies), number(servers), 1],
    ['all are, at once', number(clients), number(servers * proxies), proxies],
  ];
  const head = [
    'with one process a proxy',
    'clients that connect again',
    'connections made',
    'to each server',
  ];
  return table(head, rows);
}

const PARTS: Readonly<Record<string, () => string>> = {
  connections,
  control,
  most,
  failover,
  nodes,
  herds,
  restarts,
};

/** `page` with each table between its marks as the model gives it. */
export function withTables(page: string): string {
  let written = page;
  for (const [name, part] of Object.entries(PARTS)) {
    const begin = `<!-- model: ${name} -->\n`;
    const from = written.indexOf(begin);
    if (from < 0) throw new Error(`the page has no place for ${name}`);
    const end = written.indexOf('<!-- end -->', from);
    written = written.slice(0, from + begin.length) + part() + written.slice(end);
  }
  return written;
}
