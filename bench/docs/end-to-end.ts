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
import { NUTCRACKER, PREDIXY } from '../macro/subjects.ts';
import { WORKLOADS } from '../macro/workloads.ts';
import { median, type Spread, spread } from '../statistics.ts';
import { short } from '../table.ts';
import { markdown } from './markdown.ts';
import {
  WANTED,
  WANTED_IDLE_KIB,
  WANTED_IN_SCENARIO,
  WANTED_OF_PREDIXY,
  WANTED_START_MS,
  wantedText,
} from './wanted.ts';

const RINGWAY = 'ringway auto';
/** Runs of one comparison; scenarios have names of their own. */
const COMPARISON = 'comparison';
/** Those that the first table is of. */
const OWN_TABLE = new Set([RINGWAY, NUTCRACKER, DIRECT]);

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
    const cpu = spread(cpuRatios(runs, NUTCRACKER));
    return [
      [
        title,
        wantedText(WANTED[name], cpu.median),
        spreadText(cpu),
        short(median(own.map(({ cpuUs }) => cpuUs))),
        short(median(other.map(({ cpuUs }) => cpuUs))),
        ...[own, other].map((list) => throughput(list, runsOf(runs, DIRECT))),
      ],
    ];
  });
  return markdown(head, rows);
}

/** The same ratio run by run: how far one may be trusted. */
export function runsTable(runs: readonly MacroReport[]): string {
  const head = ['CPU, times nutcracker', ...runs.map((_, i) => `run ${i + 1}`)];
  const rows = WORKLOADS.flatMap(({ name, title }) => {
    const ratios = runs.map(({ load }) => cpuRatios(ofWorkload(load, name), NUTCRACKER));
    if (ratios.some(({ length }) => length === 0)) return [];
    return [[title, ...ratios.map((list) => spreadText(spread(list)))]];
  });
  return markdown(head, rows);
}

/** ringway's CPU beside that of every other proxy that was there. */
export function rivalsTable({ load }: MacroReport): string {
  const compared = load.filter(({ scenario }) => scenario === COMPARISON);
  const rivals = targetsOf(compared).filter((name) => !OWN_TABLE.has(name));
  if (rivals.length === 0) return 'There was none.';
  const head = ['CPU of ringway', ...rivals.map((name) => `times ${name}`), 'wanted of predixy'];
  const rows = WORKLOADS.flatMap(({ name, title }) => {
    const runs = ofWorkload(load, name);
    const ratios = rivals.map((rival) => cpuRatios(runs, rival));
    if (ratios.every(({ length }) => length === 0)) return [];
    const beside = rivals.indexOf(PREDIXY);
    const wanted = beside < 0 ? '' : wantedText(WANTED_OF_PREDIXY[name], median(ratios[beside]));
    return [[title, ...ratios.map((list) => spreadText(spread(list))), wanted]];
  });
  return markdown(head, rows);
}

/** What costs more than was wanted, in the words of a list. */
export function missed({ load }: MacroReport): string {
  const lines = WORKLOADS.flatMap(({ name, title }) => {
    const ratios = cpuRatios(ofWorkload(load, name), NUTCRACKER);
    const wanted = WANTED[name];
    if (wanted === undefined || ratios.length === 0) return [];
    const cpu = spread(ratios);
    const said = `${spreadText(cpu)} times nutcracker's CPU, ${wanted.toFixed(2)} wanted`;
    return cpu.median > wanted ? [`- ${title}: ${said}.`] : [];
  });
  return lines.length === 0 ? 'Nothing.' : lines.join('\n');
}

/** A workload's CPU in words. */
export function cpuFigure({ load }: MacroReport, workload: string): string {
  const ratio = median(cpuRatios(ofWorkload(load, workload), NUTCRACKER));
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
  const rows = targetsOf(start).map((target) => {
    const times = spread(runsOf<StartRun>(start, target).map(({ firstReplyMs }) => firstReplyMs));
    const wanted = target === RINGWAY ? wantedText(WANTED_START_MS, times.median) : '';
    return [target, spreadText(times), wanted];
  });
  return markdown(['from start to the first reply', 'ms', 'wanted'], rows);
}

/** Scenarios under load: each target beside the one that it is compared with. */
export function scenarioTable({ load }: MacroReport): string {
  const head = ['work', 'target', 'CPU µs', 'beside', 'CPU, times that', 'wanted', 'req/s'];
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
          ...(ratios.length === 0
            ? ['', '', '']
            : [base, ...besideText(scenario, name, target, ratios)]),
          median(own.map(({ requestsPerSecond }) => requestsPerSecond)).toFixed(0),
        ];
      });
    }),
  );
  return markdown(head, rows);
}

function besideText(
  scenario: string,
  workload: string,
  target: string,
  ratios: readonly number[],
): [ratio: string, wanted: string] {
  const wanted = target.startsWith(RINGWAY) ? WANTED_IN_SCENARIO[scenario]?.[workload] : undefined;
  const beside = spread(ratios);
  return [spreadText(beside), wantedText(wanted, beside.median)];
}

/** What a client costs that asks for nothing. */
export function idleTable({ idle }: MacroReport): string {
  const rows = targetsOf(idle).map((target) => {
    const runs = runsOf(idle, target);
    const each = runs.map((run) => (run.rssAfterKib - run.rssBeforeKib) / run.clients);
    const wanted = target === RINGWAY ? wantedText(WANTED_IDLE_KIB, median(each)) : '';
    return [target, String(runs[0].clients), spreadText(spread(each)), wanted];
  });
  return markdown(['idle', 'clients', 'KiB each', 'wanted'], rows);
}

/** The pictures by file name. */
export function endToEndCharts({ load, halfLoad }: MacroReport): Map<string, string> {
  const titles = new Map(WORKLOADS.map(({ name, title }) => [name, title]));
  const own = load.filter(({ scenario }) => scenario === COMPARISON);
  const drawn = charts(own, halfLoad, { titles, reference: NUTCRACKER, direct: DIRECT });
  return new Map([...drawn].map(([file, svg]) => [`bench-${file}`, svg]));
}

/** ringway's CPU per request as a multiple of another's, round by round. */
function cpuRatios(runs: readonly LoadRun[], other: string): number[] {
  const pairs = pairsOf(runsOf(runs, RINGWAY), runsOf(runs, other));
  return pairs.map(([run, beside]) => run.cpuUs / beside.cpuUs);
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
