import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabResults, readResults } from '../lab/results.ts';
import { describeMachine } from '../machine.ts';
import type { MacroReport } from '../macro/results.ts';
import {
  comparisonTable,
  cpuFigure,
  endToEndCharts,
  halfLoadTable,
  idleTable,
  missed,
  requestCosts,
  rivalsTable,
  runsTable,
  scenarioTable,
  startTable,
} from './end-to-end.ts';
import { labCharts } from './lab-charts.ts';
import { labPage } from './lab-page.ts';
import {
  bestTable,
  contestantTable,
  errorTable,
  losses,
  mainTable,
  scanFigure,
  tierTable,
  wantedTable,
} from './lab-tables.ts';
import { markdown } from './markdown.ts';
import { type MergedRuns, readEndToEnd } from './merged-runs.ts';

const RESULTS = 'bench/results';
const PAGE = 'docs/benchmarks.md';
const README = 'README.md';
const PERFORMANCE = 'docs/performance.md';

/** Every file of the docs that is made of bench/results, by its path, with its text. */
export function benchDocs(): Map<string, string> {
  const lab = labFiles().map(readResults);
  const merged = readEndToEnd();
  const whole = merged.all;
  const charts = [...labCharts(lab), ...endToEndCharts(whole)];
  return new Map([
    [PAGE, withSections(readFileSync(PAGE, 'utf8'), sections(lab, merged))],
    [README, withSections(readFileSync(README, 'utf8'), inShort(lab, whole))],
    [
      PERFORMANCE,
      withSections(readFileSync(PERFORMANCE, 'utf8'), new Map([['e2e-missed', missed(whole)]])),
    ],
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

function sections(
  lab: readonly LabResults[],
  { runs, all: whole }: MergedRuns,
): Map<string, string> {
  const [first] = lab;
  const { machine, programs } = whole;
  const programLines = Object.entries(programs).map(([name, text]) => `- ${name}: ${text}`);
  return new Map([
    ['lab-machine', lab.map(({ machine: it }) => `- ${describeMachine(it)}`).join('\n')],
    ['lab-main', mainTable(lab, requestCosts(whole))],
    ['lab-best', bestTable(lab)],
    ['lab-wanted', wantedTable(lab)],
    ['lab-losses', losses(lab)],
    ['lab-tiers', tierTable(first)],
    ['lab-decoders', contestantTable(first, ['decoders'])],
    ['lab-hash-libraries', contestantTable(first, ['hash libraries'])],
    ['lab-hashes', contestantTable(first, ['hashes'])],
    ['lab-errors', errorTable(lab)],
    ['e2e-machine', [`- ${describeMachine(machine)}`, ...programLines].join('\n')],
    ['e2e-load', comparisonTable(whole)],
    ['e2e-runs', runsTable(runs)],
    ['e2e-rivals', rivalsTable(whole)],
    ['e2e-half-load', halfLoadTable(whole)],
    ['e2e-scenarios', scenarioTable(whole)],
    ['e2e-idle', idleTable(whole)],
    ['e2e-start', startTable(whole)],
  ]);
}

/** What the front page says, and how to see it for oneself. */
function inShort(lab: readonly LabResults[], whole: MacroReport): Map<string, string> {
  const rows = [
    [`a 47-byte GET ${scanFigure(lab)}`, '`npm run bench -- --only scan-hash-route/get-47`'],
    [`GET, 16 in a pipeline: ${cpuFigure(whole, 'depth16-get')}`, e2e('depth16-get')],
    [`MGET of 100 keys: ${cpuFigure(whole, 'mget-100')}`, e2e('mget-100')],
  ];
  return new Map([['in-short', markdown(['', 'see for yourself'], rows)]]);
}

function e2e(workload: string): string {
  return `\`npm run bench:e2e -- --only ${workload}\``;
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
    if (at < 0 || end < 0) throw new Error(`the page has no place for ${name}`);
    rest = `${rest.slice(0, at)}${begin}\n${text}\n\n${rest.slice(end)}`;
  }
  return rest;
}
