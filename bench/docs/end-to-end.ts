import { readFileSync } from 'node:fs';
import { DIRECT } from '../macro/bed.ts';
import { charts } from '../macro/charts.ts';
import { MEMCACHED_LOADS } from '../macro/memcached-load.ts';
import { SCENARIOS } from '../macro/options.ts';
import {
  type LoadRun,
  type MacroReport,
  pairsOf,
  runsOf,
  type StartRun,
  targetsOf,
} from '../macro/results.ts';
import { baseOf } from '../macro/scenarios.ts';
import { NUTCRACKER } from '../macro/subjects.ts';
import { WORKLOADS } from '../macro/workloads.ts';
import { median, type Spread, spread } from '../statistics.ts';
import { short } from '../table.ts';
import { markdown } from './markdown.ts';

const RESULTS = 'bench/results/e2e.json';
const RINGWAY = 'ringway auto';
/** Runs of one comparison; scenarios have names of their own. */
const COMPARISON = 'comparison';

/** What ringway is meant to cost beside nutcracker, by workload. */
const WANTED: Readonly<Record<string, number>> = {
  'depth1-get': 0.88,
  'depth1-set': 0.88,
  'depth16-get': 0.32,
  'depth16-set': 0.32,
  'depth64-get': 0.11,
  'depth64-set': 0.11,
  'mget-100': 0.5,
  'get-16k': 0.75,
  'get-512k': 1,
};

export function readEndToEnd(): MacroReport {
  return JSON.parse(readFileSync(RESULTS, 'utf8')) as MacroReport;
}

/** CPU of ringway per request in µs, by workload. */
export function requestCosts({ load }: MacroReport): Map<string, number> {
  const costs = new Map<string, number>();
  for (const { name } of WORKLOADS) {
    const own = runsOf(ofWorkload(load, name), RINGWAY);
    if (own.length > 0) costs.set(name, median(own.map(({ cpuUs }) => cpuUs)));
  }
  return costs;
}

/** ringway beside nutcracker, workload by workload. */
export function comparisonTable({ load }: MacroReport): string {
  const head = ['work', 'wanted', 'CPU, times nutcracker', 'CPU µs', 'nutcracker'];
  head.push(`req/s, times ${DIRECT}`, 'nutcracker');
  const rows = WORKLOADS.flatMap(({ name, title }) => {
    const runs = ofWorkload(load, name);
    const [own, other] = [RINGWAY, NUTCRACKER].map((target) => runsOf(runs, target));
    if (own.length === 0 || other.length === 0) return [];
    const cpu = spread(pairsOf(own, other).map(([run, beside]) => run.cpuUs / beside.cpuUs));
    const wanted = WANTED[name];
    return [
      [
        title,
        wanted === undefined ? '' : `${wanted.toFixed(2)}${cpu.median > wanted ? ' (missed)' : ''}`,
        spreadText(cpu),
        short(median(own.map(({ cpuUs }) => cpuUs))),
        short(median(other.map(({ cpuUs }) => cpuUs))),
        ...[own, other].map((list) => throughput(list, runsOf(runs, DIRECT))),
      ],
    ];
  });
  return markdown(head, rows);
}

/** What costs more than was wanted, in the words of a list. */
export function missed({ load }: MacroReport): string {
  const lines = WORKLOADS.flatMap(({ name, title }) => {
    const runs = ofWorkload(load, name);
    const pairs = pairsOf(runsOf(runs, RINGWAY), runsOf(runs, NUTCRACKER));
    const wanted = WANTED[name];
    if (wanted === undefined || pairs.length === 0) return [];
    const cpu = spread(pairs.map(([run, beside]) => run.cpuUs / beside.cpuUs));
    const said = `${spreadText(cpu)} times nutcracker's CPU, ${wanted.toFixed(2)} wanted`;
    return cpu.median > wanted ? [`- ${title}: ${said}.`] : [];
  });
  return lines.length === 0 ? 'Nothing.' : lines.join('\n');
}

/** A workload's CPU in words. */
export function cpuFigure({ load }: MacroReport, workload: string): string {
  const runs = ofWorkload(load, workload);
  const pairs = pairsOf(runsOf(runs, RINGWAY), runsOf(runs, NUTCRACKER));
  const ratio = median(pairs.map(([run, beside]) => run.cpuUs / beside.cpuUs));
  return `${short(ratio)} of the CPU that nutcracker takes`;
}

