/** What redis-benchmark is told to do; the same words for every proxy. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly requests: number;
  readonly connections: number;
  /** Requests in flight per connection. */
  readonly depth: number;
  /** Keys are drawn from this many. */
  readonly keySpace: number;
  readonly command: readonly string[];
}

/** Values that must be there before anything is measured. */
export interface Fill {
  readonly prefix: string;
  readonly keys: number;
  readonly bytes: number;
}

/** redis-benchmark puts a number of twelve digits in its place, another one each time. */
const RANDOM = '__rand_int__';
const SMALL: Fill = { prefix: 'key:', keys: 100_000, bytes: 100 };
const MIDDLE: Fill = { prefix: 'middle:', keys: 200, bytes: 16 * 1024 };
const LARGE: Fill = { prefix: 'large:', keys: 16, bytes: 512 * 1024 };

export const FILLS: readonly Fill[] = [SMALL, MIDDLE, LARGE];

const DEPTHS: readonly [depth: number, requests: number][] = [
  [1, 40_000],
  [16, 300_000],
  [64, 600_000],
];

export const WORKLOADS: readonly Workload[] = [
  ...DEPTHS.flatMap(([depth, requests]) => [
    small(`depth${depth}-get`, depth, requests, ['get', name(SMALL)]),
    small(`depth${depth}-set`, depth, requests, ['set', name(SMALL), 'x'.repeat(SMALL.bytes)]),
  ]),
  mget(10, 30_000),
  mget(100, 6_000),
  get('get-16k', MIDDLE, 20_000),
  get('get-512k', LARGE, 1_000),
];

function name(fill: Fill): string {
  return fill.prefix + RANDOM;
}

function small(name: string, depth: number, requests: number, command: string[]): Workload {
  const title = `${command[0].toUpperCase()} ${SMALL.bytes} B, depth ${depth}`;
  return { name, title, requests, connections: 50, depth, keySpace: SMALL.keys, command };
}

function mget(keys: number, requests: number): Workload {
  return {
    name: `mget-${keys}`,
    title: `MGET of ${keys} keys`,
    requests,
    connections: 50,
    depth: 1,
    keySpace: SMALL.keys,
    command: ['mget', ...Array.from({ length: keys }, () => name(SMALL))],
  };
}

function get(workload: string, fill: Fill, requests: number): Workload {
  return {
    name: workload,
    title: `GET ${fill.bytes / 1024} KiB`,
    requests,
    connections: 50,
    depth: 1,
    keySpace: fill.keys,
    command: ['get', name(fill)],
  };
}
