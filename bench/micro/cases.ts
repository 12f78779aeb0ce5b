import { HASH_NAMES } from '../../src/hash/index.ts';
import type { Codec } from '../../src/protocol/codec.ts';
import {
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_DEST,
  RECORD_LENGTH,
  RECORD_SERVER,
  SCAN_COMPLETE,
  SCAN_FULL,
  STATE,
  STATE_CONSUMED,
  STATE_DETACHED,
  STATE_PHASE,
  STATE_STATUS,
  WINDOW,
} from '../../src/protocol/frame-table.ts';
import {
  arrayReply,
  type Corpus,
  keysOfLength,
  mgetRequest,
  replyCorpora,
  requestCorpora,
} from '../corpus.ts';
import type { Case } from './measure.ts';
import { memcacheCases } from './memcache-cases.ts';
import { FREE, RING_POOL, SINGLE_POOL, type Subject, unshared } from './subjects.ts';

export const KEY_LENGTHS = [4, 16, 23, 64, 256];
/** Keys hashed, and small requests scanned, per call of a task. */
const KEYS = 1024;
/** Windows per call of a task: small against tinybench's own 60 ns. */
const REPEATS = 8;
const SLAB_BYTES = 0x20000;
const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const STATE_WORD = STATE / 4;

/** Everything that is measured, what matters most first. */
export function allCases(list: readonly Subject[]): Case[] {
  const requests = requestCorpora();
  return [
    ...requests.map((corpus) => requestCase('scan', corpus, list, SINGLE_POOL)),
    ...requests.map((corpus) => requestCase('scan-hash-route', corpus, list, RING_POOL)),
    ...requests.map((corpus) => chunkCase(corpus, list)),
    ...replyCorpora().map((corpus) => replyCase(corpus, list)),
    ...requests.map((corpus) => gatherCase(corpus, list)),
    splitRequestCase(100, list),
    splitReplyCase(100, list),
    ...memcacheCases(list),
    ...HASH_NAMES.flatMap((hash, kind) =>
      KEY_LENGTHS.map((length) => hashCase(hash, kind, length, list)),
    ),
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
    assignPlaces(codec, count);
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
    assignPlaces(codec, scanWindow(codec, end, RING_POOL));
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

function splitRequestCase(keys: number, list: readonly Subject[]): Case {
  const bytes = mgetRequest(keys);
  const corpus = { name: `mget-${keys}`, bytes, frames: keys + 1 };
  const limit = PART_TABLE_RECORDS;
  return windowCase(`split-request/${corpus.name}`, corpus, list, (codec, end) => {
    const count = codec.splitRequest(WINDOW, end, PART_TABLE, limit, 0, RING_POOL, 1, 1);
    if (count !== keys + 1) throw new Error('words are missing');
  });
}

function splitReplyCase(elements: number, list: readonly Subject[]): Case {
  const corpus = { name: `array-${elements}`, bytes: arrayReply(elements), frames: elements };
  return windowCase(`split-reply/${corpus.name}`, corpus, list, (codec, end) => {
    const count = codec.splitReply(WINDOW, end, PART_TABLE, PART_TABLE_RECORDS);
    if (count !== elements) throw new Error('elements are missing');
  });
}

/** A case whose bytes stand in the receive window. They are put there when a task begins. */
export function windowCase(
  name: string,
  corpus: Corpus,
  list: readonly Subject[],
  run: (codec: Codec, end: number) => void,
  prepare: (codec: Codec) => void = () => {},
): Case {
  const end = WINDOW + corpus.bytes.length;
  const { bytes, frames } = corpus;
  const tasks = list.map(({ name: codecName, codec }) => ({
    codec: codecName,
    before: () => {
      codec.arena.bytes.set(bytes, WINDOW);
      prepare(codec);
    },
    run: () => {
      for (let i = 0; i < REPEATS; i++) run(codec, end);
    },
  }));
  return { name, items: frames * REPEATS, bytes: bytes.length * REPEATS, tasks };
}

function hashCase(hash: string, kind: number, length: number, list: readonly Subject[]): Case {
  const keys = keysOfLength(length, KEYS);
  const tasks = list.map(({ name, codec, hashLoop }) => {
    const loop = hashLoop(kind);
    return {
      codec: name,
      before: () => codec.arena.bytes.set(keys, FREE),
      run: () => void loop(FREE, KEYS, length),
    };
  });
  return { name: `hash/${hash}/${length}`, items: KEYS, bytes: keys.length, tasks };
}

function scanWindow(codec: Codec, end: number, pool: number): number {
  return scanAll(codec, (start) =>
    codec.scanRequests(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS, pool),
  );
}

function scanReplyWindow(codec: Codec, end: number): number {
  return scanAll(codec, (start) => codec.scanReplies(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS));
}

/** As the proxy does: a fresh state, then a scan per full frame table. @returns the frames */
export function scanAll(codec: Codec, scan: (start: number) => number): number {
  const { words } = codec.arena;
  let frames = 0;
  let start = WINDOW;
  do {
    freshState(words);
    frames += scan(start);
    start = words[STATE_WORD + STATE_CONSUMED];
  } while (words[STATE_WORD + STATE_STATUS] === SCAN_FULL);
  if (words[STATE_WORD + STATE_STATUS] !== SCAN_COMPLETE) throw new Error('not scanned to the end');
  return frames;
}

function freshState(words: Uint32Array): void {
  words[STATE_WORD + STATE_PHASE] = 0;
  words[STATE_WORD + STATE_DETACHED] = 0;
}

const cursors = new Uint32Array(5);

/** The walk: each frame gets its place in its server's slab; frames without a server share one. */
function assignPlaces(codec: Codec, count: number): void {
  const { words } = codec.arena;
  for (let i = 0; i < cursors.length; i++) cursors[i] = FREE + i * SLAB_BYTES;
  const end = FRAME_WORD + count * RECORD_WORDS;
  for (let record = FRAME_WORD; record < end; record += RECORD_WORDS) {
    const server = Math.min(words[record + RECORD_SERVER], cursors.length - 1);
    words[record + RECORD_DEST] = cursors[server];
    cursors[server] += words[record + RECORD_LENGTH];
  }
}

/** Requests per scan of which the crossover is looked for. */
export const BATCHES = [1, 2, 3, 4, 6, 8, 16, 32, 64, 256, 1024];

/** scan-hash-route of small batches: each call scans `batch` requests of 47 bytes. */
export function batchCase(batch: number, list: readonly Subject[]): Case {
  const corpus = requestCorpora().find(({ name }) => name === 'get-47') as Corpus;
  const frameBytes = corpus.bytes.length / corpus.frames;
  const calls = Math.ceil(KEYS / batch);
  const size = batch * frameBytes;
  const tasks = list.map(({ name, codec }) => {
    const loop = unshared(scanBatches);
    const { words } = codec.arena;
    const [phase, detached] = [STATE_WORD + STATE_PHASE, STATE_WORD + STATE_DETACHED];
    return {
      codec: name,
      before: () => codec.arena.bytes.set(corpus.bytes, WINDOW),
      run: () =>
        loop(codec, words, phase, detached, calls, size, WINDOW, FRAME_TABLE, batch, RING_POOL),
    };
  });
  return { name: `batch/${batch}`, items: calls * batch, bytes: calls * size, tasks };
}

/** Uses nothing but its parameters, see unshared(). */
function scanBatches(
  codec: Codec,
  words: Uint32Array,
  phase: number,
  detached: number,
  calls: number,
  size: number,
  start: number,
  table: number,
  limit: number,
  pool: number,
): void {
  for (let i = 0; i < calls; i++) {
    words[phase] = 0;
    words[detached] = 0;
    codec.scanRequests(start, start + size, table, limit, pool);
  }
}
