import {
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  SCAN_PARTIAL,
  STATE,
  STATE_DETACHED,
  STATE_PHASE,
  STATE_STATUS,
  WINDOW,
} from '../../src/protocol/frame-table.ts';
import { type Corpus, fill, requestCorpora } from '../corpus.ts';
import { scanReplyWindow } from '../micro/cases.ts';
import type { Case } from '../micro/measure.ts';
import { RING_POOL, type Subject } from '../micro/subjects.ts';
import { scanWindow, windowCase } from '../micro/window-case.ts';

export const VALUE_SIZES = [8, 32, 128, 512, 2048, 8192, 32768];
/** Bytes of the last request that have come, of 47. */
export const CUTS = [1, 4, 8, 14, 19, 32, 45, 46];
/** Whole requests in front of a cut one: what one read of a pipeline of 16 brings. */
const WHOLE_REQUESTS = 15;
const SEED = 20170220;
const STATE_WORD = STATE / 4;

/** SETs whose values have so many bytes. */
export function valueSizeCase(size: number, list: readonly Subject[]): Case {
  const corpus = fill(
    String(size),
    (random) =>
      `*3\r\n$3\r\nSET\r\n$27\r\n${random.text(27)}\r\n$${size}\r\n${random.text(size)}\r\n`,
    SEED,
  );
  return windowCase(`value-size/${size}`, corpus, list, (codec, end) => {
    if (scanWindow(codec, end, RING_POOL) !== corpus.frames) throw new Error('frames are missing');
  });
}

/** Replies to GETs whose values have so many bytes. */
export function replySizeCase(size: number, list: readonly Subject[]): Case {
  const corpus = fill(String(size), (random) => `$${size}\r\n${random.text(size)}\r\n`, SEED);
  return windowCase(`reply-size/${size}`, corpus, list, (codec, end) => {
    if (scanReplyWindow(codec, end) !== corpus.frames) throw new Error('frames are missing');
  });
}

/** Fifteen requests and the first bytes of one more: what is known of that must be kept. */
export function cutCase(cut: number, list: readonly Subject[]): Case {
  const whole = requestCorpora().find(({ name }) => name === 'get-47') as Corpus;
  const bytes = whole.bytes.subarray(0, WHOLE_REQUESTS * 47 + cut);
  const corpus = { name: String(cut), bytes, frames: WHOLE_REQUESTS };
  return windowCase(`cut/${cut}`, corpus, list, (codec, end) => {
    const { words } = codec.arena;
    words[STATE_WORD + STATE_PHASE] = 0;
    words[STATE_WORD + STATE_DETACHED] = 0;
    codec.scanRequests(WINDOW, end, FRAME_TABLE, FRAME_TABLE_RECORDS, RING_POOL);
    if (words[STATE_WORD + STATE_STATUS] !== SCAN_PARTIAL) throw new Error('nothing is left');
  });
}
