// npm run bench: the codecs against each other on one corpus. docs/benchmarks.md says what it means.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HASH_NAMES } from '../../src/hash/index.ts';
import { UsageError } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { allCases } from './cases.ts';
import { microCharts } from './charts.ts';
import { type Effort, type Measurement, measure } from './measure.ts';
import { MICRO_USAGE, type MicroOptions, parseMicroOptions } from './options.ts';
import { measureWith, nodeTable } from './other-nodes.ts';
import {
  comparison,
  crossoversOf,
  crossoverTable,
  type MicroReport,
  resultTable,
} from './report.ts';
import { subjects } from './subjects.ts';

const WINDOWS: Effort = { rounds: 5, timeMs: 40, warmupMs: 60 };
const HASHES: Effort = { rounds: 3, timeMs: 25, warmupMs: 20 };

try {
  await run(parseMicroOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${MICRO_USAGE}`);
  process.exitCode = 2;
}

async function run(options: MicroOptions): Promise<void> {
  // Before anything is measured: a mistake should not cost minutes.
  const before = options.compare === null ? null : readReport(options.compare);
  console.log(describeMachine(thisMachine()));
  const list = subjects();
  const cases = allCases(list).filter(({ name }) => name.includes(options.only));
  if (cases.length === 0) throw new UsageError(`no case contains ${options.only}`);
  const measurements: Measurement[] = [];
  for (let i = 0; i < cases.length; i++) {
    const it = cases[i];
    console.error(`[${i + 1}/${cases.length}] ${it.name}`);
    const effort = it.name.startsWith('hash/') ? HASHES : WINDOWS;
    measurements.push(...(await measure(it, options.quick ? third(effort) : effort)));
  }
  const crossovers = [
    ...crossoversOf(measurements, 'batch', 'requests per call'),
    ...crossoversOf(measurements, 'key-length', 'bytes'),
    ...HASH_NAMES.flatMap((hash) => crossoversOf(measurements, `hash/${hash}`, 'bytes')),
  ];
  console.log(`\nns per frame, word, element or key\n\n${resultTable(measurements)}`);
  if (crossovers.length > 0) console.log(`\n${crossoverTable(crossovers)}`);
  if (before !== null) console.log(`\n${comparison(before, measurements)}`);
  const otherNodes = options.nodes.map((program) => {
    console.error(`the same with ${program}`);
    return measureWith(program, process.argv[1], options);
  });
  const report: MicroReport = { machine: thisMachine(), measurements, crossovers, otherNodes };
  if (otherNodes.length > 0) console.log(`\n${nodeTable([report, ...otherNodes])}`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
  if (options.svg !== null) draw(report, options.svg);
}

function draw(report: MicroReport, dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (const [file, svg] of microCharts(report)) writeFileSync(join(dir, file), svg);
}

function third(effort: Effort): Effort {
  return { rounds: 3, timeMs: effort.timeMs / 3, warmupMs: effort.warmupMs / 2 };
}

function readReport(file: string): MicroReport {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as MicroReport;
  } catch (error) {
    throw new UsageError(`--compare ${file}: ${(error as Error).message}`);
  }
}
