import { type Bar, barChart, lineChart } from '../chart.ts';
import { claimsOf, type LabResult, type LabResults } from '../lab/results.ts';
import { describeMachine } from '../machine.ts';
import { SAME_AGAIN } from '../micro/subjects.ts';
import { inGroup, nodeName } from './lab-tables.ts';

const SWEEPS: readonly (readonly [file: string, group: string, title: string, x: string])[] = [
  ['batch', 'batch size', 'Scan, hash and route, by requests per call', 'requests per call'],
  ['key-length', 'key length', 'Scan, hash and route, by length of the key', 'bytes'],
  ['value-size', 'value size', 'Scan, hash and route of SETs, by size of the value', 'bytes'],
  ['reply-size', 'reply size', 'Scanning replies, by size of the value', 'bytes'],
  [
    'cut',
    'cut position',
    'Fifteen GETs and a piece of another, by its bytes',
    'bytes that have come',
  ],
];

/** The pictures of the lab by file name. */
export function labCharts(files: readonly LabResults[]): Map<string, string> {
  const [first] = files;
  const charts = new Map<string, string>();
  charts.set('lab-main.svg', ratioChart(files));
  const decoders = inGroup(first, 'decoders', 'optimised');
  if (decoders.length > 0) charts.set('lab-decoders.svg', timeBars(decoders, first));
  for (const [file, group, title, xLabel] of SWEEPS) {
    const tests = inGroup(first, group, 'optimised');
    if (tests.length > 1) charts.set(`lab-${file}.svg`, sweepChart(tests, first, title, xLabel));
  }
  return charts;
}

function ratioChart(files: readonly LabResults[]): string {
  const [first] = files;
  const machine = describeMachine(first.machine);
  const names = inGroup(first, 'main', 'optimised').map(({ name }) => name);
  return barChart({
    title: 'WebAssembly with SIMD against JavaScript',
    description: `Ratios by process: the median, and where it lies. ${machine}`,
    unit: 'times as fast as JavaScript',
    series: files.map(nodeName),
    groups: names.map((name) => ({ name, bars: files.map((file) => ratioBar(file, name)) })),
    reference: { value: 1, label: 'JavaScript' },
  });
}

function ratioBar(file: LabResults, name: string): Bar | null {
  const it = file.tests.find((one) => one.name === name && one.tier === 'optimised');
  const claim = it && claimsOf(it).find((one) => one.name === 'wasm-simd');
  if (!claim) return null;
  const { median: value, low, high } = claim.ratio;
  return { value, low, high };
}

function timeBars(tests: readonly LabResult[], { machine }: LabResults): string {
  const series = contestantsOf(tests);
  return barChart({
    title: 'Replies: finding their ends, and making values of them',
    description: `Processes' medians: the median, lowest and highest. ${describeMachine(machine)}`,
    unit: 'ns per reply',
    series,
    groups: tests.map((it) => ({
      name: it.name,
      bars: series.map((name) => {
        const ns = claimsOf(it).find((one) => one.name === name)?.ns;
        return ns === undefined ? null : { value: ns.median, low: ns.low, high: ns.high };
      }),
    })),
  });
}

function sweepChart(
  tests: readonly LabResult[],
  { machine }: LabResults,
  title: string,
  xLabel: string,
): string {
  return lineChart({
    title,
    description: `Processes' medians. ${describeMachine(machine)}`,
    xLabel,
    yLabel: `ns per ${tests[0].unit}`,
    logX: true,
    series: contestantsOf(tests).map((name) => ({
      name,
      points: tests.flatMap((it): [number, number][] => {
        const claim = claimsOf(it).find((one) => one.name === name);
        return claim === undefined ? [] : [[stepOf(it), claim.ns.median]];
      }),
    })),
  });
}

function stepOf({ name }: LabResult): number {
  return Number(name.slice(name.lastIndexOf('/') + 1));
}

function contestantsOf(tests: readonly LabResult[]): string[] {
  const names = tests.flatMap((it) => it.contestants.map(({ name }) => name));
  return [...new Set(names)].filter((name) => name !== SAME_AGAIN);
}
