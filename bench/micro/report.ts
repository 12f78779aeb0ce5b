import type { Machine } from '../machine.ts';
import { crossover } from '../statistics.ts';
import { short, table } from '../table.ts';
import type { Measurement } from './measure.ts';

/** What --json writes and --compare reads. */
export interface MicroReport {
  readonly machine: Machine;
  readonly measurements: readonly Measurement[];
  readonly crossovers: readonly Crossover[];
  /** The same cases, run with other versions of Node. */
  readonly otherNodes: readonly MicroReport[];
}

/** From where on a WebAssembly codec is faster than JavaScript. */
export interface Crossover {
  readonly what: string;
  readonly codec: string;
  /** null: nowhere in what was measured. */
  readonly from: number | null;
  readonly unit: string;
}

const RESULT_HEAD = ['case', 'codec', 'ns', '±', 'MB/s', 'against js', 'low – high'];

export function resultTable(measurements: readonly Measurement[]): string {
  let last = '';
  const rows = measurements.map((it) => {
    const name = it.name === last ? '' : it.name;
    last = it.name;
    const { median, low, high } = it.ratio;
    const isReference = it.codec === 'js';
    return [
      name,
      it.codec,
      short(it.nsPerItem),
      `${it.rme.toFixed(1)}%`,
      it.mbPerSecond.toFixed(0),
      isReference ? '1' : `${median.toFixed(2)} ×`,
      isReference ? '' : `${low.toFixed(2)} – ${high.toFixed(2)}`,
    ];
  });
  return table(RESULT_HEAD, rows);
}

/** Crossovers over the cases `prefix/NUMBER`. */
export function crossoversOf(
  measurements: readonly Measurement[],
  prefix: string,
  unit: string,
): Crossover[] {
  const steps = new Map<string, Map<number, number>>();
  for (const it of measurements) {
    const step = Number(it.name.slice(prefix.length + 1));
    if (it.codec === 'js' || !it.name.startsWith(`${prefix}/`) || Number.isNaN(step)) continue;
    const ratios = steps.get(it.codec) ?? new Map<number, number>();
    steps.set(it.codec, ratios.set(step, it.ratio.median));
  }
  return [...steps].map(([codec, ratios]) => ({
    what: prefix,
    codec,
    from: crossover([...ratios.keys()], [...ratios.values()]),
    unit,
  }));
}

export function crossoverTable(crossovers: readonly Crossover[]): string {
  const rows = crossovers.map(({ what, codec, from, unit }) => [
    what,
    codec,
    from === null ? 'not in this range' : `${from} ${unit} on`,
  ]);
  return table(['faster than js', 'codec', 'from'], rows);
}

/** What changed since an earlier report; times of another machine say little, ratios more. */
export function comparison(before: MicroReport, after: readonly Measurement[]): string {
  const key = (it: Measurement): string => `${it.name} ${it.codec}`;
  const earlier = new Map(before.measurements.map((it) => [key(it), it]));
  const rows: string[][] = [];
  for (const it of after) {
    const old = earlier.get(key(it));
    if (old === undefined) continue;
    const change = (it.nsPerItem / old.nsPerItem - 1) * 100;
    rows.push([
      it.name,
      it.codec,
      short(old.nsPerItem),
      short(it.nsPerItem),
      `${change >= 0 ? '+' : ''}${change.toFixed(1)}%`,
      it.codec === 'js' ? '' : `${old.ratio.median.toFixed(2)} → ${it.ratio.median.toFixed(2)} ×`,
    ]);
  }
  if (rows.length === 0) return 'no case is in both reports';
  return table(['case', 'codec', 'ns before', 'ns now', 'change', 'against js'], rows);
}
