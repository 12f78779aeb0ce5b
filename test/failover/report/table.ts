import type { Judged } from './outage.ts';

/** The head of the tables that say what clients see. */
export const TABLE: readonly string[] = [
  '| event | pause of clients, ms: median (all) | errors per run, of what the server was sent | other errors | acknowledged writes lost by the servers | wrong replies |',
  '|---|---|---|---|---|---|',
];

/** The middle of some figures, and the least and most: `12 (3–40)`. */
export function spread(figures: readonly number[]): string {
  const sorted = figures.map(Math.round).sort((a, b) => a - b);
  if (sorted.length === 0) return '–';
  const all = sorted.length === 1 ? '' : ` (${sorted[0]}–${sorted[sorted.length - 1]})`;
  return `${sorted[sorted.length >> 1]}${all}`;
}

/** @param share from 0 to 1: so many are not above it */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** `0, 0, 0, 7` is `7, 0 in 3`. */
function counts(figures: readonly number[]): string {
  const some = figures.filter((figure) => figure > 0).sort((a, b) => b - a);
  const none = figures.length - some.length;
  if (none === 0) return some.join(', ');
  return some.length === 0 ? '0' : `${some.join(', ')}; 0 in ${none} of ${figures.length}`;
}

/** What clients saw of several events of a kind. */
export function rowOf(name: string, results: readonly Judged[], more = ''): string {
  const sum = (of: (result: Judged) => number) => results.reduce((all, each) => all + of(each), 0);
  return [
    `| ${name} | ${spread(results.map(({ longestGapMs }) => longestGapMs))}`,
    counts(results.map(({ unknown }) => unknown)),
    sum(({ avoidable }) => avoidable.length),
    sum(({ lost }) => lost),
    `${sum(({ wrong }) => wrong.length)} |${more}`,
  ].join(' | ');
}