/** Latencies at half load, in ms: ringway, nutcracker, a server without a proxy. */
export function halfLoadTable({ halfLoad }: MacroReport): string {
  const targets = [RINGWAY, NUTCRACKER, DIRECT];
  const rows = WORKLOADS.flatMap(({ name, title }) => {
    const runs = halfLoad.filter((run) => run.workload === name);
    if (runs.length === 0) return [];
    const text = (pick: (run: (typeof runs)[number]) => number | null): string =>
      targets.map((target) => known(runsOf(runs, target).map(pick))).join(' / ');
    const rate = median(runs.map(({ offeredPerSecond }) => offeredPerSecond));
    const late = ({ lateP99Ms }: (typeof runs)[number]): number | null => lateP99Ms;
    return [
      [title, rate.toFixed(0), text((run) => run.p50Ms), text((run) => run.p99Ms), text(late)],
    ];
  });
  return markdown(['at half load', 'req/s', 'p50 ms', 'p99 ms', 'sent late p99 ms'], rows);
}

/** From spawn to the first reply. */
export function startTable({ start }: MacroReport): string {
  const rows = targetsOf(start).map((target) => [
    target,
    spreadText(spread(runsOf<StartRun>(start, target).map(({ firstReplyMs }) => firstReplyMs))),
  ]);
  return markdown(['from start to the first reply', 'ms'], rows);
}

/** Scenarios under load: each target beside the one that it is compared with. */
export function scenarioTable({ load }: MacroReport): string {
  const head = ['work', 'target', 'CPU µs', 'beside', 'CPU, times that', 'req/s'];
  const all = [...WORKLOADS, ...MEMCACHED_LOADS];
  const rows = SCENARIOS.flatMap((scenario) =>
    all.flatMap(({ name, title }) => {
      const runs = load.filter((run) => run.scenario === scenario && run.workload === name);
      return targetsOf(runs).map((target) => {
        const own = runsOf(runs, target);
        const base = baseOf(target);
        const pairs = base === target ? [] : pairsOf(own, runsOf(runs, base));
        const ratios = pairs.map(([run, other]) => run.cpuUs / other.cpuUs);
        return [
          title,
          target,
          short(median(own.map(({ cpuUs }) => cpuUs))),
          ...(ratios.length === 0 ? ['', ''] : [base, spreadText(spread(ratios))]),
          median(own.map(({ requestsPerSecond }) => requestsPerSecond)).toFixed(0),
        ];
      });
    }),
  );
  return markdown(head, rows);
}

/** What a client costs that asks for nothing. */
export function idleTable({ idle }: MacroReport): string {
  const rows = targetsOf(idle).map((target) => {
    const runs = runsOf(idle, target);
    const each = runs.map((run) => (run.rssAfterKib - run.rssBeforeKib) / run.clients);
    return [target, String(runs[0].clients), spreadText(spread(each))];
  });
  return markdown(['idle', 'clients', 'KiB each'], rows);
}

/** The pictures by file name. */
export function endToEndCharts({ load, halfLoad }: MacroReport): Map<string, string> {
  const titles = new Map(WORKLOADS.map(({ name, title }) => [name, title]));
  const own = load.filter(({ scenario }) => scenario === COMPARISON);
  const drawn = charts(own, halfLoad, { titles, reference: NUTCRACKER, direct: DIRECT });
  return new Map([...drawn].map(([file, svg]) => [`bench-${file}`, svg]));
}

function ofWorkload(load: readonly LoadRun[], name: string): LoadRun[] {
  return load.filter((run) => run.scenario === COMPARISON && run.workload === name);
}

function throughput(runs: readonly LoadRun[], direct: readonly LoadRun[]): string {
  const pairs = pairsOf(runs, direct);
  if (pairs.length === 0) return '';
  const ratios = pairs.map(([run, other]) => run.requestsPerSecond / other.requestsPerSecond);
  return short(median(ratios));
}

function known(values: readonly (number | null)[]): string {
  const all = values.filter((value) => value !== null);
  return all.length < values.length || all.length === 0 ? '-' : short(median(all));
}

function spreadText({ median: middle, low, high }: Spread): string {
  return `${short(middle)} (${short(low)}–${short(high)})`;
}
