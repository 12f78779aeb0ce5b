// npm run bench:check: is the working tree slower than a git ref?
//
// The ref is checked out and built in a temporary git worktree. The tree, the ref, and the ref a
// second time then run in turn, round by round, so what the machine does meanwhile meets all of them;
// the ref beside itself shows the noise of this very run. verdict.ts says what counts as slower. Among
// a hundred figures some look slower by chance: those are measured once more, in as many new rounds,
// and only what is slower both times fails the check (exit code 1).

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureServers } from '../../test/support/real-servers.ts';
import { runMain, UsageError } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { checkedWorkloads, measureEndToEnd } from './end-to-end.ts';
import type { Builds, Figure } from './figures.ts';
import { measureMicro, microCases } from './micro.ts';
import { CHECK_USAGE, type CheckOptions, parseCheckOptions } from './options.ts';
import { Checkout, chooseReference } from './reference.ts';
import { type CheckReport, checkTable, confirmed, slower, summary } from './report.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.on(signal, () => process.exit(128 + number)); // handlers of 'exit' put things away
}

await runMain(CHECK_USAGE, (argv) => run(parseCheckOptions(argv)), 2);

async function run(options: CheckOptions): Promise<void> {
  const { rounds, only } = options;
  const cases = options.micro ? microCases(only) : [];
  const workloads = options.endToEnd ? checkedWorkloads(only) : [];
  if (cases.length + workloads.length === 0) throw new UsageError(`nothing contains ${only}`);
  if (workloads.length > 0) ensureServers();
  const machine = thisMachine();
  const reference = chooseReference(ROOT, options.ref);
  console.log(describeMachine(machine));
  console.log(`reference: ${reference.subject} (${reference.reason})`);
  const checkout = new Checkout(ROOT);
  console.error('building the reference ...');
  await checkout.build(reference.commit);
  const builds: Builds = { tree: ROOT, ref: checkout.dir, again: checkout.dir };

  const measure = async (names: (name: string) => boolean): Promise<Figure[]> => {
    const microNames = cases.filter(names);
    const loads = workloads.filter(({ name }) => names(name));
    return [
      ...(microNames.length > 0 ? await measureMicro(builds, microNames, rounds) : []),
      ...(loads.length > 0 ? await measureEndToEnd(builds, loads, rounds) : []),
    ];
  };
  const figures = await measure(() => true);
  if (figures.length === 0) throw new UsageError(`the reference has nothing that contains ${only}`);
  console.log(`\n${checkTable(figures)}`);
  const suspects = slower(figures).map(({ name }) => name.split(' ')[0]);
  const again = suspects.length > 0 ? await measure((name) => suspects.includes(name)) : [];
  if (again.length > 0) console.log(`\nmeasured again\n\n${checkTable(again)}`);
  console.log(`\n${summary(figures, again)}`);
  if (confirmed(figures, again).length > 0) process.exitCode = 1;
  if (options.json === null) return;
  const report: CheckReport = { machine, reference, figures, again };
  writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
}
