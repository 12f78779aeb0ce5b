import type { Machine } from '../machine.ts';
import type { ProbeResult } from './open-loop.ts';

/** One run of redis-benchmark, as fast as it goes. */
export interface LoadRun {
  /** What it belongs to: the comparison of the proxies, or a scenario of its own. */
  readonly scenario: string;
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

/** One run of the probe, at a load that all targets carry. */
export interface HalfLoadRun extends ProbeResult {
  readonly workload: string;
  readonly target: string;
  readonly round: number;
  readonly offeredPerSecond: number;
  readonly cpuUs: number;
}

export interface IdleRun {
  readonly target: string;
  readonly round: number;
  readonly clients: number;
  readonly rssBeforeKib: number;
  readonly rssAfterKib: number;
}

export interface StartRun {
  readonly target: string;
  readonly round: number;
  readonly firstReplyMs: number;
}

/** Every single run; the tables show their medians. */
export interface Results {
  readonly load: LoadRun[];
  readonly halfLoad: HalfLoadRun[];
  readonly idle: IdleRun[];
  readonly start: StartRun[];
}

/** What --json writes. */
export interface MacroReport extends Results {
  readonly machine: Machine;
  readonly programs: Readonly<Record<string, string>>;
  readonly measuredAt: string;
}

/** The text of a file: a line per run, so that differences between two can be read. */
export function reportText(report: MacroReport): string {
  const { load, halfLoad, idle, start, ...about } = report;
  const lists = Object.entries({ load, halfLoad, idle, start }).map(([name, runs]) => {
    const lines = runs.map((run) => `  ${JSON.stringify(run, rounded)}`);
    return ` "${name}": [\n${lines.join(',\n')}\n ]`;
  });
  const head = JSON.stringify(about, null, 1).replace(/\n\}$/, '');
  return `${head},\n${lists.join(',\n')}\n}\n`;
}

/** Four digits are more than any of the figures is worth. */
function rounded(_key: string, value: unknown): unknown {
  const broken = typeof value === 'number' && !Number.isInteger(value);
  return broken ? Number(value.toPrecision(4)) : value;
}

/** In the order of rounds, so that the runs of two targets pair up. */
export function runsOf<Run extends { target: string; round: number }>(
  runs: readonly Run[],
  target: string,
): Run[] {
  return runs.filter((run) => run.target === target).sort((a, b) => a.round - b.round);
}

/** Two targets' runs of the same rounds: a run that failed leaves the other without its partner. */
export function pairsOf<Run extends { round: number }>(
  runs: readonly Run[],
  others: readonly Run[],
): [Run, Run][] {
  return runs.flatMap((run): [Run, Run][] => {
    const other = others.find(({ round }) => round === run.round);
    return other === undefined ? [] : [[run, other]];
  });
}

/** In the order in which they were first seen. */
export function targetsOf(runs: readonly { target: string }[]): string[] {
  return [...new Set(runs.map(({ target }) => target))];
}
