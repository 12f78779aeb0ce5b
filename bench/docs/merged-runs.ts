import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MacroReport, Results } from '../macro/results.ts';

const FOLDER = 'bench/results';
const FILE = /^e2e-\d+\.json$/;
/** More rounds than a run has. */
const APART = 1_000;

/** Whole runs of the end-to-end benchmark, and all their rounds as those of one. */
export interface MergedRuns {
  readonly runs: readonly MacroReport[];
  readonly all: MacroReport;
}

/** @throws Error when there is none */
export function readEndToEnd(): MergedRuns {
  const files = readdirSync(FOLDER).filter((file) => FILE.test(file));
  if (files.length === 0) throw new Error(`${FOLDER} has no results of bench:e2e`);
  const texts = files.sort().map((file) => readFileSync(join(FOLDER, file), 'utf8'));
  const runs = texts.map((text) => JSON.parse(text) as MacroReport);
  return { runs, all: mergeRuns(runs) };
}

/** Rounds of one run are paired with rounds of the same run alone. */
export function mergeRuns(runs: readonly MacroReport[]): MacroReport {
  const each = <Name extends keyof Results>(name: Name): Results[Name] =>
    runs.flatMap((report, i) =>
      report[name].map((run) => ({ ...run, round: run.round + i * APART })),
    ) as Results[Name];
  return {
    ...runs[0],
    load: each('load'),
    halfLoad: each('halfLoad'),
    idle: each('idle'),
    start: each('start'),
  };
}
