// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// Replies and elements of the usual forms, in one pass: "$5\r\nhello\r\n", "$-1\r\n", "+OK\r\n",
// ":12\r\n" and, inside a reply, "*2\r\n". What these functions do not know, or what is not there
// as a whole, they leave to the scanner. They read up to 8 bytes behind `end`.

import { CRLF, shortNumber } from './ascii';
import { LIMIT_REPLY_OUTSTANDING, NO_SERVER, RECORD_BYTES, WHOLE } from './layout';
import { writeRecord } from './records';
import { bulkBytes, COLON, DOLLAR, NULL_COUNT, PLUS, STAR } from './resp-syntax';

const FIVE_BYTES: u64 = 0xffffffffff;
const NULL_BULK: u64 = 0x0a0d312d24; // "$-1\r\n"
const OK: u64 = 0x0a0d4b4f2b; // "+OK\r\n"
const LONGEST_INTEGER: u32 = 20;

/** Address behind what takeReplies or takeElements took last. */
export let takenEnd: u32 = 0;

/** Takes whole replies, a record each. @returns the address behind the last record */
export function takeReplies(pos: u32, end: u32, record: u32, tableEnd: u32): u32 {
  while (record !== tableEnd && pos < end) {
    const line = load<u64>(pos);
    const type = <u32>line & 0xff;
    let count: u32 = 0;
    let next: u32 = 0;
    if (type === DOLLAR) {
      const bytes = bulkBytes(line);
      if (bytes !== 0) {
        next = pos + bytes;
        if (next > end || <u32>load<u16>(next - 2) !== CRLF) break;
      } else {
        if ((line & FIVE_BYTES) !== NULL_BULK) break;
        next = pos + 5;
        count = NULL_COUNT;
      }
    } else if (type === PLUS) {
      if ((line & FIVE_BYTES) !== OK) break;
      next = pos + 5;
    } else if (type === COLON) next = integerEnd(pos, end);
    else break;
    if (next === 0 || next > end) break;
    writeRecord(record, pos, next, type | WHOLE, NO_SERVER, count, 0, 0);
    record += RECORD_BYTES;
    pos = next;
  }
  takenEnd = pos;
  return record;
}

/** Takes whole elements. @returns how many of `pending`, on all levels, are left */
export function takeElements(pos: u32, end: u32, pending: u32): u32 {
  while (pending !== 0 && pos < end) {
    const line = load<u64>(pos);
    const type = <u32>line & 0xff;
    let next: u32 = 0;
    if (type === DOLLAR) {
      const bytes = bulkBytes(line);
      if (bytes !== 0) {
        next = pos + bytes;
        if (next > end || <u32>load<u16>(next - 2) !== CRLF) break;
      } else {
        if ((line & FIVE_BYTES) !== NULL_BULK) break;
        next = pos + 5;
      }
    } else if (type === STAR) {
      const short = shortNumber(pos, end);
      const size = short >>> 4;
      next = pos + (short & 15);
      if (short === 0 || size > LIMIT_REPLY_OUTSTANDING - pending) break;
      pending += size;
    } else if (type === PLUS) {
      if ((line & FIVE_BYTES) !== OK) break;
      next = pos + 5;
    } else if (type === COLON) next = integerEnd(pos, end);
    else break;
    if (next === 0 || next > end) break;
    pending--;
    pos = next;
  }
  takenEnd = pos;
  return pending;
}

/** Address behind the line ":<digits>\r\n" at `pos`; 0 when it is another, or not all there. */
function integerEnd(pos: u32, end: u32): u32 {
  const stop = min<u32>(end, pos + LONGEST_INTEGER);
  let digit = pos + 1;
  while (digit < stop && <u32>load<u8>(digit) - 0x30 <= 9) digit++;
  return digit - pos > 1 && digit + 2 <= end && <u32>load<u16>(digit) === CRLF ? digit + 2 : 0;
}
