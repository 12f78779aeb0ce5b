// npm run bench:slices: CPU per request of ringway and other proxies under the same load. Each is
// loaded for a moment, then the next, in random order and many times: what else the machine does
// meanwhile meets all of them.

import { ensureServers } from '../../test/support/real-servers.ts';
import { commaList, parseOptions, runMain, UsageError, wholeNumber } from '../command-line.ts';
import { describeMachine, thisMachine } from '../machine.ts';
import { Bed, type BedOptions, type Target } from '../macro/bed.ts';
import { type Rival, rival } from '../macro/options.ts';
import { CLUSTER, CLUSTER_NODES, PLAIN_SERVERS } from '../macro/other-beds.ts';
import {
  inFrontOfCluster,
  NUTCRACKER,
  type Subject,
  speaking,
  subjects,
} from '../macro/subjects.ts';
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

async function run(options: Options): Promise<void> {
  ensureServers();
  console.log(describeMachine(thisMachine()));
  const all = subjects(['auto'], options.rivals);
  const rows: string[][] = [];
  for (const place of placesOf(all)) {
    const loads = options.loads.filter(place.isFor);
    if (loads.length > 0) rows.push(...(await measureAt(place, loads, options)));
  }
  const head = ['load', 'proxy', 'CPU µs/req', 'beside', 'ratio', 'its slices', 'req/s'];
  console.log('\nRatios are of the sums; beside them, where the median of the slices is.\n');
  console.log(table(head, rows));
}

/** Proxies that have the same load, and the servers behind them. */
interface Place {
  readonly isFor: (load: Load) => boolean;
  readonly beds: readonly {
    readonly options: BedOptions;
    /** Each is compared with the first, or in front of a cluster with itself before plain ones. */
    readonly proxies: readonly { readonly subject: Subject; readonly name: string }[];
  }[];
}

function placesOf(all: readonly Subject[]): Place[] {
  const inFront = all.filter((subject) => inFrontOfCluster(subject) !== null);
  const servers = CLUSTER_NODES;
  return [
    ...(['redis', 'memcached'] as const).map((protocol): Place => {
      const proxies = speaking(protocol, all).map((subject) => ({ subject, name: subject.name }));
      proxies.sort((a, b) => Number(b.name === NUTCRACKER) - Number(a.name === NUTCRACKER));
      const isFor = (load: Load): boolean => load.protocol === protocol && !load.cluster;
      return { isFor, beds: [{ options: { protocol }, proxies }] };
    }),
    {
      isFor: ({ cluster }) => cluster,
      beds: [
        {
          options: { servers },
          proxies: inFront.map((subject) => ({ subject, name: subject.name + PLAIN_SERVERS })),
        },
        {
          options: { servers, cluster: true },
          proxies: inFront.map((subject) => ({
            subject: inFrontOfCluster(subject) as Subject,
            name: subject.name + CLUSTER,
          })),
        },
      ],
    },
  ];
}

async function measureAt(
  { beds }: Place,
  loads: readonly Load[],
  { rounds, sliceMs }: Options,
): Promise<string[][]> {
  const running = beds.map(({ options, proxies }) => ({ bed: new Bed(options), proxies }));
  const rows: string[][] = [];
  try {
    const targets: Target[] = [];
    for (const { bed, proxies } of running) {
      await bed.startServers();
      for (const { subject, name } of proxies) await bed.startProxy(subject, name);
      const own = proxies.map(({ name }) => bed.target(name));
      await fill(own[0], loads[0].protocol);
      targets.push(...own);
    }
    for (const load of loads) {
      process.stderr.write(`${load.name} ...`);
      const sums = await measure(targets, load, rounds, sliceMs);
      process.stderr.write(' done\n');
      rows.push(...rowsOf(load, sums));
    }
  } finally {
    for (const { bed } of running) await bed.stop();
  }
  return rows;
}

function rowsOf(load: Load, sums: readonly Sums[]): string[][] {
  return sums.map((each) => {
    const base = each.name.replace(CLUSTER, PLAIN_SERVERS);
    const reference = (load.cluster && sums.find(({ name }) => name === base)) || sums[0];
    const ratios = each.slices.map((value, i) => value / reference.slices[i]);
    const { low, high } = medianInterval(ratios);
    return [
      load.name,
      each.name,
      short(perRequest(each)),
      reference.name,
      short(perRequest(each) / perRequest(reference)),
      `${short(low)} – ${short(high)}`,
      (each.requests / each.seconds).toFixed(0),
    ];
  });
}
