import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabResults, readResults } from '../lab/results.ts';
import { describeMachine } from '../machine.ts';
import type { MacroReport } from '../macro/results.ts';
import {
  comparisonTable,
  endToEndCharts,
  halfLoadTable,
  idleTable,
  readEndToEnd,
  requestCosts,
  scenarioTable,
  startTable,
} from './end-to-end.ts';
import { labCharts } from './lab-charts.ts';
import { labPage } from './lab-page.ts';
import { contestantTable, errorTable, losses, mainTable, tierTable } from './lab-tables.ts';

const RESULTS = 'bench/results';
const PAGE = 'docs/benchmarks.md';

/** Every file of the docs that is made of bench/results, by its path, with its text. */
export function benchDocs(): Map<string, string> {
  const lab = labFiles().map(readResults);
  const whole = readEndToEnd();
  const charts = [...labCharts(lab), ...endToEndCharts(whole)];
  return new Map([
    [PAGE, withSections(readFileSync(PAGE, 'utf8'), sections(lab, whole))],
    ['docs/codec-lab.html', labPage(lab)],
    ...charts.map(([name, svg]) => [`docs/images/${name}`, svg] as const),
  ]);
}

/** The oldest Node first. */
function labFiles(): string[] {
  const files = readdirSync(RESULTS).filter((file) => /^lab-node\d+\.json$/.test(file));
  if (files.length === 0) throw new Error(`${RESULTS} has no results of the codec lab`);
  return files.sort().map((file) => join(RESULTS, file));
}

function sections(lab: readonly LabResults[], whole: MacroReport): Map<string, string> {
  const [first] = lab;
  const { machine, programs } = whole;
  const programLines = Object.entries(programs).map(([name, text]) => `- ${name}: ${text}`);
  return new Map([
    ['lab-machine', lab.map(({ machine: it }) => `- ${describeMachine(it)}`).join('\n')],
    ['lab-main', mainTable(lab, requestCosts(whole))],
    ['lab-losses', losses(lab)],
    ['lab-tiers', tierTable(first)],
    ['lab-decoders', contestantTable(first, ['decoders'])],
    ['lab-hash-libraries', contestantTable(first, ['hash libraries'])],
    ['lab-hashes', contestantTable(first, ['hashes'])],
    ['lab-errors', errorTable(lab)],
    ['e2e-machine', [`- ${describeMachine(machine)}`, ...programLines].join('\n')],
    ['e2e-load', comparisonTable(whole)],
    ['e2e-half-load', halfLoadTable(whole)],
    ['e2e-scenarios', scenarioTable(whole)],
    ['e2e-idle', idleTable(whole)],
    ['e2e-start', startTable(whole)],
  ]);
}

/**
 * The page with each of its parts between `results: NAME` and `results: end` made anew.
 * @throws Error when the page has no place for one
 */
export function withSections(page: string, parts: ReadonlyMap<string, string>): string {
  let rest = page;
  for (const [name, text] of parts) {
    const begin = `<!-- results: ${name} -->\n`;
    const at = rest.indexOf(begin);
    const end = rest.indexOf('<!-- results: end -->', at);
    if (at < 0 || end < 0) throw new Error(`${PAGE} has no place for ${name}`);
    rest = `${rest.slice(0, at)}${begin}\n${text}\n\n${rest.slice(end)}`;
  }
  return rest;
}
