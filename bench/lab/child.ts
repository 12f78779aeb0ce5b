// One case in one tier, in a process that has seen nothing else: prints what it took as JSON.
//   node child.js CASE TIER TURN QUICK

import { type Case, type Effort, measureRounds } from '../micro/measure.ts';
import type { Tier } from './case.ts';
import { labCases } from './cases.ts';
import type { ChildResult } from './processes.ts';

const EFFORT: Effort = { rounds: 5, timeMs: 20, warmupMs: 60 };
const QUICK: Effort = { rounds: 3, timeMs: 5, warmupMs: 10 };

const [name, tier, turn, quick] = process.argv.slice(2);
const found = labCases().find((it) => it.name === name);
if (found === undefined) throw new Error(`there is no case ${name}`);
const it = turned(await found.make(), Number(turn));
const result: ChildResult = {
  contestants: (tier as Tier) === 'cold' ? cold(it) : await warm(it),
};
process.stdout.write(JSON.stringify(result));

async function warm(it: Case): Promise<ChildResult['contestants']> {
  const rounds = await measureRounds(it, quick === 'true' ? QUICK : EFFORT);
  return rounds.map(({ codec, nsPerItem }) => ({ name: codec, ns: nsPerItem }));
}

/** The first call of each task: nothing is compiled but what the engine does ahead of it. */
function cold(it: Case): ChildResult['contestants'] {
  return it.tasks.map(({ codec, before, run }) => {
    before();
    const start = process.hrtime.bigint();
    run();
    return { name: codec, ns: [Number(process.hrtime.bigint() - start) / it.items] };
  });
}

/** Each process begins with another contestant: what the first warms up helps all behind it. */
function turned(it: Case, turn: number): Case {
  const { tasks } = it;
  return { ...it, tasks: tasks.map((_, i) => tasks[(i + turn) % tasks.length]) };
}
