import {
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  PART_TABLE,
  PART_TABLE_RECORDS,
  WINDOW,
} from '../../src/protocol/frame-table.ts';
import { type Corpus, fill, key, type Shape, weighted } from '../corpus.ts';
import { Random } from '../random.ts';
import type { Case } from './measure.ts';
import { RING_POOL, type Subject } from './subjects.ts';
import { scanAll, windowCase } from './window-case.ts';

const SEED = 20030522;
const hex = '0123456789abcdef';

const REQUESTS: readonly [name: string, shape: Shape][] = [
  // 33 bytes: a key of 27, as in get-47.
  ['get-33', (random) => `get session:${random.text(19, hex)}\r\n`],
  ['set-small', (random) => set(random, random.integer(1, 64))],
  ['set-1k', (random) => set(random, 1024)],
  ['get-100', (random) => get(random, 100)],
  ['mg', (random) => `mg ${key(random)} v t f\r\n`],
  [
    'mixed',
    (random) =>
      weighted(random, [
        [70, () => get(random, 1)],
        [12, () => set(random, random.integer(1, 64))],
        [3, () => set(random, 1024)],
        [5, () => `delete ${key(random)}\r\n`],
        [5, () => `incr ${key(random)} 1\r\n`],
        [4, () => `touch ${key(random)} 3600\r\n`],
        [1, () => get(random, 10)],
      ]),
  ],
];

const REPLIES: readonly [name: string, shape: Shape][] = [
  ['hit-small', (random) => `${value(random, random.integer(1, 64))}END\r\n`],
  ['hit-1k', (random) => `${value(random, 1024)}END\r\n`],
  ['miss', () => 'END\r\n'],
  ['stored', () => 'STORED\r\n'],
  ['hits-100', (random) => values(random, 100)],
  ['meta', (random) => `VA 32 t-1 f0\r\n${random.text(32)}\r\n`],
];

/** The memcached scanners and splitters. */
export function memcacheCases(list: readonly Subject[]): Case[] {
  return [
    ...REQUESTS.map(([name, shape], i) => requestCase(fill(name, shape, SEED + i), list)),
    ...REPLIES.map(([name, shape], i) => replyCase(fill(name, shape, SEED + 50 + i), list)),
    splitKeysCase(100, list),
    splitValuesCase(100, list),
  ];
}

function requestCase(corpus: Corpus, list: readonly Subject[]): Case {
  return windowCase(`memcache/scan-hash-route/${corpus.name}`, corpus, list, (codec, end) => {
    const frames = scanAll(codec, (start) =>
      codec.scanMemcacheRequests(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS, RING_POOL),
    );
    if (frames !== corpus.frames) throw new Error('frames are missing');
  });
}

function replyCase(corpus: Corpus, list: readonly Subject[]): Case {
  return windowCase(`memcache/scan-replies/${corpus.name}`, corpus, list, (codec, end) => {
    const frames = scanAll(codec, (start) =>
      codec.scanMemcacheReplies(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS),
    );
    if (frames !== corpus.frames) throw new Error('frames are missing');
  });
}

function splitKeysCase(keys: number, list: readonly Subject[]): Case {
  const bytes = Buffer.from(get(new Random(SEED), keys), 'latin1');
  const corpus = { name: `get-${keys}`, bytes, frames: keys };
  return windowCase(`memcache/split-keys/${keys}`, corpus, list, (codec, end) => {
    const limit = PART_TABLE_RECORDS;
    const count = codec.splitMemcacheKeys(WINDOW, end, PART_TABLE, limit, 0, RING_POOL);
    if (count !== keys) throw new Error('keys are missing');
  });
}

function splitValuesCase(items: number, list: readonly Subject[]): Case {
  const bytes = Buffer.from(values(new Random(SEED), items), 'latin1');
  const corpus = { name: `hits-${items}`, bytes, frames: items };
  return windowCase(`memcache/split-values/${items}`, corpus, list, (codec, end) => {
    const count = codec.splitMemcacheValues(WINDOW, end, PART_TABLE, PART_TABLE_RECORDS);
    if (count !== items) throw new Error('items are missing');
  });
}

function get(random: Random, keys: number): string {
  return `get ${Array.from({ length: keys }, () => key(random)).join(' ')}\r\n`;
}

function set(random: Random, bytes: number): string {
  return `set ${key(random)} 0 3600 ${bytes}\r\n${random.text(bytes)}\r\n`;
}

function value(random: Random, bytes: number): string {
  return `VALUE ${key(random)} 0 ${bytes}\r\n${random.text(bytes)}\r\n`;
}

function values(random: Random, items: number): string {
  const list = Array.from({ length: items }, () => value(random, random.integer(1, 64)));
  return `${list.join('')}END\r\n`;
}
