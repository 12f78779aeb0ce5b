import { readFileSync } from 'node:fs';
import type { Machine } from '../machine.ts';
import { SAME_AGAIN } from '../micro/subjects.ts';
import { median, medianInterval, type Spread, spread } from '../statistics.ts';
import type { Tier } from './case.ts';

/** Raised with every change that a reader of the files would notice. */
export const RESULTS_VERSION = 1;

/** A file of bench/results/: every single figure, so that all else can be computed again. */
export interface LabResults {
  readonly version: typeof RESULTS_VERSION;
  readonly machine: Machine;
  readonly tests: readonly LabResult[];
}

/** One case in one tier. */
export interface LabResult {
  readonly name: string;
  readonly group: string;
  readonly unit: string;
  readonly tier: Tier;
  readonly note?: string;
  readonly effect?: { readonly workload: string; readonly items: number };
  readonly contestants: readonly Contestant[];
}

export interface Contestant {
  readonly name: string;
  /** ns per item: a list per process, a value per round. */
  readonly ns: readonly (readonly number[])[];
}

/** What the figures of one contestant say beside those of the first. */
export interface Claim {
  readonly name: string;
  /** ns per item: the processes' medians. */
  readonly ns: Spread;
  /** How far apart rounds of one process lie: the median of (high - low) / median. */
  readonly within: number;
  /** The first's time divided by this one's, process by process, and the interval of its median. */
  readonly ratio: Spread;
  /** In how many processes it was faster than the first. */
  readonly faster: number;
  readonly processes: number;
  /** Whether it is faster or slower beyond chance: a sign test, 5 % on either side. */
  readonly verdict: 'faster' | 'slower' | 'level';
}

/** A ratio this near to 1 is level whatever the signs say: an A/A run shows as much. */
const LEVEL = 0.02;

/** What a case says: a line per contestant, the first one's too. */
export function claimsOf({ contestants }: LabResult): Claim[] {
  const reference = contestants[0].ns.map(median);
  return contestants.map(({ name, ns }) => {
    const medians = ns.map(median);
    const ratios = medians.map((value, i) => reference[i] / value);
    const ratio = ratios.length >= 5 ? medianInterval(ratios) : spread(ratios);
    const faster = ratios.filter((value) => value > 1).length;
    return {
      name,
      ns: spread(medians),
      within: median(ns.map(roundSpread)),
      ratio,
      faster,
      processes: ratios.length,
      verdict: verdictOf(ratio),
    };
  });
}

function verdictOf({ low, median: middle, high }: Spread): Claim['verdict'] {
  if (Math.abs(middle - 1) < LEVEL) return 'level';
  if (low > 1) return 'faster';
  return high < 1 ? 'slower' : 'level';
}

function roundSpread(rounds: readonly number[]): number {
  const { low, high, median: middle } = spread(rounds);
  return (high - low) / middle;
}

/** The A/A runs of a file: how far from 1 the ratios of two like contestants lie. */
export function sameAgainRatios(results: LabResults, tier: Tier): number[] {
  return results.tests
    .filter((it) => it.tier === tier)
    .flatMap((it) => claimsOf(it).filter(({ name }) => name === SAME_AGAIN))
    .map(({ ratio }) => ratio.median);
}

/** @throws Error when the file is of another version or none of ours */
export function readResults(file: string): LabResults {
  const found = JSON.parse(readFileSync(file, 'utf8')) as Partial<LabResults>;
  if (found.version !== RESULTS_VERSION || !Array.isArray(found.tests)) {
    throw new Error(`${file}: not results of version ${RESULTS_VERSION} of the codec lab`);
  }
  return found as LabResults;
}

/** The text of a file: a line per case, so that differences between two can be read. */
export function resultsText({ version, machine, tests }: LabResults): string {
  const lines = tests.map((it) => `  ${JSON.stringify(it, rounded)}`);
  const head = `"version": ${version},\n "machine": ${JSON.stringify(machine)}`;
  return `{${head},\n "tests": [\n${lines.join(',\n')}\n ]}\n`;
}

/** Four digits are more than any of the figures is worth. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
