import type { Codec } from '../../src/protocol/codec.ts';
import {
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  RECORD_BYTES,
  WINDOW,
} from '../../src/protocol/frame-table.ts';
import { type Corpus, replyCorpora, requestCorpora } from '../corpus.ts';
import { batchCases, keyLengthCases } from './batch-cases.ts';
import { hashCases } from './hash-cases.ts';
import type { Case } from './measure.ts';
import { memcacheCases } from './memcache-cases.ts';
import { multikeyCases } from './multikey-cases.ts';
import { RING_POOL, SINGLE_POOL, SLOTS_POOL, type Subject } from './subjects.ts';
import { assignPlaces, scanAll, scanWindow, windowCase } from './window-case.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/** What makes the cases whose names begin alike, what matters most first. */
const GROUPS: readonly (readonly [begin: RegExp, (list: readonly Subject[]) => Case[]])[] = [
  [/^scan\//, (list) => requestCases('scan', list, SINGLE_POOL)],
  [/^scan-hash-route\//, (list) => requestCases('scan-hash-route', list, RING_POOL)],
  [/^scan-slots\//, (list) => requestCases('scan-slots', list, SLOTS_POOL)],
  [/^chunk\//, (list) => requestCorpora().map((corpus) => chunkCase(corpus, list))],
  [/^scan-replies\//, (list) => replyCorpora().map((corpus) => replyCase(corpus, list))],
  [/^gather\//, (list) => requestCorpora().map((corpus) => gatherCase(corpus, list))],
  [/^(split|fragment|coalesce)/, multikeyCases],
  [/^memcache\//, memcacheCases],
  [/^hash\//, hashCases],
  [/^batch\//, batchCases],
  [/^key-length\//, keyLengthCases],
];

/** Everything that is measured. */
export function allCases(list: readonly Subject[]): Case[] {
  return GROUPS.flatMap(([, make]) => make(list));
}

/** The case of that name; only those of its kind are made. @throws RangeError without one */
export function oneCase(name: string, list: readonly Subject[]): Case {
  for (const [begin, make] of GROUPS) {
    const found = begin.test(name) && make(list).find((it) => it.name === name);
    if (found) return found;
  }
  throw new RangeError(`there is no case ${name}`);
}

function requestCases(what: string, list: readonly Subject[], pool: number): Case[] {
  return requestCorpora().map((corpus) => requestCase(what, corpus, list, pool));
}

function requestCase(what: string, corpus: Corpus, list: readonly Subject[], pool: number): Case {
  return windowCase(`${what}/${corpus.name}`, corpus, list, (codec, end) => {
    if (scanWindow(codec, end, pool) !== corpus.frames) throw new Error('frames are missing');
  });
}

function replyCase(corpus: Corpus, list: readonly Subject[]): Case {
  return windowCase(`scan-replies/${corpus.name}`, corpus, list, (codec, end) => {
    if (scanReplyWindow(codec, end) !== corpus.frames) throw new Error('frames are missing');
  });
}

/** All that happens to a window of requests in memory: scan, walk in JavaScript, gather. */
function chunkCase(corpus: Corpus, list: readonly Subject[]): Case {
  return windowCase(`chunk/${corpus.name}`, corpus, list, (codec, end) => {
    const count = scanWindow(codec, end, RING_POOL);
    assignPlaces(codec, FRAME_TABLE, count);
    codec.gather(FRAME_TABLE, count);
  });
}

/** The copies of a window to the slabs of four servers; the records are made beforehand. */
function gatherCase(corpus: Corpus, list: readonly Subject[]): Case {
  const records = new Map<Codec, Uint32Array>();
  const end = WINDOW + corpus.bytes.length;
  const bounds = [FRAME_WORD, FRAME_WORD + corpus.frames * RECORD_WORDS] as const;
  for (const { codec } of list) {
    codec.arena.bytes.set(corpus.bytes, WINDOW);
    assignPlaces(codec, FRAME_TABLE, scanWindow(codec, end, RING_POOL));
    records.set(codec, codec.arena.words.slice(...bounds));
  }
  return windowCase(
    `gather/${corpus.name}`,
    corpus,
    list,
    (codec) => codec.gather(FRAME_TABLE, corpus.frames),
    (codec) => codec.arena.words.set(records.get(codec) as Uint32Array, FRAME_WORD),
  );
}

export function scanReplyWindow(codec: Codec, end: number): number {
  return scanAll(codec, (start) => codec.scanReplies(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS));
}
