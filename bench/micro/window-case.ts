import type { Codec } from '../../src/protocol/codec.ts';
import {
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
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
import type { Corpus } from '../corpus.ts';
import type { Case } from './measure.ts';
import { FREE, type Subject } from './subjects.ts';

/** Windows per call of a task: small against tinybench's own 60 ns. */
const REPEATS = 8;
const SLAB_BYTES = 0x20000;
const RECORD_WORDS = RECORD_BYTES / 4;
const STATE_WORD = STATE / 4;

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

/** Scans a window of requests. @returns the frames */
export function scanWindow(codec: Codec, end: number, pool: number): number {
  return scanAll(codec, (start) =>
    codec.scanRequests(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS, pool),
  );
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
export function assignPlaces(codec: Codec, table: number, count: number): void {
  const { words } = codec.arena;
  for (let i = 0; i < cursors.length; i++) cursors[i] = FREE + i * SLAB_BYTES;
  const first = table / 4;
  const end = first + count * RECORD_WORDS;
  for (let record = first; record < end; record += RECORD_WORDS) {
    const server = Math.min(words[record + RECORD_SERVER], cursors.length - 1);
    words[record + RECORD_DEST] = cursors[server];
    cursors[server] += words[record + RECORD_LENGTH];
  }
}
