import { MEMCACHE_REPLY_CASES } from '../conformance/memcache-replies.ts';
import { MEMCACHE_REQUEST_CASES } from '../conformance/memcache-requests.ts';
import { REPLY_CASES } from '../conformance/replies.ts';
import { REQUEST_CASES } from '../conformance/requests.ts';
import type { Direction } from '../support/codec-replay.ts';
import type { Random } from './random.ts';

// Well-formed frames of each protocol, at random. Mutations make the rest of them.

const LONGEST_SEED = 3_000;

/** Inputs of the conformance cases: what the first mutations begin with. */
export const SEEDS: Readonly<Record<Direction, readonly Buffer[]>> = {
  requests: seeds(REQUEST_CASES),
  replies: seeds(REPLY_CASES),
  'memcache requests': seeds(MEMCACHE_REQUEST_CASES),
  'memcache replies': seeds(MEMCACHE_REPLY_CASES),
};

function seeds(cases: readonly { readonly input: string }[]): Buffer[] {
  const short = cases.filter(({ input }) => input.length > 0 && input.length < LONGEST_SEED);
  return short.map(({ input }) => Buffer.from(input, 'latin1'));
}

const NAMES = ['get', 'SET', 'mget', 'PING', 'EVAL', 'flushall', 'ZRevRange', 'T', 'nope', 'zz'];
const KEYS = ['a', 'key', '{a}b', 'x{}y', '', 'noreply', 'YQ==', 'k'.repeat(250), 'k'.repeat(300)];

function body(random: Random): string {
  if (random.once(3)) return random.pick(KEYS);
  const size = random.once(20) ? random.below(5_000) : random.below(40);
  const letters: string[] = [];
  for (let i = 0; i < size; i++) letters.push(String.fromCharCode(random.below(256)));
  return letters.join('');
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function request(random: Random): string {
  if (random.once(10))
    return random.pick(['PING\r\n', '\r\n', ' \t\n', '*0\r\n', '*-1\r\n', 'a b\n']);
  const words = [random.once(8) ? body(random) : random.pick(NAMES)];
  const count = random.once(15) ? random.below(200) : random.below(6);
  for (let i = 0; i < count; i++) words.push(body(random));
  return `*${words.length}\r\n${words.map(bulk).join('')}`;
}

function reply(random: Random, depth = 0): string {
  switch (random.below(depth > 5 ? 6 : 10)) {
    case 0:
      return random.pick(['+OK\r\n', '-ERR x\r\n', '-OOM x\r\n', '-LOADING\r\n', '-BUSYX y\r\n']);
    case 1:
      return `:${random.pick(['0', '12', '-7', '99999999999999999999'])}\r\n`;
    case 2:
      return random.pick(['$-1\r\n', '*-1\r\n', '_\r\n', '#t\r\n', ',1.5\r\n', '(123\r\n']);
    case 3:
      return `${random.pick(['=', '!'])}${bulk(`txt:${body(random)}`).slice(1)}`;
    case 4:
    case 5:
      return bulk(body(random));
    default:
      return aggregate(random, depth);
  }
}

function aggregate(random: Random, depth: number): string {
  const type = random.pick(['*', '*', '*', '~', '>', '%', '|']);
  const count = random.once(20) ? random.below(100) : random.below(5);
  const items: string[] = [];
  const all = type === '%' || type === '|' ? count * 2 : count;
  for (let i = 0; i < all; i++) items.push(reply(random, depth + 1));
  const own = type === '|' ? reply(random, depth + 1) : '';
  return `${type}${count}\r\n${items.join('')}${own}`;
}

function line(text: string): string {
  return text.replace(/[\r\n]/g, '.');
}

function memcacheRequest(random: Random): string {
  const key = (): string => line(body(random)).replaceAll(' ', '_');
  const end = random.pick(['\r\n', '\r\n', '\r\n', '\n', ' \r\n']);
  if (random.once(3)) {
    const names = ['get', 'gets', 'gat 0', 'mg', 'md', 'ma', 'me', 'delete', 'incr', 'touch', 'mn'];
    const keys = Array.from({ length: random.below(6) }, key);
    return `${random.pick(names)} ${keys.join(' ')}${end}`;
  }
  if (random.once(4)) {
    return random.pick(['version', 'quit', 'stats', 'flush_all', 'verbosity 1', 'mn', '']) + end;
  }
  const data = body(random);
  const more = random.pick(['', '', ' noreply', ' q', ' b', ' 7']);
  if (random.once(3)) return `ms ${key()} ${data.length}${more}${end}${data}\r\n`;
  const name = random.pick(['set', 'add', 'cas', 'append', 'prepend', 'replace']);
  return `${name} ${key()} 0 ${random.pick(['0', '-1'])} ${data.length}${more}${end}${data}\r\n`;
}

const LINES = [
  'STORED',
  'NOT_FOUND',
  'HD Ox',
  'EN',
  'MN',
  '12',
  '17 ',
  'OK',
  'ERROR',
  'SERVER_ERROR x',
];

function memcacheReply(random: Random): string {
  if (random.once(3)) return `${random.pick(LINES)}\r\n`;
  const data = body(random);
  if (random.once(5)) return `VA ${data.length} s1 Oq\r\n${data}\r\n`;
  if (random.once(8)) return 'STAT a b\r\nSTAT c d\r\nEND\r\n';
  const items = Array.from({ length: random.below(4) }, () => {
    const value = body(random);
    const flags = random.pick(['0', '0', '7', '4294967295', '']);
    const cas = random.pick(['', '', ' 7', ' ']);
    return `VALUE ${line(random.pick(KEYS))} ${flags} ${value.length}${cas}\r\n${value}\r\n`;
  });
  return `${items.join('')}${random.once(10) ? 'SERVER_ERROR x' : 'END'}\r\n`;
}

const FRAMES: Readonly<Record<Direction, (random: Random) => string>> = {
  requests: request,
  replies: (random) => reply(random),
  'memcache requests': memcacheRequest,
  'memcache replies': memcacheReply,
};

/** Up to `most` frames of one direction in a row, each perhaps several times. */
export function frames(random: Random, direction: Direction, most: number): Buffer {
  const list: string[] = [];
  for (let i = random.below(most) + 1; i > 0; i--) {
    const frame = FRAMES[direction](random);
    // What the scanners have seen before they take faster.
    const times = frame.length < 200 && random.once(3) ? random.below(20) + 1 : 1;
    list.push(frame.repeat(times));
  }
  return Buffer.from(list.join(''), 'latin1');
}
