import type { NumberedResult } from '../../support/numbered-load.ts';

/** The head of the tables that say what clients see. */
export const HEAD: readonly string[] = [
  '',
  '| event | pause of clients, ms: median (all) | errors per run | acknowledged writes lost | wrong replies |',
  '|---|---|---|---|---|',
];

/** What clients saw of several events of a kind. */
export function rowOf(name: string, results: readonly NumberedResult[], more = ''): string {
  const gaps = results.map(({ longestGapMs }) => Math.round(longestGapMs)).sort((a, b) => a - b);
  const errors = results.map(({ errors: texts }) => [...texts.values()].reduce((a, b) => a + b, 0));
  const lost = results.reduce((sum, each) => sum + each.lost, 0);
  const wrong = results.reduce((sum, each) => sum + each.wrong.length, 0);
  const all = gaps.length === 1 ? '' : ` (${gaps[0]}–${gaps[gaps.length - 1]})`;
  const pause = `${gaps[gaps.length >> 1]}${all}`;
  return `| ${name} | ${pause} | ${errors.join(', ')} | ${lost} | ${wrong} |${more}`;
}
