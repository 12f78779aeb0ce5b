import { findBinary } from '../../test/support/real-servers.ts';
import type { Target } from './bed.ts';
import { usageOf } from './process-usage.ts';
import { benchmarkArguments, runBenchmark } from './redis-benchmark.ts';
import type { LoadRun } from './results.ts';
import type { Workload } from './workloads.ts';

const LOAD_PROGRAMS = ['redis-benchmark', 'valkey-benchmark'];

/** @throws Error when no program that makes load is installed */
export function findLoadProgram(): string {
  const program = findBinary(LOAD_PROGRAMS);
  if (program !== undefined) return program;
  throw new Error('redis-benchmark is not on the PATH: install it first');
}

export type LoadFigures = Omit<LoadRun, 'scenario' | 'workload' | 'target' | 'round'>;

/** Puts `target` under load once and measures what that took. */
export async function load(
  program: string,
  workload: Workload,
  target: Target,
  requests: number,
): Promise<LoadFigures> {
  const before = usageOf(target.pid);
  const result = await runBenchmark(program, benchmarkArguments(workload, target, requests));
  const after = usageOf(target.pid);
  const cpuUs = ((after.cpuMs - before.cpuMs) * 1000) / requests;
  return { requests, cpuUs, ...result, rssKib: after.rssKib };
}
