import { type Spread, spread } from '../statistics.ts';
import { short, table } from '../table.ts';
import {
  type HalfLoadRun,
  type IdleRun,
  type LoadRun,
  pairsOf,
  runsOf,
  type StartRun,
  targetsOf,
} from './results.ts';

const HALF_LOAD_HEAD = [
  'target',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'p99 added',
  'CPU µs/req',
  'sent late p99 ms',
];

/** Said once above the tables. */
export const LEGEND = [
  'Figures are medians of the rounds (lowest – highest); ratios are taken round by round.',
  'At full load p50 and p99 are those of redis-benchmark, which waits for replies.',
  'At half load all times, p99.9 too, are those of the open-loop probe: from when a request was due.',
].join('\n');

/** What ratios are taken to. */
export interface Reference {
  readonly name: string;
  /** The target that stands for it beside `target`. */
  of(target: string): string;
}

/** A workload at full load, with a column of ratios for each reference. */
export function loadTable(
  title: string,
  runs: readonly LoadRun[],
  cpu: readonly Reference[],
  rate: readonly Reference[],
): string {
  const names = (references: readonly Reference[]): string[] =>
    references.map(({ name }) => `/ ${name}`);
  const head = [
    ...['target', 'CPU µs/req', ...names(cpu), 'req/s', ...names(rate)],
    ...['p50 ms', 'p99 ms', 'RSS MiB'],
  ];
  const rows = targetsOf(runs).map((target) => {
    const own = runsOf(runs, target);
    const figure = (pick: (run: LoadRun) => number): string => spreadText(spread(own.map(pick)));
    const ratio = (reference: Reference, pick: (run: LoadRun) => number): string => {
      if (reference.of(target) === target) return '';
      const pairs = pairsOf(own, runsOf(runs, reference.of(target)));
      if (pairs.length === 0) return '';
      return spreadText(spread(pairs.map(([run, other]) => pick(run) / pick(other))));
    };
    return [
      target,
      figure(({ cpuUs }) => cpuUs),
      ...cpu.map((reference) => ratio(reference, ({ cpuUs }) => cpuUs)),
      figure(({ requestsPerSecond }) => requestsPerSecond),
      ...rate.map((reference) => ratio(reference, ({ requestsPerSecond }) => requestsPerSecond)),
      figure(({ p50Ms }) => p50Ms),
      figure(({ p99Ms }) => p99Ms),
      figure(({ rssKib }) => rssKib / 1024),
    ];
  });
  return `${title}\n${table(head, rows)}`;
}

/** A workload at half load; what a proxy adds is taken from `direct` of the same round. */
export function halfLoadTable(title: string, runs: readonly HalfLoadRun[], direct: string): string {
  const base = runsOf(runs, direct);
  const rows = targetsOf(runs).map((target) => {
    const own = runsOf(runs, target);
    const added = target === direct ? null : differences(own, base);
    return [
      target,
      knownText(own.map(({ p50Ms }) => p50Ms)),
      knownText(own.map(({ p99Ms }) => p99Ms)),
      knownText(own.map(({ p999Ms }) => p999Ms)),
      added === null ? '' : knownText(added),
      spreadText(spread(own.map(({ cpuUs }) => cpuUs))),
      knownText(own.map(({ lateP99Ms }) => lateP99Ms)),
    ];
  });
  const rate = spread(runs.map(({ offeredPerSecond }) => offeredPerSecond)).median;
  return `${title}, ${rate.toFixed(0)} req/s\n${table(HALF_LOAD_HEAD, rows)}`;
}

export function idleTable(runs: readonly IdleRun[]): string {
  const rows = targetsOf(runs).map((target) => {
    const own = runsOf(runs, target);
    const each = own.map(
      ({ clients, rssBeforeKib, rssAfterKib }) => (rssAfterKib - rssBeforeKib) / clients,
    );
    return [
      target,
      String(own[0].clients),
      spreadText(spread(own.map(({ rssBeforeKib }) => rssBeforeKib / 1024))),
      spreadText(spread(own.map(({ rssAfterKib }) => rssAfterKib / 1024))),
      spreadText(spread(each)),
    ];
  });
  const head = ['target', 'clients', 'RSS MiB before', 'with them', 'KiB each'];
  return `Idle clients, each of which has had one reply\n${table(head, rows)}`;
}

export function startTable(runs: readonly StartRun[]): string {
  const rows = targetsOf(runs).map((target) => [
    target,
    spreadText(spread(runsOf(runs, target).map(({ firstReplyMs }) => firstReplyMs))),
  ]);
  return `From spawn to the first reply of a server\n${table(['target', 'ms'], rows)}`;
}

/** p99 minus that of `base` in the same round; null where either is not known. */
export function differences(
  runs: readonly HalfLoadRun[],
  base: readonly HalfLoadRun[],
): (number | null)[] {
  return pairsOf(runs, base).map(([run, other]) =>
    run.p99Ms === null || other.p99Ms === null ? null : run.p99Ms - other.p99Ms,
  );
}

function knownText(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  return known.length < values.length || known.length === 0 ? '-' : spreadText(spread(known));
}

function spreadText({ median, low, high }: Spread): string {
  return `${short(median)} (${short(low)}–${short(high)})`;
}
