import { availableParallelism, cpus, release, type } from 'node:os';
import { VERSION } from '../src/index.ts';

/** What figures were taken on; they mean little without it. */
export interface Machine {
  readonly ringway: string;
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
}

export function thisMachine(): Machine {
  return {
    ringway: VERSION,
    node: process.version,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    system: `${type()} ${release()} ${process.arch}`,
  };
}

export function describeMachine(machine: Machine): string {
  const { ringway, node, v8, cpu, cores, system } = machine;
  return `ringway ${ringway}, Node ${node} (V8 ${v8}), ${cores} cores of ${cpu}, ${system}`;
}
