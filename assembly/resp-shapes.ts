// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// Requests that begin like one before: the same number of words and the same name, then the key.
// The scanner leaves here what it found out about such a beginning, and the next request of that
// shape costs a comparison, its lengths and its line ends. A shape says nothing of keys and values.

import { CRLF } from './ascii';
import {
  RECORD_BYTES,
  SHAPE_BYTES,
  SHAPE_HEAD,
  SHAPE_IGNORED,
  SHAPE_INFO,
  SHAPE_WORDS,
  SHAPES,
  WHOLE,
} from './layout';
import { writeRecord } from './records';
import { bulkBytes, DOLLAR } from './resp-syntax';
import { route } from './route';
import { DEFERRED } from './route-batch';

/** The most bytes of a word that is taken here: not for pools that allow less. */
export const LONGEST_WORD: u32 = 99999;

/** Bytes of a shape: "*N\r\n$L\r\n" and a name of up to eight letters. */
const HEAD_BYTES: u32 = 16;
const KEY_LINE: u32 = 0x240a0d; // "\r\n$"

/** Address behind the last request that takeShaped took. */
export let shapedEnd: u32 = 0;

/** Address behind the last word that skipWords passed. */
export let skippedEnd: u32 = 0;

/** Where the shape of a request with these bytes stands: by its counts and three letters. */
function shapeOf(head: u64, name: u32): u32 {
  const mixed = (name << 8) ^ <u32>(head >>> 40) ^ ((<u32>head >>> 4) & 0xff0);
  return SHAPES + ((mixed * 0x9e3779b1) >>> 27) * SHAPE_BYTES;
}

/** Keeps the shape of the request at `frame`, whose name has `length` letters, 1 to 8. */
export function rememberShape(frame: u32, length: u32, info: u32, words: u32): void {
  const head = load<u64>(frame);
  const ignored = length === 8 ? 0 : ~(<u64>0) << ((<u64>length) << 3);
  const shape = shapeOf(head, load<u32>(frame, 8));
  store<u64>(shape + SHAPE_HEAD, head);
  store<u64>(shape + SHAPE_HEAD, load<u64>(frame, 8) | ignored, 8);
  store<u64>(shape + SHAPE_IGNORED, ignored);
  store<u32>(shape + SHAPE_INFO, info | WHOLE);
  store<u32>(shape + SHAPE_WORDS, words);
}

/**
 * Takes whole requests of known shapes from `pos` on, until there is none or the table is full.
 * Reads up to 24 bytes behind `end`.
 * @param pool where to route, 0 = leave DEFERRED
 * @returns the address behind the last record
 */
export function takeShaped(pos: u32, end: u32, record: u32, tableEnd: u32, pool: u32): u32 {
  while (record !== tableEnd && pos + HEAD_BYTES <= end) {
    const head = load<u64>(pos);
    const shape = shapeOf(head, load<u32>(pos, 8));
    const name = load<u64>(pos, 8) | load<u64>(shape + SHAPE_IGNORED);
    if (
      ((head ^ load<u64>(shape + SHAPE_HEAD)) | (name ^ load<u64>(shape + SHAPE_HEAD, 8))) !==
      0
    ) {
      break;
    }
    const info = load<u32>(shape + SHAPE_INFO);
    if (info === 0) break;
    // The line of the key: one to three digits.
    const nameEnd = pos + 8 - 0x30 + (<u32>(head >>> 40) & 0xff);
    const line = load<u64>(nameEnd);
    if (<u32>(line & 0xffffff) !== KEY_LINE) break;
    let length = (<u32>(line >>> 24) & 0xff) - 0x30;
    if (length > 9) break;
    const rest = <u32>(line >>> 32);
    let key = nameEnd + 6;
    if ((rest & 0xffff) !== CRLF) {
      const second = (rest & 0xff) - 0x30;
      if (second > 9 || length === 0) break;
      length = length * 10 + second;
      key++;
      if (((rest >>> 8) & 0xffff) !== CRLF) {
        const third = ((rest >>> 8) & 0xff) - 0x30;
        if (third > 9 || rest >>> 16 !== CRLF) break;
        length = length * 10 + third;
        key++;
      }
    }
    let next = key + length + 2;
    if (next > end || <u32>load<u16>(key + length) !== CRLF) break;
    const words = load<u32>(shape + SHAPE_WORDS);
    if (words !== 2) {
      if (skipWords(next, end, words - 2) !== 0) break;
      next = skippedEnd;
    }
    const server = pool === 0 ? DEFERRED : route(key, length, pool);
    writeRecord(record, pos, next, info, server, words, key, length);
    record += RECORD_BYTES;
    pos = next;
  }
  shapedEnd = pos;
  return record;
}

/**
 * Passes up to `count` whole words of a request. Reads up to 8 bytes behind `end`.
 * @returns how many are left: the scanner knows why
 */
export function skipWords(pos: u32, end: u32, count: u32): u32 {
  while (count !== 0 && pos < end) {
    const line = load<u64>(pos);
    const bytes = bulkBytes(line);
    const next = pos + bytes;
    if (bytes === 0 || (<u32>line & 0xff) !== DOLLAR) break;
    if (next > end || <u32>load<u16>(next - 2) !== CRLF) break;
    pos = next;
    count--;
  }
  skippedEnd = pos;
  return count;
}
