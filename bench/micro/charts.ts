import { type Bar, barChart, lineChart } from '../chart.ts';
import { describeMachine } from '../machine.ts';
import { KEY_LENGTHS } from './hash-cases.ts';
import type { Measurement } from './measure.ts';
import type { MicroReport } from './report.ts';

const NAMES: Readonly<Record<Measurement['codec'], string>> = {
  js: 'JavaScript',
  'wasm-scalar': 'WebAssembly',
  'wasm-simd': 'WebAssembly with SIMD',
};
const WASM = ['wasm-scalar', 'wasm-simd'] as const;
const ALL = ['js', ...WASM] as const;
const UNIT = 'times as fast as JavaScript';
const LEVEL = { value: 1, label: 'JavaScript' };

/** Bars of ratios: file, title, and what the names of the cases begin with. */
const RATIOS: readonly [file: string, title: string, prefixes: readonly string[]][] = [
  ['scan', 'Scanning requests', ['scan/']],
  ['requests', 'Scan, hash and route; a whole chunk', ['scan-hash-route/', 'chunk/']],
  ['replies', 'Scanning replies', ['scan-replies/']],
  ['gather', 'Copying frames to their places', ['gather/']],
  [
    'multikey',
    'MGET: splitting it and joining its replies',
    ['split-request/', 'fragment/', 'split-reply/', 'coalesce/'],
  ],
  ['memcache', 'memcached', ['memcache/']],
];
/** Of the key lengths, those that fit a chart. */
const CHARTED_LENGTHS = [KEY_LENGTHS[0], 16, 64, KEY_LENGTHS[KEY_LENGTHS.length - 1]];
const NODE_CASES = ['scan-hash-route/mixed', 'chunk/mixed', 'scan-replies/mixed'];

/** A picture per group of cases that was measured, by file name. */
export function microCharts(report: MicroReport): Map<string, string> {
  const found = RATIOS.flatMap(([file, title, prefixes]) => {
    const own = report.measurements.filter(({ name }) =>
      prefixes.some((prefix) => name.startsWith(prefix)),
    );
    return own.length === 0 ? [] : [[file, ratioChart(title, own, report)] as const];
  });
  const more: (readonly [string, string | null])[] = [
    ['hashes', hashChart(report)],
    ['batch', timeChart(report, 'batch', 'Scan, hash and route, by batch', 'requests per call')],
    [
      'key-length',
      timeChart(report, 'key-length', 'Scan, hash and route, by length of the key', 'bytes'),
    ],
    ['nodes', nodeChart(report)],
  ];
  const drawn = more.filter((entry): entry is [string, string] => entry[1] !== null);
  return new Map([...found, ...drawn].map(([file, svg]) => [`${file}.svg`, svg]));
}

function ratioChart(title: string, own: readonly Measurement[], report: MicroReport): string {
  const names = [...new Set(own.map(({ name }) => name))];
  return barChart({
    title,
    description: `Ratios, round by round: median, lowest and highest. ${describe(report)}`,
    unit: UNIT,
    series: WASM.map((codec) => NAMES[codec]),
    groups: names.map((name) => ({
      name,
      bars: WASM.map((codec) => ratioBar(find(own, name, codec))),
    })),
    reference: LEVEL,
  });
}

function hashChart(report: MicroReport): string | null {
  const own = report.measurements.filter(({ name }) => name.startsWith('hash/'));
  const hashes = [...new Set(own.map(({ name }) => name.split('/')[1]))];
  if (hashes.length === 0) return null;
  return barChart({
    title: 'Hashes, one call per key, by length of the key',
    description: `WebAssembly with SIMD against JavaScript. ${describe(report)}`,
    unit: UNIT,
    series: CHARTED_LENGTHS.map((length) => `${length} B`),
    groups: hashes.map((hash) => ({
      name: hash,
      bars: CHARTED_LENGTHS.map((length) =>
        ratioBar(find(own, `hash/${hash}/${length}`, 'wasm-simd')),
      ),
    })),
    reference: LEVEL,
  });
}

/** Times of the cases `prefix/NUMBER`. */
function timeChart(
  report: MicroReport,
  prefix: string,
  title: string,
  xLabel: string,
): string | null {
  const own = report.measurements.filter(({ name }) => name.startsWith(`${prefix}/`));
  if (own.length === 0) return null;
  return lineChart({
    title,
    description: `Time per request. ${describe(report)}`,
    xLabel,
    yLabel: 'ns per request',
    logX: true,
    series: ALL.map((codec) => ({
      name: NAMES[codec],
      points: own
        .filter((it) => it.codec === codec)
        .map((it) => [Number(it.name.slice(prefix.length + 1)), it.nsPerItem] as const),
    })),
  });
}

/** The same cases on several versions of Node. */
function nodeChart(report: MicroReport): string | null {
  const all = [report, ...report.otherNodes];
  const cases = NODE_CASES.filter((name) => find(report.measurements, name, 'js') !== undefined);
  if (all.length === 1 || cases.length === 0) return null;
  return barChart({
    title: 'The mixed corpus on several versions of Node',
    description: `Time per frame, each version in a run of its own. ${describe(report)}`,
    unit: 'ns per frame',
    series: all.map(({ machine }) => `Node ${machine.node}`),
    groups: cases.flatMap((name) =>
      (['js', 'wasm-simd'] as const).map((codec) => ({
        name: `${name}, ${NAMES[codec]}`,
        bars: all.map(({ measurements }) => timeBar(find(measurements, name, codec))),
      })),
    ),
  });
}

function find(
  list: readonly Measurement[],
  name: string,
  codec: Measurement['codec'],
): Measurement | undefined {
  return list.find((it) => it.name === name && it.codec === codec);
}

function ratioBar(it: Measurement | undefined): Bar | null {
  if (it === undefined) return null;
  return { value: it.ratio.median, low: it.ratio.low, high: it.ratio.high };
}

function timeBar(it: Measurement | undefined): Bar | null {
  return it === undefined ? null : { value: it.nsPerItem };
}

function describe({ machine }: MicroReport): string {
  return `${describeMachine(machine)}.`;
}
