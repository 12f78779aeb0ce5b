import { readFileSync } from 'node:fs';
import type { LabResults } from '../lab/results.ts';

const TEMPLATE = 'bench/docs/codec-lab.html';
/** Stands in the template where the figures go. */
const PLACE = '"RESULTS"';

/** The page on which one looks at single cases: it holds all figures, and needs no server. */
export function labPage(files: readonly LabResults[]): string {
  const template = readFileSync(TEMPLATE, 'utf8');
  if (!template.includes(PLACE)) throw new Error(`${TEMPLATE} has no place for the results`);
  // In a script `</` would end it.
  const data = JSON.stringify(files, rounded).replaceAll('</', '<\\/');
  return template.replace(PLACE, () => data);
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(3)) : value;
}
