import { Random } from '../../fuzz/random.ts';
import { switches } from '../../support/acknowledged.ts';
import { delay } from '../../support/wait.ts';
import { acknowledgedBy, type SplitWorld, startSplitWorld, whileWriting } from '../split-brain.ts';

// Random partitions before three real proxies with two workers each, a master with two replicas and
// three witnesses: who acknowledges, and how many promotions there are.

const CUT_MS = 8_000;
/** After a promotion nothing is done to a shard for so long. */
const QUIET_MS = 15_000;

interface Round {
  readonly what: string;
  readonly promotions: number;
  readonly acknowledged: number;
  readonly errors: number;
  /** Whose word writes got, one after the other. */
  readonly masters: number;
}

/** One or two parties against the others, or against some of them. */
function cutSome(
  { network, members, witnesses, proxies }: SplitWorld,
  random: Random,
  master: string,
): string {
  const names = [
    ...members.keys(),
    ...witnesses.map((_, i) => `w${i}`),
    ...proxies.map((_, i) => `p${i}`),
  ];
  const some = new Set([random.once(3) ? random.pick(names) : master, random.pick(names)]);
  const others = names.filter((name) => !some.has(name) && !random.once(4));
  for (const one of some) for (const other of others) network.part(one, other);
  return `${[...some].join(' ')} | ${others.join(' ')}`;
}

async function round(world: SplitWorld, random: Random): Promise<Round> {
  await world.settled();
  const before = await world.epoch();
  const old = (await world.master()) as string;
  let what = '';
  const writers = await whileWriting(world, async (running) => {
    what = cutSome(world, random, old);
    await delay(CUT_MS);
    world.network.heal();
    await world.settled();
    const master = (await world.master()) as string;
    const server = world.members.get(master);
    if (server !== undefined) await acknowledgedBy(running, server, 60_000);
  });
  const promotions = (await world.epoch()) - before;
  if (promotions > 0) await delay(QUIET_MS);
  const { all, errors } = writers;
  return { what, promotions, acknowledged: all.length, errors, masters: switches(all).length };
}

/** @returns lines of a table */
export async function partitionReport(runs: number): Promise<string[]> {
  const world = await startSplitWorld({ proxies: 3, workers: 2, replicas: 2 });
  const random = new Random(Date.now());
  const rows: string[] = [];
  let wrong = 0;
  for (let run = 0; run < runs; run++) {
    const { what, promotions, acknowledged, errors, masters } = await round(world, random);
    if (masters - 1 > promotions) wrong++;
    const cut = what.replace('|', '×');
    rows.push(`| ${cut} | ${promotions} | ${masters} | ${acknowledged} | ${errors} |`);
    console.error(rows.at(-1));
  }
  await world.stop();
  return [
    `Partitions: ${runs}, 3 proxies with 2 workers each, a master (m0 at first) with 2 replicas,`,
    `3 witnesses, down_after 1000; ${wrong} with more masters that acknowledge than there should be`,
    '',
    '| cut off from each other for 8 s | promotions | masters that acknowledged, in turn | writes | errors |',
    '|---|---|---|---|---|',
    ...rows,
  ];
}
