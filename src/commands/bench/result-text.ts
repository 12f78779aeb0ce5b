import { BUCKETS, bucketFloor, histogramTotal, quantiles } from '../../stats/histogram.ts';
import { count, micros } from '../figures.ts';
import type { LoadResult } from './load.ts';

const BAR_COLUMNS = 40;
/** Columns before a bar: the time and the share. */
const BEFORE_BAR = 23;
const SHOWN = [0.5, 0.9, 0.99, 0.999] as const;
/** Above a quantile there must be so many values, or it is chance. */
const LEAST_ABOVE = 10;

/** The figures of a run, as `--json` gives them; times are microseconds. */
export interface BenchFigures {
  readonly sent: number;
  readonly answered: number;
  readonly errors: number;
  readonly perSecond: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number;
  /** How late requests were sent, at the 99th percentile. */
  readonly lateP99: number | null;
  readonly trouble: string;
}

function quantile(counts: Float64Array, wanted: number): number | null {
  if (histogramTotal(counts) * (1 - wanted) < LEAST_ABOVE) return null;
  return quantiles(counts, [wanted])[0];
}

/** The figures of a run. */
export function figuresOf(result: LoadResult): BenchFigures {
  const [p50, p90, p99, p999] = SHOWN.map((each) => quantile(result.latencies, each));
  const { sent, answered, errors, seconds, maxMicros: max, trouble } = result;
  const perSecond = seconds > 0 ? Math.round(answered / seconds) : 0;
  const lateP99 = quantile(result.late, 0.99);
  return { sent, answered, errors, perSecond, p50, p90, p99, p999, max, lateP99, trouble };
}

function shown(value: number | null): string {
  return value === null ? 'too few to tell' : micros(value);
}

/** The figures and a histogram, as text. @param columns of the screen */
export function resultText(result: LoadResult, columns: number): string {
  const figures = figuresOf(result);
  const unanswered = figures.sent - figures.answered;
  const lines = [
    `requests   ${count(figures.answered)} answered, ${count(figures.perSecond)}/s`,
    `errors     ${figures.errors}`,
    `unanswered ${unanswered}`,
    '',
    'latency, from when a request was due until its reply was there',
    `  p50 ${shown(figures.p50)}   p90 ${shown(figures.p90)}   p99 ${shown(figures.p99)}` +
      `   p99.9 ${shown(figures.p999)}   max ${micros(figures.max)}`,
    '',
    ...histogramLines(result.latencies, columns),
  ];
  if (figures.trouble !== '') lines.push('', figures.trouble);
  if (unanswered > 0) lines.push('', 'the latencies leave out what was not answered');
  const { lateP99, p99 } = figures;
  if (lateP99 !== null && p99 !== null && lateP99 > p99 / 4) {
    lines.push('', `requests were sent up to ${micros(lateP99)} late (p99): this machine is busy`);
  }
  return `${lines.join('\n')}\n`;
}

/** One line for each doubling of the time. */
function histogramLines(counts: Float64Array, columns: number): string[] {
  const bars = Math.max(1, Math.min(BAR_COLUMNS, columns - BEFORE_BAR));
  const rows: { below: number; values: number }[] = [];
  let below = 64;
  let values = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    while (bucketFloor(bucket) >= below) {
      rows.push({ below, values });
      values = 0;
      below *= 2;
    }
    values += counts[bucket];
  }
  rows.push({ below, values });
  const first = rows.findIndex((row) => row.values > 0);
  const last = rows.findLastIndex((row) => row.values > 0);
  const total = histogramTotal(counts);
  if (first < 0) return ['  nothing was answered'];
  const most = Math.max(...rows.map((row) => row.values));
  return rows.slice(first, last + 1).map((row) => {
    const bar = '█'.repeat(Math.ceil((row.values / most) * bars));
    const share = ((row.values / total) * 100).toFixed(row.values / total < 0.01 ? 3 : 1);
    return `  < ${micros(row.below).padStart(8)} ${share.padStart(7)} % ${bar}`;
  });
}
