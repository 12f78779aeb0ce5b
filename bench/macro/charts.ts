import { type Bar, type BarChart, barChart } from '../chart.ts';
import { spread } from '../statistics.ts';
import { type HalfLoadRun, type LoadRun, pairsOf, runsOf, targetsOf } from './results.ts';

export interface ChartNames {
  /** Titles by name of the workload, in order. */
  readonly titles: ReadonlyMap<string, string>;
  /** What the CPU time is compared with. */
  readonly reference: string;
  /** What throughput and latency are compared with. */
  readonly direct: string;
}

const SPREAD = 'Median of the rounds; the whiskers are the lowest and the highest round.';

/** File names and their content. */
export function charts(
  load: readonly LoadRun[],
  halfLoad: readonly HalfLoadRun[],
  { titles, reference, direct }: ChartNames,
): Map<string, string> {
  const files = new Map<string, string>();
  const add = (file: string, chart: BarChart): void => {
    if (chart.groups.length > 0 && chart.series.length > 0) files.set(file, barChart(chart));
  };
  add('cpu.svg', {
    title: 'CPU time per request at full load',
    description: `User and system time of the proxy. ${SPREAD}`,
    unit: `times ${reference}; less is better`,
    reference: { value: 1, label: reference },
    ...ratioBars(load, titles, reference, [reference, direct], ({ cpuUs }) => cpuUs),
  });
  add('throughput.svg', {
    title: 'Requests per second at full load',
    description: `Client, proxy and servers on one machine. ${SPREAD}`,
    unit: `times ${direct}; more is better`,
    reference: { value: 1, label: direct },
    ...ratioBars(load, titles, direct, [direct], (run) => run.requestsPerSecond),
  });
  add('latency.svg', {
    title: 'p99 latency at half load',
    description: `The same requests at the same times for all, timed from when they were due. ${SPREAD}`,
    unit: `times ${direct}; less is better`,
    reference: { value: 1, label: direct },
    ...ratioBars(halfLoad, titles, direct, [direct], ({ p99Ms }) => p99Ms ?? Number.NaN),
  });
  return files;
}

/** One group per workload, one series per target that is not left out. */
function ratioBars<Run extends { workload: string; target: string; round: number }>(
  runs: readonly Run[],
  titles: ReadonlyMap<string, string>,
  reference: string,
  leftOut: readonly string[],
  pick: (run: Run) => number,
): Pick<BarChart, 'series' | 'groups'> {
  const series = targetsOf(runs).filter((target) => !leftOut.includes(target));
  const groups = [...titles].flatMap(([workload, name]) => {
    const own = runs.filter((run) => run.workload === workload);
    if (own.length === 0) return [];
    const base = runsOf(own, reference);
    const bars = series.map((target) => bar(pairsOf(runsOf(own, target), base), pick));
    return [{ name, bars }];
  });
  return { series, groups };
}

/** null when there is no such ratio: too few requests for a quantile, or nothing to compare with. */
function bar<Run>(pairs: readonly [Run, Run][], pick: (run: Run) => number): Bar | null {
  if (pairs.length === 0) return null;
  const { median, low, high } = spread(pairs.map(([run, other]) => pick(run) / pick(other)));
  return Number.isFinite(median) && Number.isFinite(high) ? { value: median, low, high } : null;
}
