// npm run bench:e2e: ringway beside other proxies, in front of the same four Redis servers.
// docs/benchmarks.md says how it measures and what came out.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensureServers, findBinary } from '../../test/support/real-servers.ts';
import { runMain } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { Bed, DIRECT } from './bed.ts';
import { charts } from './charts.ts';
import { fill } from './fill.ts';
import { findLoadProgram } from './load.ts';
import { type Bench, halfLoadSteps, loadSteps } from './load-steps.ts';
import { MEMCACHED_LOADS } from './memcached-load.ts';
import { MACRO_USAGE, parseMacroOptions, SCENARIOS } from './options.ts';
import {
  halfLoadTable,
  idleTable,
  LEGEND,
  loadTable,
  type Reference,
  startTable,
} from './report.ts';
import { type MacroReport, type Results, reportText } from './results.ts';
import { baseOf, scenarioSteps } from './scenarios.ts';
import { runSteps, type Step } from './steps.ts';
import { NUTCRACKER, PREDIXY, type Subject, speaking, subjects } from './subjects.ts';
import { fillsOf, WORKLOADS } from './workloads.ts';

const COMPARISON = 'comparison';
const START_SECONDS = 1;
const FILL_SECONDS = 4;

await runMain(MACRO_USAGE, run);

async function run(commandLine: readonly string[]): Promise<void> {
  const options = parseMacroOptions(commandLine);
  ensureServers();
  const program = findLoadProgram();
  const list = subjects(options.codecs, options.rivals);
  const programs = versions(program);
  const measuredAt = new Date().toISOString();
  console.log(describeMachine(thisMachine()));
  for (const [name, text] of Object.entries(programs)) console.log(`${name}: ${text}`);
  const results: Results = { load: [], halfLoad: [], idle: [], start: [] };
  const bench: Bench = { program, options, bed: new Bed(), beds: [], results };
  let failure: unknown = null;
  try {
    await runSteps(plan(bench, list), (text) => process.stderr.write(text));
  } catch (error) {
    failure = error; // what was measured until then is shown all the same
    process.stderr.write(': failed\n');
  } finally {
    for (const bed of [bench.bed, ...bench.beds]) await bed.stop();
  }
  const reference = list.find(({ name }) => name === NUTCRACKER)?.name ?? list[0].name;
  console.log(`\n${LEGEND}\n\n${tables(bench, reference).join('\n\n')}`);
  if (options.json !== null) {
    const machine = thisMachine();
    const report: MacroReport = { machine, programs, measuredAt, ...results };
    writeFileSync(options.json, reportText(report));
  }
  if (options.svg !== null) writeCharts(bench, options.svg, reference);
  if (failure !== null) throw failure;
}

/** Everything that will be done, in order. */
function plan(bench: Bench, all: readonly Subject[]): Step[] {
  const { options, bed } = bench;
  const list = speaking('redis', all);
  const names = [...list.map(({ name }) => name), DIRECT];
  const steps: Step[] = [step('starting Redis servers', START_SECONDS, () => bed.startServers())];
  if (options.workloads.length > 0) {
    steps.push(step(`starting ${DIRECT}`, START_SECONDS, () => bed.startDirect()));
    for (const subject of list) {
      const start = (): Promise<number> => bed.startProxy(subject);
      steps.push(step(`starting ${subject.name}`, START_SECONDS, start));
    }
    for (const name of names) {
      const write = (): Promise<void> => fill(bed.target(name), fillsOf(options.workloads));
      steps.push(step(`writing values through ${name}`, FILL_SECONDS, write));
    }
  }
  for (const workload of options.workloads) {
    steps.push(...loadSteps(bench, COMPARISON, workload, names));
    steps.push(...halfLoadSteps(bench, COMPARISON, workload, names));
  }
  return [
    ...steps,
    ...options.scenarios.flatMap((scenario) => scenarioSteps(bench, scenario, all)),
  ];
}

function step(name: string, seconds: number, work: () => Promise<unknown>): Step {
  const run = async (): Promise<string> => {
    await work();
    return 'done';
  };
  return { name, seconds, run };
}

function tables({ results }: Bench, reference: string): string[] {
  const { load, halfLoad, idle, start } = results;
  const proxy: Reference = { name: reference, of: () => reference };
  const direct: Reference = { name: DIRECT, of: () => DIRECT };
  const base: Reference = { name: 'its base', of: baseOf };
  const texts: string[] = [];
  for (const scenario of [COMPARISON, ...SCENARIOS]) {
    for (const { name, title } of [...WORKLOADS, ...MEMCACHED_LOADS]) {
      const runs = load.filter((run) => run.scenario === scenario && run.workload === name);
      if (runs.length === 0) continue;
      if (scenario !== COMPARISON) {
        texts.push(loadTable(`${title}, ${scenario}, full load`, runs, [base], [base]));
        continue;
      }
      texts.push(loadTable(`${title}, full load`, runs, [proxy], [proxy, direct]));
      const own = halfLoad.filter((run) => run.workload === name);
      if (own.length > 0) texts.push(halfLoadTable(`${title}, half load`, own, DIRECT));
    }
  }
  if (idle.length > 0) texts.push(idleTable(idle));
  if (start.length > 0) texts.push(startTable(start));
  return texts;
}

function writeCharts({ results }: Bench, folder: string, reference: string): void {
  const titles = new Map(WORKLOADS.map(({ name, title }) => [name, title]));
  const compared = results.load.filter(({ scenario }) => scenario === COMPARISON);
  mkdirSync(folder, { recursive: true });
  const files = charts(compared, results.halfLoad, { titles, reference, direct: DIRECT });
  for (const [file, svg] of files) writeFileSync(join(folder, file), svg);
}

function versions(program: string): Record<string, string> {
  const found: Record<string, string> = { 'load generator': firstLine(program, ['--version']) };
  for (const [names, option] of [
    [['redis-server', 'valkey-server'], '--version'],
    [['memcached'], '--version'],
    [[NUTCRACKER], '-V'],
    [[PREDIXY], '--version'],
  ] as const) {
    const path = findBinary(names);
    if (path !== undefined) found[names[0]] = firstLine(path, [option]);
  }
  return found;
}

/** Some programs print their version to standard error. */
function firstLine(program: string, args: readonly string[]): string {
  const command = ['-c', '"$0" "$@" 2>&1', program, ...args];
  const output = execFileSync('sh', command, { encoding: 'utf8' });
  // Some name themselves by their path, which is of this machine alone.
  return output.split('\n')[0].replaceAll(program, basename(program)).trim();
}
