import type { Machine } from '../machine.ts';
import { ratioSpread, type Spread, spread } from '../statistics.ts';
import { short, table } from '../table.ts';

/** One run of one workload against one target. */
export interface Run {
  readonly workload: string;
  readonly target: string;
  readonly round: number;
  readonly requests: number;
  /** Of the proxy process: user and system time per request. */
  readonly cpuUs: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssKib: number;
}

export interface MacroReport {
  readonly machine: Machine;
  readonly programs: Readonly<Record<string, string>>;
  readonly runs: readonly Run[];
}

const HEAD = [
  'target',
  'CPU µs/req',
  'low – high',
  'ratio',
  'low – high',
  'req/s',
  'ratio',
  'p50 ms',
  'p99 ms',
  'RSS MiB',
];

/** One table per workload; ratios are to `reference`, round by round. */
export function macroTables(
  runs: readonly Run[],
  titles: ReadonlyMap<string, string>,
  reference: string,
): string {
  const texts: string[] = [];
  for (const [workload, title] of titles) {
    const own = runs.filter((run) => run.workload === workload);
    const targets = [...new Set(own.map(({ target }) => target))];
    const rows = targets.map((target) => row(own, target, reference));
    texts.push(`${title}  (ratios to ${reference})\n${table(HEAD, rows)}`);
  }
  return texts.join('\n\n');
}

function row(runs: readonly Run[], target: string, reference: string): string[] {
  const own = ofTarget(runs, target);
  const other = ofTarget(runs, reference);
  const middle = (pick: (run: Run) => number): string => short(spread(own.map(pick)).median);
  const ratio = (pick: (run: Run) => number): Spread | null =>
    target === reference || other.length === 0 ? null : ratioSpread(own.map(pick), other.map(pick));
  const cpu = spread(own.map(({ cpuUs }) => cpuUs));
  const cpuRatio = ratio(({ cpuUs }) => cpuUs);
  const rate = ratio(({ requestsPerSecond }) => requestsPerSecond);
  return [
    target,
    short(cpu.median),
    `${short(cpu.low)} – ${short(cpu.high)}`,
    cpuRatio === null ? '' : cpuRatio.median.toFixed(2),
    cpuRatio === null ? '' : `${cpuRatio.low.toFixed(2)} – ${cpuRatio.high.toFixed(2)}`,
    middle(({ requestsPerSecond }) => requestsPerSecond),
    rate === null ? '' : rate.median.toFixed(2),
    middle(({ p50Ms }) => p50Ms),
    middle(({ p99Ms }) => p99Ms),
    middle(({ rssKib }) => rssKib / 1024),
  ];
}

/** In the order of rounds, so that the runs of two targets pair up. */
function ofTarget(runs: readonly Run[], target: string): Run[] {
  return runs.filter((run) => run.target === target).sort((a, b) => a.round - b.round);
}
