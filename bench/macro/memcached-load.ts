import { ClosedLoop } from '../slices/closed-loop.ts';
import { fillOf, LOADS, type Load, writesOf } from '../slices/loads.ts';
import type { Target } from './bed.ts';
import { Latencies } from './latencies.ts';
import type { LoadFigures } from './load.ts';
import { usageOf } from './process-usage.ts';

const CONNECTIONS = 50;
const FILL_CLIENTS = 20;
const WARM_UP_MS = 1_500;

/** What is asked of memcached, by the name of its workload. */
export const MEMCACHED_LOADS: readonly { name: string; title: string; load: Load }[] = [
  { name: 'memcached-depth1-get', title: 'memcached get, depth 1', load: find(1, 1) },
  { name: 'memcached-depth16-get', title: 'memcached get, depth 16', load: find(16, 1) },
  { name: 'memcached-get-100', title: 'memcached get of 100 keys', load: find(1, 100) },
];

/** @throws RangeError when bench:slices has no such load */
function find(depth: number, keys: number): Load {
  const found = LOADS.find(
    (it) =>
      it.protocol === 'memcached' &&
      it.connections === CONNECTIONS &&
      it.depth === depth &&
      it.keys === keys,
  );
  if (found === undefined) throw new RangeError(`no load of depth ${depth} with ${keys} keys`);
  return found;
}

/** Sets all keys. */
export async function fillMemcached({ port }: Target): Promise<void> {
  const { requests, replyBytes } = fillOf('memcached');
  const loop = new ClosedLoop(requests, replyBytes);
  try {
    await loop.open(port, FILL_CLIENTS);
    await loop.once();
  } finally {
    loop.close();
  }
}

/** Puts `target` under load for so long, after a while that is not measured. */
export async function loadMemcached(
  load: Load,
  { port, pid }: Target,
  milliseconds: number,
): Promise<LoadFigures> {
  const { writes, replyBytes } = writesOf(load);
  const times = new Latencies();
  const loop = new ClosedLoop(writes, replyBytes, (ms) => times.record(ms));
  try {
    await loop.open(port, load.connections);
    await loop.run(WARM_UP_MS);
    const before = usageOf(pid);
    const startAt = performance.now();
    const requests = (await loop.run(milliseconds)) * load.depth;
    const seconds = (performance.now() - startAt) / 1000;
    const after = usageOf(pid);
    return {
      requests,
      cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / requests,
      requestsPerSecond: requests / seconds,
      p50Ms: times.quantileMs(0.5) ?? 0,
      p99Ms: times.quantileMs(0.99) ?? 0,
      rssKib: after.rssKib,
    };
  } finally {
    loop.close();
  }
}
