// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// The common form of memcached's VALUE items, in one pass. Everything else is left to
// memcache-replies.ts, whose results must be the same for what is taken here.

import { CRLF, findBlank } from './ascii';
import { LIMIT_REPLY_LINE_BYTES, NO_SERVER, RECORD_BYTES } from './layout';
import { writeRecord } from './records';

export const VALUE_BYTES: u32 = 6; // "VALUE "
export const END_BYTES: u32 = 5; // "END\r\n"

const BLANK: u32 = 0x20;
const VALUE: u64 = 0x2045554c4156;
const SIX_BYTES: u64 = 0xffffffffffff;
const END: u64 = 0x0a0d444e45;
const DIGITS_MAX: u32 = 9; // below LIMIT_MEMCACHE_VALUE_BYTES whatever they are

/** Address behind the items that takeItems took. */
export let itemsEnd: u32 = 0;

/**
 * Takes the items from `pos` on while they are whole, of the form
 * "VALUE <key> <flags> <bytes>[ <cas unique>]\r\n<data>\r\n", and fewer than `limit`, `count` of
 * them being there already. Writes their records to `table`, or without one their ends to `ends`.
 * Returns how many there are then.
 */
export function takeItems(pos: u32, end: u32, table: u32, ends: u32, count: u32, limit: u32): u32 {
  let keyLength: u32 = 0;
  while (count < limit) {
    const stop = min<u32>(end, pos + LIMIT_REPLY_LINE_BYTES);
    if (!isValue(pos, stop)) break;
    const key = pos + VALUE_BYTES;
    const found = findBlank(key, stop) - key;
    // Keys tend to be as long as the one before. Behind a branch, which the processor predicts,
    // the rest of the line does not wait for the search.
    if (found !== keyLength) keyLength = found;
    const keyEnd = key + keyLength;
    const rest = lengthBehindKey(keyEnd, stop);
    if (rest === 0 || rest > end - keyEnd) break;
    const next = keyEnd + rest;
    if (<u32>load<u16>(next - 2) !== CRLF) break;
    if (table !== 0) {
      const record = table + count * RECORD_BYTES;
      writeRecord(record, pos, next, 0, NO_SERVER, count, key, keyLength);
    } else {
      store<u32>(ends + (count << 2), next);
    }
    pos = next;
    count++;
  }
  itemsEnd = pos;
  return count;
}

/** Bytes of the item behind its key, which ends at `start`; 0 when its line is not as it should. */
function lengthBehindKey(start: u32, end: u32): u32 {
  if (start === end || <u32>load<u8>(start) !== BLANK) return 0;
  let pos = wordEnd(start + 1, end); // flags: any word will do, as for the general code
  if (pos === end || <u32>load<u8>(pos) !== BLANK) return 0;
  const digits = ++pos;
  let size: u32 = 0;
  for (; pos < end; pos++) {
    const digit = <u32>load<u8>(pos) - 0x30;
    if (digit > 9) break;
    size = size * 10 + digit;
  }
  if (pos - digits - 1 >= DIGITS_MAX || pos === end) return 0;
  if (<u32>load<u8>(pos) === BLANK) pos = findBlank(pos + 1, end);
  if (end - pos < 2 || <u32>load<u16>(pos) !== CRLF) return 0;
  return pos + 2 - start + size + 2;
}

function wordEnd(pos: u32, end: u32): u32 {
  while (pos < end && <u32>load<u8>(pos) > BLANK) pos++;
  return pos;
}

/** Whether "VALUE " stands at `pos`. */
export function isValue(pos: u32, end: u32): bool {
  return end - pos >= 8 && (load<u64>(pos) & SIX_BYTES) === VALUE;
}

/** Whether "END\r\n" stands at `pos`. */
export function isEnd(pos: u32, end: u32): bool {
  if (end - pos < END_BYTES) return false;
  return load<u32>(pos) === <u32>END && <u32>load<u8>(pos + 4) === <u32>(END >> 32);
}
