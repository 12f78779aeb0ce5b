import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allCases } from '../micro/cases.ts';
import type { MicroReport } from '../micro/report.ts';
import { subjects } from '../micro/subjects.ts';
import { ChildError, runToEnd } from './children.ts';
import { type Builds, type Figure, Samples, turning } from './figures.ts';

/** Cases by parts of their names; each part is one process per build and round. */
const GROUPS = [
  'scan-hash-route',
  'scan-slots',
  'chunk/',
  'scan-replies',
  'split-',
  'fragment/',
  'coalesce/',
];

/** Of a benchmark that has no case of that name: the reference may be older than the case. */
const NO_SUCH_CASE = 2;

/** The cases to be compared whose names contain `only`. */
export function microCases(only: string): string[] {
  const names = allCases(subjects()).map(({ name }) => name);
  return names.filter(
    (name) => name.includes(only) && GROUPS.some((group) => name.includes(group)),
  );
}

/**
 * Runs the cases with each build's own benchmark, in processes of their own: what a process happens
 * to get (addresses, what the compilers decide) then differs from round to round, and not only
 * between the builds.
 */
export async function measureMicro(
  builds: Builds,
  names: readonly string[],
  rounds: number,
): Promise<Figure[]> {
  const wanted = new Set(names);
  const samples = new Samples('ns');
  const parts = names.length > GROUPS.length ? GROUPS : names;
  for (let round = 0; round < rounds; round++) {
    for (const part of parts) {
      if (!names.some((name) => name.includes(part))) continue;
      console.error(`codecs, round ${round + 1}/${rounds}: ${part}`);
      for (const side of turning(round)) {
        for (const { name, codec, nsPerItem } of await runCases(builds[side], part)) {
          if (wanted.has(name)) samples.add(`${name} ${codec}`, side, nsPerItem);
        }
      }
    }
  }
  return samples.figures();
}

async function runCases(build: string, part: string): Promise<MicroReport['measurements']> {
  const dir = mkdtempSync(join(tmpdir(), 'ringway-check-'));
  try {
    const file = join(dir, 'report.json');
    const program = join(build, 'build/bench/micro/index.js');
    await runToEnd(process.execPath, [program, '--only', part, '--quick', '--json', file], build);
    return (JSON.parse(readFileSync(file, 'utf8')) as MicroReport).measurements;
  } catch (error) {
    if (error instanceof ChildError && error.exitCode === NO_SUCH_CASE) return [];
    throw error;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
