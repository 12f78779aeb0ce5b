import type { ConnectionOptions } from 'node:tls';
import type { Target } from '../macro/bed.ts';
import type { Protocol } from '../macro/configurations.ts';
import { usageOf } from '../macro/process-usage.ts';
import { Random } from '../random.ts';
import { ClosedLoop } from './closed-loop.ts';
import { fillOf, type Load, writesOf } from './loads.ts';

const WARM_UP_MS = 1_500;
const SEED = 7;
const FILL_CLIENTS = 20;

/** A target, and how it is spoken to. */
export interface LoadTarget extends Target {
  /** With TLS, when there are options for it. */
  readonly tls?: ConnectionOptions;
}

/** What one proxy did in one load. */
export interface Sums {
  readonly name: string;
  /** CPU µs per request, slice by slice. */
  readonly slices: number[];
  cpuMs: number;
  requests: number;
  seconds: number;
}

/** CPU µs. */
export function perRequest({ cpuMs, requests }: Sums): number {
  return (cpuMs * 1000) / requests;
}

/** Sets all keys through the first proxy: the others find them on the same servers. */
export async function fill(target: Target, protocol: Protocol): Promise<void> {
  const { requests, replyBytes } = fillOf(protocol);
  const loop = new ClosedLoop(requests, replyBytes);
  try {
    await loop.open(target.port, FILL_CLIENTS);
    await loop.once();
  } finally {
    loop.close();
  }
}

export async function measure(
  targets: readonly LoadTarget[],
  load: Load,
  rounds: number,
  sliceMs: number,
): Promise<Sums[]> {
  const { writes, replyBytes } = writesOf(load);
  const random = new Random(SEED);
  const sums = targets.map(
    ({ name }): Sums => ({ name, slices: [], cpuMs: 0, requests: 0, seconds: 0 }),
  );
  const loops = targets.map(() => new ClosedLoop(writes, replyBytes));
  try {
    for (const [i, loop] of loops.entries()) {
      await loop.open(targets[i].port, load.connections, targets[i].tls);
      await loop.run(WARM_UP_MS);
    }
    for (let round = 0; round < rounds; round++) {
      for (const i of shuffled(targets.length, random)) {
        const before = usageOf(targets[i].pid).cpuMs;
        const startAt = performance.now();
        const requests = (await loops[i].run(sliceMs)) * load.depth;
        const seconds = (performance.now() - startAt) / 1000;
        const cpuMs = usageOf(targets[i].pid).cpuMs - before;
        sums[i].cpuMs += cpuMs;
        sums[i].requests += requests;
        sums[i].seconds += seconds;
        sums[i].slices.push((cpuMs * 1000) / requests);
      }
    }
  } finally {
    for (const loop of loops) loop.close();
  }
  return sums;
}

/** The numbers below `count` in random order. */
function shuffled(count: number, random: Random): number[] {
  const list: number[] = [];
  for (let i = 0; i < count; i++) list.splice(random.integer(0, i), 0, i);
  return list;
}
