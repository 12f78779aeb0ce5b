// npm run bench:lab: the codecs and what others offer, in fresh processes, on several Nodes.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../command-line.ts';
import { describeMachine, type Machine, thisMachine } from '../machine.ts';
import { short, table } from '../table.ts';
import { type LabCase, type Tier, tiersOf } from './case.ts';
import { checkScanner, labCases } from './cases.ts';
import { LAB_USAGE, type LabOptions, parseLabOptions } from './options.ts';
import { measureApart } from './processes.ts';
import {
  claimsOf,
  type LabResult,
  type LabResults,
  RESULTS_VERSION,
  resultsText,
} from './results.ts';

try {
  await run(parseLabOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${LAB_USAGE}`);
  process.exitCode = 2;
}

async function run(options: LabOptions): Promise<void> {
  const cases = labCases().filter(({ name }) => name.includes(options.only));
  if (cases.length === 0) throw new UsageError(`no case contains ${options.only}`);
  const machines = options.nodes.map(machineOf);
  if (!checkScanner()) console.error('no clang for WebAssembly: the scanner in C is left out');
  const found = new Map<
    string,
    { it: LabCase; tier: Tier; at: number; ns: Map<string, number[][]> }
  >();
  // Processes outermost: between two of one case lies all the rest, and whatever the machine does.
  for (let turn = 0; turn < options.processes; turn++) {
    for (let at = 0; at < options.nodes.length; at++) {
      for (const it of cases) {
        for (const tier of tiersOf(it, options.tiers, at === 0)) {
          const key = `${at} ${it.name} ${tier}`;
          console.error(
            `[${turn + 1}/${options.processes}] ${machines[at].node} ${it.name} ${tier}`,
          );
          const entry = found.get(key) ?? { it, tier, at, ns: new Map<string, number[][]>() };
          found.set(key, entry);
          const { name } = it;
          const node = options.nodes[at];
          const { contestants } = await measureApart({
            node,
            name,
            tier,
            turn,
            quick: options.quick,
          });
          for (const { name, ns } of contestants) {
            entry.ns.set(name, [...(entry.ns.get(name) ?? []), [...ns]]);
          }
        }
      }
    }
  }
  options.nodes.forEach((_, at) => {
    const tests = [...found.values()].filter((entry) => entry.at === at).map(resultOf);
    const results: LabResults = { version: RESULTS_VERSION, machine: machines[at], tests };
    console.log(`\n${describeMachine(machines[at])}\n\n${labTable(results)}`);
    if (options.out !== null) write(results, options.out);
  });
}

function resultOf(entry: { it: LabCase; tier: Tier; ns: Map<string, number[][]> }): LabResult {
  const { name, group, unit, note, effect } = entry.it;
  const all = [...entry.ns].map(([contestant, ns]) => ({ name: contestant, ns }));
  // Processes take turns in beginning; the first of the case is what the others are compared with.
  const first = all.findIndex(({ name: contestant }) => contestant === 'js');
  return {
    ...{ name, group, unit, tier: entry.tier },
    ...(note === undefined ? {} : { note }),
    ...(effect === undefined ? {} : { effect }),
    contestants: [...all.splice(first, 1), ...all],
  };
}

/** What another Node says of itself. @throws UsageError when it is none */
function machineOf(node: string): Machine {
  if (node === process.execPath) return thisMachine();
  try {
    const script = 'console.log(JSON.stringify([process.version, process.versions.v8]))';
    const [version, v8] = JSON.parse(execFileSync(node, ['-e', script], { encoding: 'utf8' }));
    return { ...thisMachine(), node: version, v8 };
  } catch (error) {
    throw new UsageError(`--node ${node}: ${(error as Error).message}`);
  }
}

function labTable({ tests }: LabResults): string {
  const rows = tests.flatMap((it) =>
    claimsOf(it).map(({ name, ns, ratio, faster, processes, verdict }, i) => [
      i === 0 ? `${it.name} ${it.tier}` : '',
      name,
      short(ns.median),
      i === 0
        ? ''
        : `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`,
      i === 0 ? '' : `${faster}/${processes} ${verdict}`,
    ]),
  );
  return table(['case', 'contestant', 'ns', 'against the first', 'faster in'], rows);
}

function write(results: LabResults, dir: string): void {
  mkdirSync(dir, { recursive: true });
  const [major] = results.machine.node.slice(1).split('.');
  writeFileSync(join(dir, `lab-node${major}.json`), resultsText(results));
}
