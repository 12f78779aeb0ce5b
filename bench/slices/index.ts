// npm run bench:slices: CPU per request of ringway and other proxies under the same load. Each is
// loaded for a moment, then the next, in random order and many times: what else the machine does
// meanwhile meets all of them.

import { ensureServers } from '../../test/support/real-servers.ts';
import { commaList, parseOptions, runMain, UsageError, wholeNumber } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { Bed } from '../macro/bed.ts';
import { type Rival, rival } from '../macro/options.ts';
import { NUTCRACKER, speaking, subjects } from '../macro/subjects.ts';
import { medianInterval } from '../statistics.ts';
import { short, table } from '../table.ts';
import { LOADS, type Load } from './loads.ts';
import { fill, measure, perRequest, type Sums } from './measure.ts';

const ROUNDS = 30;
const FEWEST_ROUNDS = 5;
const MOST_ROUNDS = 1_000;
const SLICE_MS = 150;
const SHORTEST_SLICE_MS = 20;
const LONGEST_SLICE_MS = 10_000;

const USAGE = `npm run bench:slices -- [options]
  --only LIST    loads whose names begin with one of these:
                 ${LOADS.map(({ name }) => name).join('\n                 ')}
  --rival NAME=COMMAND  another proxy that reads a nutcracker.yml; {conf}, {port} and {stats}
                 are replaced (may be repeated)
  --rounds N     slices of each proxy and load; default ${ROUNDS}
  --slice-ms N   length of a slice; default ${SLICE_MS}`;

interface Options {
  readonly loads: readonly Load[];
  readonly rivals: readonly Rival[];
  readonly rounds: number;
  readonly sliceMs: number;
}

await runMain(USAGE, (argv) => run(parse(argv)));

function parse(argv: readonly string[]): Options {
  const options = parseOptions(argv, {
    only: 'value',
    rival: 'list',
    rounds: 'value',
    'slice-ms': 'value',
  });
  const wanted = commaList(options.value('only') ?? '');
  const loads = LOADS.filter(
    ({ name }) =>
      wanted.length === 0 || wanted.some((part) => name === part || name.startsWith(`${part}-`)),
  );
  if (loads.length === 0) throw new UsageError(`--only: no load begins with ${wanted.join(', ')}`);
  const rounds = options.value('rounds') ?? String(ROUNDS);
  const sliceMs = options.value('slice-ms') ?? String(SLICE_MS);
  return {
    loads,
    rivals: options.list('rival').map(rival),
    rounds: wholeNumber('rounds', rounds, FEWEST_ROUNDS, MOST_ROUNDS),
    sliceMs: wholeNumber('slice-ms', sliceMs, SHORTEST_SLICE_MS, LONGEST_SLICE_MS),
  };
}

async function run({ loads, rivals, rounds, sliceMs }: Options): Promise<void> {
  ensureServers();
  console.log(describeMachine(thisMachine()));
  const all = subjects(['auto'], rivals);
  const rows: string[][] = [];
  for (const protocol of ['redis', 'memcached'] as const) {
    const own = loads.filter((load) => load.protocol === protocol);
    if (own.length === 0) continue;
    const bed = new Bed({ protocol });
    const list = speaking(protocol, all);
    try {
      await bed.startServers();
      for (const subject of list) await bed.startProxy(subject);
      const targets = list.map(({ name }) => bed.target(name));
      await fill(targets[0], protocol);
      for (const load of own) {
        process.stderr.write(`${load.name} ...`);
        const sums = await measure(targets, load, rounds, sliceMs);
        process.stderr.write(' done\n');
        rows.push(...rowsOf(load, sums));
      }
    } finally {
      await bed.stop();
    }
  }
  const reference = referenceOf(all).name;
  const head = ['load', 'proxy', 'CPU µs/req', `to ${reference}`, 'its slices', 'req/s'];
  console.log('\nRatios are of the sums; beside them, where the median of the slices is.\n');
  console.log(table(head, rows));
}

/** What the others are compared with. */
function referenceOf<T extends { readonly name: string }>(list: readonly T[]): T {
  return list.find(({ name }) => name === NUTCRACKER) ?? list[0];
}

function rowsOf(load: Load, sums: readonly Sums[]): string[][] {
  const reference = referenceOf(sums);
  return sums.map((each) => {
    const ratios = each.slices.map((value, i) => value / reference.slices[i]);
    const { low, high } = medianInterval(ratios);
    return [
      load.name,
      each.name,
      short(perRequest(each)),
      short(perRequest(each) / perRequest(reference)),
      `${short(low)} – ${short(high)}`,
      (each.requests / each.seconds).toFixed(0),
    ];
  });
}
