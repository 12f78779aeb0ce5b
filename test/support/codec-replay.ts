import type { Codec } from '../../src/protocol/codec.ts';
import {
  DRAIN_TABLE,
  FLAG_FIRST,
  FLAG_LAST,
  RECORD_BYTES,
  RECORD_COUNT,
  RECORD_DEST,
  RECORD_INFO,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  SCAN_ERROR,
  SCAN_FULL,
  SCAN_PARTIAL,
  STATE,
  STATE_BOUNDARY,
  STATE_CONSUMED,
  STATE_COUNT,
  STATE_DETACHED,
  STATE_ERROR,
  STATE_ERROR_BYTE,
  STATE_INFO,
  STATE_KEY_LENGTH,
  STATE_KEY_OFFSET,
  STATE_OFFSET,
  STATE_PHASE,
  STATE_RESUME,
  STATE_SERVER,
  STATE_STATUS,
  STATE_WORD_BYTES,
  STATE_WORDS,
  WHOLE,
} from '../../src/protocol/frame-table.ts';
import { TEST_BASE, TEST_POOL } from './codec-all.ts';
import { ItemEndsCheck } from './item-ends.ts';

export type Direction = 'requests' | 'replies' | 'memcache requests' | 'memcache replies';

/** One frame, wherever it was cut; positions count from the first byte of the stream. */
export interface Frame {
  readonly start: number;
  readonly end: number;
  /** Without FIRST and LAST. */
  readonly info: number;
  readonly server: number;
  readonly count: number;
  /** Position and length of the key, 0 and 0 without one. */
  readonly key: number;
  readonly keyLength: number;
}

export interface Outcome {
  readonly frames: Frame[];
  /** SCAN_COMPLETE, SCAN_PARTIAL or SCAN_ERROR. */
  readonly status: number;
  readonly error: number;
  readonly errorByte: number;
  /** Position of the first byte that no frame covers. */
  readonly consumed: number;
  /** Every record and state word of every scan, positions made relative: equal for equal codecs. */
  readonly log: string;
}

export interface ReplayOptions {
  /** Asked after each partial scan; true takes the finished part of the frame away. */
  readonly detach?: (scan: number) => boolean;
  /** Records per call. */
  readonly limit?: number;
  /** Descriptor to route by. */
  readonly pool?: number;
}

const WORD = STATE >>> 2;

