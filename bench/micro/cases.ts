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
import { RING_POOL, SINGLE_POOL, type Subject } from './subjects.ts';
import { assignPlaces, scanAll, scanWindow, windowCase } from './window-case.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/** Everything that is measured, what matters most first. */
export function allCases(list: readonly Subject[]): Case[] {
  const requests = requestCorpora();
  return [
    ...requests.map((corpus) => requestCase('scan', corpus, list, SINGLE_POOL)),
    ...requests.map((corpus) => requestCase('scan-hash-route', corpus, list, RING_POOL)),
    ...requests.map((corpus) => chunkCase(corpus, list)),
    ...replyCorpora().map((corpus) => replyCase(corpus, list)),
    ...requests.map((corpus) => gatherCase(corpus, list)),
    ...multikeyCases(list),
    ...memcacheCases(list),
    ...hashCases(list),
    ...batchCases(list),
    ...keyLengthCases(list),
  ];
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

function scanReplyWindow(codec: Codec, end: number): number {
  return scanAll(codec, (start) => codec.scanReplies(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS));
}
