import { short } from '../table.ts';
import { SERVERS } from './bed.ts';
import { fill } from './fill.ts';
import { idleClients, measureIdleClients } from './idle-clients.ts';
import { type Bench, inTurns, loadSteps } from './load-steps.ts';
import type { Scenario } from './options.ts';
import {
  CLUSTER,
  clusterSteps,
  MEMCACHED,
  memcachedSteps,
  PLAIN_SERVERS,
  UNIX,
  unixSteps,
} from './other-beds.ts';
import type { Step } from './steps.ts';
import { NUTCRACKER, ringway, type Subject, speaking } from './subjects.ts';
import { fillsOf, workload } from './workloads.ts';

export const MANY_SERVERS = 1000;
const WORKER_COUNTS = [1, 2];
const WORKLOADS = ['depth1-get', 'depth16-get'].map(workload);
const START_SECONDS = 0.5;
const FILL_SECONDS = 3;
const IDLE_SECONDS = 5;
/** Each round of this one starts a proxy of its own, and the figure is steady. */
const IDLE_ROUNDS = 3;

/** One proxy of a scenario, and what its ratios are taken to. */
interface Variant {
  readonly subject: Subject;
  readonly name: string;
  readonly entries: number;
}

export function scenarioSteps(bench: Bench, scenario: Scenario, all: readonly Subject[]): Step[] {
  const subjects = speaking('redis', all);
  switch (scenario) {
    case 'servers-1000':
      return variantSteps(bench, scenario, manyServers(subjects));
    case 'workers':
      return variantSteps(bench, scenario, workerCounts(bench));
    case 'idle-clients':
      return idleSteps(bench, subjects);
    case 'start-up':
      return startSteps(bench, subjects);
    case 'unix-sockets':
      return unixSteps(bench, subjects, WORKLOADS);
    case 'memcached':
      return memcachedSteps(bench, all);
    case 'cluster':
      return clusterSteps(bench, subjects, WORKLOADS);
  }
}

/**
 * What the ratios of a target are taken to: itself with fewer servers, with one worker, or with a
 * pool of plain servers; nutcracker under the same conditions.
 */
export function baseOf(target: string): string {
  return target
    .replace(serversName('', MANY_SERVERS), serversName('', SERVERS))
    .replace(/--workers \d+$/, `--workers ${WORKER_COUNTS[0]}`)
    .replace(CLUSTER, PLAIN_SERVERS)
    .replace(new RegExp(`^.*(?=(${UNIX}|${MEMCACHED})$)`), NUTCRACKER);
}

function manyServers(subjects: readonly Subject[]): Variant[] {
  return subjects.flatMap((subject) =>
    [SERVERS, MANY_SERVERS].map((entries) => ({
      subject,
      name: serversName(subject.name, entries),
      entries,
    })),
  );
}

function serversName(subject: string, entries: number): string {
  return `${subject}, ${entries} servers`;
}

function workerCounts({ options }: Bench): Variant[] {
  return WORKER_COUNTS.map((count) => {
    const subject = ringway(options.codecs[0], { workers: count });
    return { subject, name: `${subject.name} --workers ${count}`, entries: SERVERS };
  });
}

/** Starts the variants, drives them in turn, and stops them. */
function variantSteps(bench: Bench, scenario: Scenario, variants: readonly Variant[]): Step[] {
  const { bed } = bench;
  const names = variants.map(({ name }) => name);
  return [
    ...variants.map(({ subject, name, entries }) => ({
      name: `${scenario}, starting and filling ${name}`,
      seconds: START_SECONDS + FILL_SECONDS,
      run: async () => {
        const ms = await bed.startProxy(subject, name, entries);
        await fill(bed.target(name), fillsOf(WORKLOADS));
        return `${ms.toFixed(0)} ms`;
      },
    })),
    ...WORKLOADS.flatMap((it) => loadSteps(bench, scenario, it, names)),
    {
      name: `${scenario}, stopping`,
      seconds: START_SECONDS,
      run: async () => {
        for (const name of names) await bed.stopProxy(name);
        return 'done';
      },
    },
  ];
}

function idleSteps({ bed, options, results }: Bench, subjects: readonly Subject[]): Step[] {
  const clients = idleClients();
  const rounds = Math.min(IDLE_ROUNDS, options.rounds);
  return inTurns(rounds, subjects).map(([round, subject]) => ({
    name: `${clients} idle clients, round ${round + 1} of ${rounds}, ${subject.name}`,
    seconds: IDLE_SECONDS,
    run: async () => {
      const name = `${subject.name}, idle`;
      await bed.startProxy(subject, name);
      const { port, pid } = bed.target(name);
      const cost = await measureIdleClients(port, pid, clients);
      await bed.stopProxy(name);
      results.idle.push({ target: subject.name, round, ...cost });
      return `${short((cost.rssAfterKib - cost.rssBeforeKib) / clients)} KiB each`;
    },
  }));
}

function startSteps({ bed, options, results }: Bench, subjects: readonly Subject[]): Step[] {
  return inTurns(options.rounds, subjects).map(([round, subject]) => ({
    name: `start-up, round ${round + 1} of ${options.rounds}, ${subject.name}`,
    seconds: START_SECONDS,
    run: async () => {
      const name = `${subject.name}, start-up`;
      const firstReplyMs = await bed.startProxy(subject, name);
      await bed.stopProxy(name);
      results.start.push({ target: subject.name, round, firstReplyMs });
      return `${firstReplyMs.toFixed(0)} ms`;
    },
  }));
}
