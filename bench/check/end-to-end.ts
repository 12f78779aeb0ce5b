import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, type Target } from '../macro/bed.ts';
import { fill } from '../macro/fill.ts';
import { findLoadProgram, load } from '../macro/load.ts';
import { ringway } from '../macro/subjects.ts';
import { fillsOf, WORKLOADS, type Workload } from '../macro/workloads.ts';
import { type Builds, type Figure, Samples, turning } from './figures.ts';
import { SIDES, type Side } from './verdict.ts';

const NAMES = ['depth1-get', 'depth16-get', 'depth64-get', 'depth16-set', 'mget-100'];

/** The workloads to be compared whose names contain `only`. */
export function checkedWorkloads(only: string): Workload[] {
  return WORKLOADS.filter(({ name }) => NAMES.includes(name) && name.includes(only));
}

/** Each round has fresh proxies, warmed up, in front of servers that stay. */
export async function measureEndToEnd(
  builds: Builds,
  workloads: readonly Workload[],
  rounds: number,
): Promise<Figure[]> {
  const program = findLoadProgram();
  const samples = new Samples('CPU µs');
  const bed = new Bed();
  try {
    await bed.startServers();
    for (let round = 0; round < rounds; round++) {
      const proxies = new Map<Side, Target>();
      for (const side of turning(round)) {
        const subject = ringway('auto', { cli: commandLine(builds[side]) });
        await bed.startProxy(subject, side);
        proxies.set(side, bed.target(side));
      }
      if (round === 0) await fill(bed.target(SIDES[0]), fillsOf(workloads));
      for (const workload of workloads) {
        console.error(`end to end, round ${round + 1}/${rounds}: ${workload.name}`);
        // As many to warm up: V8's compilers need it.
        for (const target of proxies.values()) {
          await load(program, workload, target, workload.requests);
        }
        for (const [side, target] of proxies) {
          const { cpuUs } = await load(program, workload, target, workload.requests);
          samples.add(workload.name, side, cpuUs);
        }
      }
      await bed.stopProxies();
    }
    return samples.figures();
  } finally {
    await bed.stop();
  }
}

/** A commit from before the bundle has the compiled sources alone. */
function commandLine(build: string): string {
  const bundled = join(build, 'build/cli/ringway.js');
  return existsSync(bundled) ? bundled : join(build, 'build/src/cli.js');
}