/** Feeds the chunks to the codec as a connection would: carry, restore, detach, go on when full. */
export function replay(
  codec: Codec,
  direction: Direction,
  chunks: readonly Uint8Array[],
  options: ReplayOptions = {},
): Outcome {
  const { bytes, words } = codec.arena;
  const limit = options.limit ?? 4096;
  const pool = options.pool ?? TEST_POOL;
  const frames: Frame[] = [];
  const log: string[] = [];
  const state = new Uint32Array(STATE_WORDS);
  let kept: Uint8Array = new Uint8Array(0);
  let streamed = 0; // stream position of the first kept byte
  let open: Frame | null = null; // a detached frame
  let scans = 0;

  const piece = (frame: Frame, first: boolean, last: boolean) => {
    if (first === (open !== null)) throw new Error(`piece at ${frame.start}: FIRST is ${first}`);
    if (open !== null) {
      if (open.end !== frame.start) throw new Error(`gap before ${frame.start}`);
      const { start } = open;
      const from: Frame = frame.key !== 0 || open.key === 0 ? frame : open;
      frame = { ...frame, start, key: from.key, keyLength: from.keyLength };
    }
    open = last ? null : frame;
    if (last) frames.push(frame);
  };

  // One last round without new bytes: scanning nothing more must change nothing.
  const rounds = [...chunks, new Uint8Array(0)];
  for (const [round, chunk] of rounds.entries()) {
    let start = TEST_BASE + 64 + (scans % 13) * 5;
    const end = start + kept.length + chunk.length;
    bytes.set(kept, start);
    bytes.set(chunk, start + kept.length);
    // What has not come yet is there, to tempt whoever looks beyond the end.
    bytes.set(rounds[round + 1] ?? [], end);
    words.fill(0xdeadbeef, WORD, WORD + STATE_WORDS);
    words.set(state.subarray(STATE_RESUME), WORD + STATE_RESUME);
    for (;;) {
      scans++;
      const origin = streamed - start;
      const resumed = words[WORD + STATE_PHASE] !== 0 && words[WORD + STATE_COUNT] !== 0;
      const itemEnds = new ItemEndsCheck(words, codec.arena.node, resumed);
      const count = scan(codec, direction, start, end, limit, pool);
      if (count > limit) throw new Error(`${count} records, limit ${limit}`);
      for (let i = 0; i < count; i++) {
        const record = (DRAIN_TABLE + i * RECORD_BYTES) >>> 2;
        if (direction === 'memcache replies') {
          itemEnds.take(record);
          words[record + RECORD_KEY] = 0; // no position in the stream
        }
        const frame = readFrame(words, record, origin);
        const flags = words[record + RECORD_INFO];
        if (words[record + RECORD_DEST] !== 0) throw new Error('DEST is not 0');
        log.push(`${JSON.stringify(frame)} ${flags >>> 16}`);
        piece(frame, (flags & FLAG_FIRST) !== 0, (flags & FLAG_LAST) !== 0);
      }
      const consumed = words[WORD + STATE_CONSUMED];
      const block = words.slice(WORD, WORD + STATE_WORD_BYTES);
      block[STATE_CONSUMED] += origin;
      log.push(block.join());
      streamed += consumed - start;
      start = consumed;
      if (words[WORD + STATE_STATUS] !== SCAN_FULL) break;
      if (words[WORD + STATE_PHASE] !== 0) throw new Error('FULL inside a frame');
    }
    state.set(words.subarray(WORD, WORD + STATE_WORDS));
    const status = state[STATE_STATUS];
    if (status === SCAN_ERROR) break;
    if (status === SCAN_PARTIAL && state[STATE_BOUNDARY] > 0 && options.detach?.(scans)) {
      const boundary = state[STATE_BOUNDARY];
      const keyOffset = state[STATE_KEY_OFFSET];
      const taken: Frame = {
        start: streamed,
        end: streamed + boundary,
        info: state[STATE_INFO],
        server: state[STATE_SERVER],
        count: state[STATE_COUNT],
        key: keyOffset === 0 ? 0 : streamed + keyOffset,
        keyLength: keyOffset === 0 ? 0 : state[STATE_KEY_LENGTH],
      };
      piece(taken, true, false);
      state[STATE_OFFSET] -= boundary;
      state[STATE_BOUNDARY] = 0;
      state[STATE_DETACHED] = 1;
      streamed += boundary;
      start += boundary;
    }
    kept = bytes.slice(start, end);
  }
  return {
    frames,
    status: state[STATE_STATUS],
    error: state[STATE_ERROR],
    errorByte: state[STATE_ERROR_BYTE],
    consumed: streamed,
    log: log.join('\n'),
  };
}

/** One call of the scanner for this direction, into DRAIN_TABLE. */
export function scan(
  codec: Codec,
  direction: Direction,
  start: number,
  end: number,
  limit: number,
  pool: number,
): number {
  switch (direction) {
    case 'requests':
      return codec.scanRequests(start, end, DRAIN_TABLE, limit, pool);
    case 'replies':
      return codec.scanReplies(start, end, DRAIN_TABLE, limit);
    case 'memcache requests':
      return codec.scanMemcacheRequests(start, end, DRAIN_TABLE, limit, pool);
    case 'memcache replies':
      return codec.scanMemcacheReplies(start, end, DRAIN_TABLE, limit);
  }
}

function readFrame(words: Uint32Array, record: number, origin: number): Frame {
  const start = words[record + RECORD_START] + origin;
  const key = words[record + RECORD_KEY];
  return {
    start,
    end: start + words[record + RECORD_LENGTH],
    info: words[record + RECORD_INFO] & ~WHOLE,
    server: words[record + RECORD_SERVER],
    count: words[record + RECORD_COUNT],
    key: key === 0 ? 0 : key + origin,
    keyLength: words[record + RECORD_KEY_LENGTH],
  };
}

/** Two chunks, cut at each position in turn; beyond `most` positions evenly spread ones. */
export function* twoChunks(input: Uint8Array, most = 400): Generator<Uint8Array[]> {
  const step = Math.max(1, Math.ceil(input.length / most));
  for (let at = 1; at < input.length; at += step) {
    yield [input.subarray(0, at), input.subarray(at)];
  }
}

/** Chunks of `size` bytes. */
export function pieces(input: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < input.length; at += size) chunks.push(input.subarray(at, at + size));
  return chunks;
}
