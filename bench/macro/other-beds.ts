import { Bed } from './bed.ts';
import { fill } from './fill.ts';
import { type Bench, describeLoad, inTurns, loadSteps, type Targets } from './load-steps.ts';
import { fillMemcached, loadMemcached, MEMCACHED_LOADS } from './memcached-load.ts';
import type { Step } from './steps.ts';
import { inFrontOfCluster, type Subject, speaking } from './subjects.ts';
import { fillsOf, type Workload } from './workloads.ts';

// What each target's name ends with.
export const UNIX = ', unix sockets';
export const MEMCACHED = ', memcached';
export const CLUSTER = ', cluster of 3';
export const PLAIN_SERVERS = ', 3 servers';

export const CLUSTER_NODES = 3;
const START_SECONDS = 4;
const LOAD_MS = 1_000;
const QUICK_LOAD_MS = 300;

/** A proxy, the servers behind it, and what it is called. */
interface Placed {
  readonly subject: Subject;
  readonly bed: Bed;
  readonly name: string;
}

/** Unix sockets on both sides. */
export function unixSteps(
  bench: Bench,
  subjects: readonly Subject[],
  workloads: readonly Workload[],
): Step[] {
  const bed = bedOf(bench, new Bed({ unix: true }));
  const placed = subjects.map((subject) => ({ subject, bed, name: subject.name + UNIX }));
  return placedSteps(bench, 'unix-sockets', placed, workloads);
}

/** A Redis Cluster, beside as many plain servers. */
export function clusterSteps(
  bench: Bench,
  subjects: readonly Subject[],
  workloads: readonly Workload[],
): Step[] {
  const cluster = bedOf(bench, new Bed({ cluster: true, servers: CLUSTER_NODES }));
  const plain = bedOf(bench, new Bed({ servers: CLUSTER_NODES }));
  const placed = subjects.flatMap((subject): Placed[] => {
    const inFront = inFrontOfCluster(subject);
    if (inFront === null) return [];
    return [
      { subject, bed: plain, name: subject.name + PLAIN_SERVERS },
      { subject: inFront, bed: cluster, name: subject.name + CLUSTER },
    ];
  });
  return placedSteps(bench, 'cluster', placed, workloads);
}

function bedOf({ beds }: Bench, bed: Bed): Bed {
  beds.push(bed);
  return bed;
}

function placedSteps(
  bench: Bench,
  scenario: string,
  placed: readonly Placed[],
  workloads: readonly Workload[],
): Step[] {
  const names = placed.map(({ name }) => name);
  const targets: Targets = {
    target: (name) => (placed.find((it) => it.name === name) as Placed).bed.target(name),
  };
  const loads = workloads.flatMap((it) => loadSteps(bench, scenario, it, names, targets));
  return around(scenario, placed, (it) => fill(it, fillsOf(workloads)), loads);
}

/** memcached, whose load is made by a closed loop of our own. */
export function memcachedSteps(bench: Bench, subjects: readonly Subject[]): Step[] {
  const { options, results } = bench;
  const bed = bedOf(bench, new Bed({ protocol: 'memcached' }));
  const placed = speaking('memcached', subjects).map((subject) => ({
    subject,
    bed,
    name: subject.name + MEMCACHED,
  }));
  const milliseconds = options.quick ? QUICK_LOAD_MS : LOAD_MS;
  const scenario = 'memcached';
  const loads = MEMCACHED_LOADS.flatMap(({ name: workload, load }) =>
    inTurns(options.rounds, placed).map(([round, { name: target }]) => ({
      name: `${workload}, round ${round + 1} of ${options.rounds}, ${target}`,
      seconds: 3,
      run: async () => {
        const figures = await loadMemcached(load, bed.target(target), milliseconds);
        results.load.push({ scenario, workload, target, round, ...figures });
        return describeLoad(figures);
      },
    })),
  );
  return around(scenario, placed, fillMemcached, loads);
}

/** Starts servers and proxies, writes the values, and stops all behind the load. */
function around(
  scenario: string,
  placed: readonly Placed[],
  fillThrough: (target: ReturnType<Bed['target']>) => Promise<void>,
  loads: readonly Step[],
): Step[] {
  const beds = [...new Set(placed.map(({ bed }) => bed))];
  return [
    {
      name: `${scenario}, starting servers`,
      seconds: START_SECONDS,
      run: async () => {
        for (const bed of beds) await bed.startServers();
        return 'done';
      },
    },
    ...placed.map(({ subject, bed, name }) => ({
      name: `${scenario}, starting and filling ${name}`,
      seconds: START_SECONDS,
      run: async () => {
        const ms = await bed.startProxy(subject, name);
        await fillThrough(bed.target(name));
        return `${ms.toFixed(0)} ms`;
      },
    })),
    ...loads,
    {
      name: `${scenario}, stopping`,
      seconds: START_SECONDS,
      run: async () => {
        for (const bed of beds) await bed.stop();
        return 'done';
      },
    },
  ];
}
