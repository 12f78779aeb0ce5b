import type { Machine } from '../machine.ts';
import { median } from '../statistics.ts';
import { short, table } from '../table.ts';
import type { Figure } from './figures.ts';
import type { Reference } from './reference.ts';

/** What --json writes. */
export interface CheckReport {
  readonly machine: Machine;
  readonly reference: Reference;
  readonly figures: readonly Figure[];
  /** What looked slower, measured once more. */
  readonly again: readonly Figure[];
}

const HEAD = ['figure', 'ref', 'tree', 'tree/ref', 'low – high', 'noise', 'change'];

export function checkTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, rounds, verdict }) => {
    const { ratio, noise, change } = verdict;
    return [
      name,
      `${short(median([...rounds.ref, ...rounds.again]))} ${unit}`,
      `${short(median(rounds.tree))} ${unit}`,
      ratio.median.toFixed(3),
      `${ratio.low.toFixed(3)} – ${ratio.high.toFixed(3)}`,
      `${(noise * 100).toFixed(1)}%`,
      change === 'none' ? '' : change,
    ];
  });
  return table(HEAD, rows);
}

export function slower(figures: readonly Figure[]): Figure[] {
  return figures.filter(({ verdict }) => verdict.change === 'slower');
}

/** What was slower both times. */
export function confirmed(figures: readonly Figure[], again: readonly Figure[]): Figure[] {
  const suspects = new Set(slower(figures).map(({ name }) => name));
  return slower(again).filter(({ name }) => suspects.has(name));
}

/** One line that says how it ended. */
export function summary(figures: readonly Figure[], again: readonly Figure[]): string {
  const list = confirmed(figures, again).map(({ name, verdict }) => {
    return `${name} (${verdict.ratio.median.toFixed(2)} ×)`;
  });
  if (list.length > 0) return `slower than the reference: ${list.join(', ')}`;
  return `none of ${figures.length} figures is slower than the reference`;
}
