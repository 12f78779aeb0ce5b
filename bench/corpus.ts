import { Random } from './random.ts';

// Windows of requests and replies as they come from real life, the same bytes on every run.

/** What a receive window holds at most. */
export const WINDOW_SIZE = 64 * 1024;

const SEED = 20120612;

/** Whole frames, together at most WINDOW_SIZE bytes. */
export interface Corpus {
  readonly name: string;
  readonly bytes: Buffer;
  readonly frames: number;
}

export type Shape = (random: Random) => string;

const MIXED_REQUESTS: readonly [weight: number, shape: Shape][] = [
  [60, (random) => request('GET', key(random))],
  [12, (random) => request('SET', key(random), random.text(random.integer(1, 64)))],
  [3, (random) => request('SET', key(random), random.text(1024))],
  [4, (random) => request('SET', key(random), random.text(32), 'EX', '3600')],
  [5, (random) => request('hget', key(random), random.text(random.integer(4, 16)))],
  [4, (random) => request('INCR', key(random))],
  [3, (random) => request('EXPIRE', key(random), String(random.integer(1, 86400)))],
  [3, (random) => request('ZADD', key(random), String(random.integer(1, 1e6)), random.text(12))],
  [3, (random) => request('LPUSH', key(random), random.text(random.integer(20, 200)))],
  [2, (random) => request('DEL', key(random))],
  [1, (random) => mget(random, 10)],
];

const REQUESTS: readonly [name: string, shape: Shape][] = [
  // 47 bytes: a name of three letters and a key of 27.
  ['get-47', (random) => request('GET', `session:${random.text(19, '0123456789abcdef')}`)],
  ['set-small', (random) => request('SET', key(random), random.text(random.integer(1, 64)))],
  ['set-1k', (random) => request('SET', key(random), random.text(1024))],
  ['mget-10', (random) => mget(random, 10)],
  ['mget-100', (random) => mget(random, 100)],
  ['mixed', (random) => weighted(random, MIXED_REQUESTS)],
];

const MIXED_REPLIES: readonly [weight: number, shape: Shape][] = [
  [60, smallBulk],
  [20, line],
  [5, (random) => bulk(random.text(1024))],
  [5, nested],
  [10, (random) => array(Array.from({ length: 10 }, () => smallBulk(random)))],
];

const REPLIES: readonly [name: string, shape: Shape][] = [
  ['bulk-small', smallBulk],
  ['bulk-1k', (random) => bulk(random.text(1024))],
  ['array-nested', nested],
  ['line', line],
  ['mixed', (random) => weighted(random, MIXED_REPLIES)],
];

/** The windows of requests, in a fixed order. */
export function requestCorpora(): Corpus[] {
  return REQUESTS.map(([name, shape], i) => fill(name, shape, SEED + i));
}

/** The windows of replies, in a fixed order. */
export function replyCorpora(): Corpus[] {
  return REPLIES.map(([name, shape], i) => fill(name, shape, SEED + 100 + i));
}

/** One MGET of `keys` keys. */
export function mgetRequest(keys: number): Buffer {
  return Buffer.from(mget(new Random(SEED), keys), 'latin1');
}

/** The reply to an MGET: `elements` bulks of 1 to 64 bytes, some of them null. */
export function arrayReply(elements: number, seed: number = SEED): Buffer {
  const random = new Random(seed);
  const parts = Array.from({ length: elements }, () => smallBulk(random));
  return Buffer.from(array(parts), 'latin1');
}

/** `count` keys of exactly `length` bytes, one behind the other. */
export function keysOfLength(length: number, count: number): Buffer {
  return Buffer.from(new Random(SEED + length).text(length * count), 'latin1');
}

/** Frames of a shape until the next one would not fit into a window. */
export function fill(name: string, shape: Shape, seed: number): Corpus {
  const random = new Random(seed);
  const parts: string[] = [];
  let size = 0;
  for (;;) {
    const frame = shape(random);
    if (size + frame.length > WINDOW_SIZE) break;
    parts.push(frame);
    size += frame.length;
  }
  return { name, bytes: Buffer.from(parts.join(''), 'latin1'), frames: parts.length };
}

export function weighted(random: Random, shapes: readonly [number, Shape][]): string {
  let total = 0;
  for (const [weight] of shapes) total += weight;
  let left = random.next() * total;
  for (const [weight, shape] of shapes) {
    left -= weight;
    if (left < 0) return shape(random);
  }
  throw new Error('the weights do not add up');
}

/** Keys as applications name them, 8 to 60 bytes. */
export function key(random: Random): string {
  const head = random.pick(['user:', 'session:', 'cart:', 'page:cache:/articles/', 'q:']);
  return head + random.text(random.integer(6, 38));
}

function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map(bulk).join('')}`;
}

function mget(random: Random, keys: number): string {
  return request('MGET', ...Array.from({ length: keys }, () => key(random)));
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function array(parts: readonly string[]): string {
  return `*${parts.length}\r\n${parts.join('')}`;
}

function smallBulk(random: Random): string {
  return random.next() < 0.05 ? '$-1\r\n' : bulk(random.text(random.integer(1, 64)));
}

function line(random: Random): string {
  return random.next() < 0.5 ? '+OK\r\n' : `:${random.integer(0, 10 ** random.integer(1, 9))}\r\n`;
}

/** Entries of a stream: an id and its fields, as XRANGE answers. */
function nested(random: Random): string {
  const entry = (): string =>
    array([
      bulk(`${random.integer(1e12, 2e12)}-${random.integer(0, 9)}`),
      array(['name', random.text(12), 'value', random.text(8)].map(bulk)),
    ]);
  return array(Array.from({ length: random.integer(1, 10) }, entry));
}
