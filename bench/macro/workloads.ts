/** Requests of one kind; the same words for every proxy. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly requests: number;
  readonly connections: number;
  /** Requests in flight per connection. */
  readonly depth: number;
  /** Keys are drawn from this many, all of which exist. */
  readonly keySpace: number;
  /** RANDOM stands for the number of a key. */
  readonly command: readonly string[];
  /** What each reply begins with, and how long it is: values have one size. */
  readonly reply: { readonly start: string; readonly bytes: number };
  readonly fill: Fill;
}

/** Values that must be there before anything is measured. */
export interface Fill {
  readonly prefix: string;
  readonly keys: number;
  readonly bytes: number;
}

/** redis-benchmark puts a number of KEY_DIGITS digits in its place, another one each time. */
export const RANDOM = '__rand_int__';
export const KEY_DIGITS = 12;

const CONNECTIONS = 50;
const MANY_CONNECTIONS = 1000;

const SMALL: Fill = { prefix: 'key:', keys: 100_000, bytes: 100 };
const MIDDLE: Fill = { prefix: 'middle:', keys: 200, bytes: 16 * 1024 };
const LARGE: Fill = { prefix: 'large:', keys: 16, bytes: 512 * 1024 };

const DEPTHS: readonly [depth: number, requests: number][] = [
  [1, 50_000],
  [16, 600_000],
  [64, 1_000_000],
];

export const WORKLOADS: readonly Workload[] = [
  ...DEPTHS.flatMap(([depth, requests]) => [
    get(`depth${depth}-get`, `GET 100 B, depth ${depth}`, SMALL, requests, depth),
    set(`depth${depth}-set`, `SET 100 B, depth ${depth}`, requests, depth),
  ]),
  mget(10, 30_000),
  mget(100, 12_000),
  get('get-16k', 'GET 16 KiB', MIDDLE, 20_000),
  get('get-512k', 'GET 512 KiB', LARGE, 3_000),
  {
    ...get('busy-clients', 'GET 100 B, depth 1, 1,000 clients', SMALL, 40_000),
    connections: MANY_CONNECTIONS,
  },
];

/** Others with several keys, whose replies are not all equally long: for what is allocated. */
export const SEVERAL_KEYS: readonly Workload[] = [
  severalKeys('mset-10', 'MSET of 10 keys', ['mset', ...times(10, 'x'.repeat(SMALL.bytes))]),
  severalKeys('del-10', 'DEL of 10 keys', ['del', ...times(10)]),
];

/** @throws RangeError when there is no such workload */
export function workload(name: string): Workload {
  const found = WORKLOADS.find((it) => it.name === name);
  if (found === undefined) throw new RangeError(`no workload is called ${name}`);
  return found;
}

export function fillsOf(workloads: readonly Workload[]): Fill[] {
  return [...new Set(workloads.map(({ fill }) => fill))];
}

function get(name: string, title: string, fill: Fill, requests: number, depth = 1): Workload {
  const reply = { start: '$', bytes: bulkBytes(fill.bytes) };
  return { ...of(fill, depth), name, title, requests, command: ['get', key(fill)], reply };
}

function set(name: string, title: string, requests: number, depth: number): Workload {
  const command = ['set', key(SMALL), 'x'.repeat(SMALL.bytes)];
  return { ...of(SMALL, depth), name, title, requests, command, reply: { start: '+', bytes: 5 } };
}

function mget(keys: number, requests: number): Workload {
  const head = `*${keys}\r\n`;
  return {
    ...of(SMALL, 1),
    name: `mget-${keys}`,
    title: `MGET of ${keys} keys`,
    requests,
    command: ['mget', ...Array.from({ length: keys }, () => key(SMALL))],
    reply: { start: '*', bytes: head.length + keys * bulkBytes(SMALL.bytes) },
  };
}

function severalKeys(name: string, title: string, command: readonly string[]): Workload {
  const reply = { start: '', bytes: 0 };
  return { ...of(SMALL, 1), name, title, requests: 30_000, command, reply };
}

/** So many keys, each with what belongs to it. */
function times(count: number, ...values: readonly string[]): string[] {
  return Array.from({ length: count }, () => [key(SMALL), ...values]).flat();
}

function of(
  fill: Fill,
  depth: number,
): Pick<Workload, 'connections' | 'depth' | 'keySpace' | 'fill'> {
  return { connections: CONNECTIONS, depth, keySpace: fill.keys, fill };
}

function key(fill: Fill): string {
  return fill.prefix + RANDOM;
}

/** `$100`, the value, and two line ends. */
function bulkBytes(valueBytes: number): number {
  return `$${valueBytes}`.length + 2 + valueBytes + 2;
}
