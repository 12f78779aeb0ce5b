import { availableParallelism } from 'node:os';
import { median } from '../statistics.ts';
import { short } from '../table.ts';
import type { Bed, Target } from './bed.ts';
import { type LoadFigures, load } from './load.ts';
import { runProbe } from './open-loop.ts';
import type { MacroOptions } from './options.ts';
import { usageOf } from './process-usage.ts';
import { type LoadRun, type Results, runsOf } from './results.ts';
import type { Step } from './steps.ts';
import type { Workload } from './workloads.ts';

/** What the steps of a run share. */
export interface Bench {
  readonly program: string;
  readonly options: MacroOptions;
  readonly bed: Bed;
  /** Those of scenarios that need other servers. */
  readonly beds: Bed[];
  readonly results: Results;
}

/** What load is put on. */
export interface Targets {
  target(name: string): Target;
}

const QUICK_SHARE = 4;
const LOAD_SECONDS = 2;
const PROBE_WARMUP_SECONDS = 0.5;
const SEED = 20120612;

/**
 * One workload as fast as it goes: every target is warmed up, then each runs once per round, in
 * turning order.
 */
export function loadSteps(
  bench: Bench,
  scenario: string,
  workload: Workload,
  targets: readonly string[],
  bed: Targets = bench.bed,
): Step[] {
  const { options } = bench;
  const requests = Math.ceil(workload.requests / (options.quick ? QUICK_SHARE : 1));
  const warmup = targets.map((target) => ({
    name: `${workload.name}, warming up ${target}`,
    seconds: LOAD_SECONDS,
    run: async () => {
      // Not shortened by --quick: the optimizing compilers of V8 need it.
      const { program } = bench;
      return describeLoad(await load(program, workload, bed.target(target), workload.requests));
    },
  }));
  const measured = inTurns(options.rounds, targets).map(([round, target]) => ({
    name: `${workload.name}, round ${round + 1} of ${options.rounds}, ${target}`,
    seconds: LOAD_SECONDS,
    run: async () => {
      const figures = await load(bench.program, workload, bed.target(target), requests);
      bench.results.load.push({ scenario, workload: workload.name, target, round, ...figures });
      return describeLoad(figures);
    },
  }));
  return [...warmup, ...measured];
}

/** The same workload at half of the lowest peak, open loop. */
export function halfLoadSteps(
  bench: Bench,
  scenario: string,
  workload: Workload,
  targets: readonly string[],
): Step[] {
  const { options, results, bed } = bench;
  return inTurns(options.rounds, targets).map(([round, target]) => ({
    name: `${workload.name} at half load, round ${round + 1} of ${options.rounds}, ${target}`,
    seconds: options.probeSeconds + PROBE_WARMUP_SECONDS,
    run: async () => {
      const peaks = results.load.filter(
        (run) => run.scenario === scenario && run.workload === workload.name,
      );
      const offeredPerSecond = halfLoad(lowestPeak(peaks, targets), availableParallelism());
      const { port, pid } = bed.target(target);
      const before = usageOf(pid);
      const result = await runProbe({
        port,
        connections: workload.connections,
        command: workload.command,
        keySpace: workload.keySpace,
        depth: workload.depth,
        reply: workload.reply,
        requestsPerSecond: offeredPerSecond,
        warmupSeconds: PROBE_WARMUP_SECONDS,
        seconds: options.probeSeconds,
        // The same arrivals for every target, others in every round.
        seed: SEED + round,
      });
      const after = usageOf(pid);
      const sent = offeredPerSecond * (PROBE_WARMUP_SECONDS + options.probeSeconds);
      const cpuUs = ((after.cpuMs - before.cpuMs) * 1000) / sent;
      const run = { workload: workload.name, target, round, offeredPerSecond, cpuUs, ...result };
      results.halfLoad.push(run);
      const p99 = result.p99Ms === null ? '-' : short(result.p99Ms);
      const behind = result.unanswered > 0 ? `, ${result.unanswered} not answered` : '';
      return `${offeredPerSecond.toFixed(0)} req/s, p99 ${p99} ms${behind}`;
    },
  }));
}

/** Half of what is left of `peak` when the probe keeps one of the cores to itself. */
export function halfLoad(peak: number, cores: number): number {
  return (peak / 2) * (Math.max(1, cores - 1) / cores);
}

/** The lowest of the medians: what the slowest target reaches. */
export function lowestPeak(runs: readonly LoadRun[], targets: readonly string[]): number {
  const peaks = targets.map((target) =>
    median(runsOf(runs, target).map(({ requestsPerSecond }) => requestsPerSecond)),
  );
  return Math.min(...peaks);
}

/** Everything once per round; what begins changes. */
export function inTurns<T>(rounds: number, things: readonly T[]): [round: number, thing: T][] {
  return Array.from({ length: rounds }, (_, round) =>
    things.map((_, i): [number, T] => [round, things[(i + round) % things.length]]),
  ).flat();
}

export function describeLoad({ cpuUs, requestsPerSecond }: LoadFigures): string {
  return `${short(cpuUs)} µs, ${requestsPerSecond.toFixed(0)} req/s`;
}
