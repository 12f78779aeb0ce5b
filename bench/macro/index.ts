// npm run bench:e2e: ringway beside other proxies, in front of the same four Redis servers.
// docs/benchmarks.md says how it measures and what came out.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ensureServers, findBinary } from '../../test/support/real-servers.ts';
import { UsageError } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { fill } from './fill.ts';
import { findLoadProgram, load, WARMUP_SHARE } from './load.ts';
import { MACRO_USAGE, type MacroOptions, parseMacroOptions } from './options.ts';
import { type MacroReport, macroTables, type Run } from './report.ts';
import { Bed, NUTCRACKER, type Target } from './targets.ts';
import { FILLS } from './workloads.ts';

const QUICK_SHARE = 4;

try {
  await run(parseMacroOptions(process.argv.slice(2)));
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(`ringway: ${(error as Error).message}${isUsage ? `\n\n${MACRO_USAGE}` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}

async function run(options: MacroOptions): Promise<void> {
  ensureServers();
  const program = findLoadProgram();
  const programs = versions(program);
  console.log(describeMachine(thisMachine()));
  for (const [name, text] of Object.entries(programs)) console.log(`${name}: ${text}`);
  const bed = new Bed();
  try {
    console.error('starting servers and proxies ...');
    await bed.start(options);
    for (const { name, port } of bed.targets) {
      console.error(`filling through ${name} ...`);
      await fill(port, FILLS);
    }
    const runs = await runAll(program, options, bed.targets);
    const titles = new Map(options.workloads.map(({ name, title }) => [name, title]));
    const hasNutcracker = bed.targets.some(({ name }) => name === NUTCRACKER);
    const reference = hasNutcracker ? NUTCRACKER : bed.targets[0].name;
    console.log(`\n${macroTables(runs, titles, reference)}`);
    if (options.json === null) return;
    const report: MacroReport = { machine: thisMachine(), programs, runs };
    writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
  } finally {
    await bed.stop();
  }
}

/** Round by round, workload by workload, every target once, in turning order. */
async function runAll(
  program: string,
  options: MacroOptions,
  targets: readonly Target[],
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const workload of options.workloads) {
    const requests = Math.ceil(workload.requests / (options.quick ? QUICK_SHARE : 1));
    for (const target of targets) {
      console.error(`warming up ${workload.name}, ${target.name}`);
      await load(program, workload, target, Math.ceil(workload.requests / WARMUP_SHARE));
    }
    for (let round = 0; round < options.rounds; round++) {
      for (let i = 0; i < targets.length; i++) {
        const target = targets[(i + round) % targets.length];
        const one = { round, ...(await load(program, workload, target, requests)) };
        runs.push(one);
        const figures = `${one.cpuUs.toFixed(2)} µs, ${one.requestsPerSecond.toFixed(0)} req/s`;
        console.error(`${workload.name} ${round + 1}/${options.rounds} ${target.name}: ${figures}`);
      }
    }
  }
  return runs;
}

function versions(program: string): Record<string, string> {
  const found: Record<string, string> = { 'load generator': firstLine(program, ['--version']) };
  const server = findBinary(['redis-server', 'valkey-server']);
  if (server !== undefined) found['server'] = firstLine(server, ['--version']);
  const nutcracker = findBinary([NUTCRACKER]);
  if (nutcracker !== undefined) found[NUTCRACKER] = firstLine(nutcracker, ['-V']);
  return found;
}

/** Some programs print their version to standard error. */
function firstLine(program: string, args: readonly string[]): string {
  const command = ['-c', '"$0" "$@" 2>&1', program, ...args];
  const output = execFileSync('sh', command, { encoding: 'utf8' });
  return output.split('\n')[0].trim();
}
