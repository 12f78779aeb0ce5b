// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// memcached's replies of one short line, known by their first bytes. Every other reply, and one that
// is not all there, is left to memcache-replies.ts.

import {
  FLAG_FIRST,
  FLAG_LAST,
  MC_REPLY_EN,
  MC_REPLY_HD,
  MC_REPLY_NF,
  MC_REPLY_OK,
  MC_REPLY_STORED,
  MC_REPLY_VALUES,
  NO_SERVER,
  RECORD_BYTES,
} from './layout';
import { writeRecord } from './records';

const STORED: u64 = 0x0a0d4445524f5453; // "STORED\r\n"
const END: u64 = 0x0a0d444e45; // "END\r\n"
const FIVE_BYTES: u64 = 0xffffffffff;
const HD: u32 = 0x0a0d4448; // "HD\r\n"
const EN: u32 = 0x0a0d4e45; // "EN\r\n"
const NF: u32 = 0x0a0d464e; // "NF\r\n"
const OK: u32 = 0x0a0d4b4f; // "OK\r\n"

/** Address behind the last line that takeLines took. */
export let linesEnd: u32 = 0;

/**
 * Takes replies of one line from `pos` on, a record each. Reads up to 7 bytes behind `end`.
 * @returns the address behind the last record
 */
export function takeLines(pos: u32, end: u32, record: u32, tableEnd: u32): u32 {
  while (record !== tableEnd && pos < end) {
    const line = load<u64>(pos);
    const low = <u32>line;
    let kind: u32 = MC_REPLY_STORED;
    let next = pos + 8;
    if (line !== STORED) {
      next = pos + 4;
      if (low === HD) kind = MC_REPLY_HD;
      else if (low === EN) kind = MC_REPLY_EN;
      else if (low === NF) kind = MC_REPLY_NF;
      else if (low === OK) kind = MC_REPLY_OK;
      else if ((line & FIVE_BYTES) === END) {
        kind = MC_REPLY_VALUES;
        next = pos + 5;
      } else break;
    }
    if (next > end) break;
    writeRecord(record, pos, next, kind | FLAG_FIRST | FLAG_LAST, NO_SERVER, 0, 0, 0);
    record += RECORD_BYTES;
    pos = next;
  }
  linesEnd = pos;
  return record;
}
