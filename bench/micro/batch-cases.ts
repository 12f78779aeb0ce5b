import type { Codec } from '../../src/protocol/codec.ts';
import {
  FRAME_TABLE,
  STATE,
  STATE_DETACHED,
  STATE_PHASE,
  WINDOW,
} from '../../src/protocol/frame-table.ts';
import { type Corpus, fill, requestCorpora } from '../corpus.ts';
import { KEY_LENGTHS } from './hash-cases.ts';
import type { Case } from './measure.ts';
import { RING_POOL, type Subject, unshared } from './subjects.ts';
import { scanWindow, windowCase } from './window-case.ts';

/** Requests per scan of which the crossover is looked for. */
const BATCHES = [1, 2, 3, 4, 6, 8, 16, 32, 64, 256, 1024];

/** Small requests per call of a task. */
const REQUESTS = 1024;
const SEED = 20140904;
const STATE_WORD = STATE / 4;

/** From how many requests per call on is WebAssembly faster? */
export function batchCases(list: readonly Subject[]): Case[] {
  return BATCHES.map((batch) => batchCase(batch, list));
}

/** And from which length of key on? A window of GETs per call, as the proxy has them under load. */
export function keyLengthCases(list: readonly Subject[]): Case[] {
  return KEY_LENGTHS.map((length) => {
    const head = `*2\r\n$3\r\nGET\r\n$${length}\r\n`;
    const corpus = fill(String(length), (random) => `${head}${random.text(length)}\r\n`, SEED);
    return windowCase(`key-length/${length}`, corpus, list, (codec, end) => {
      if (scanWindow(codec, end, RING_POOL) !== corpus.frames)
        throw new Error('frames are missing');
    });
  });
}

/** scan-hash-route of small batches: each call scans `batch` requests of 47 bytes. */
function batchCase(batch: number, list: readonly Subject[]): Case {
  const corpus = requestCorpora().find(({ name }) => name === 'get-47') as Corpus;
  const frameBytes = corpus.bytes.length / corpus.frames;
  const calls = Math.ceil(REQUESTS / batch);
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
