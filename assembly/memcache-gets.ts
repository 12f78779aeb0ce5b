// memcached's most usual request, "get <key>\r\n", in one pass. Every other line, and one that is
// not all there, is left to memcache.ts.

import { CRLF, findBlank } from './ascii';
import { LIMIT_MEMCACHE_KEY_BYTES, MC_GET, RECORD_BYTES, WHOLE } from './layout';
import { writeRecord } from './records';
import { route } from './route';
import { DEFERRED } from './route-batch';

const GET: u32 = 0x20746567; // "get "
const NAME_BYTES: u32 = 4;

/** Address behind the last line that takeGets took. */
export let getsEnd: u32 = 0;

/**
 * Takes gets of one key from `pos` on, a record each. Reads up to 3 bytes behind `end`.
 * @param pool where to route, 0 = leave DEFERRED
 * @returns the address behind the last record
 */
export function takeGets(pos: u32, end: u32, record: u32, tableEnd: u32, pool: u32): u32 {
  let length: u32 = 0;
  while (record !== tableEnd && pos < end && load<u32>(pos) === GET) {
    const key = pos + NAME_BYTES;
    if (key > end) break;
    const found = findBlank(key, end) - key;
    // Keys tend to be as long as the one before. Behind a branch, which the processor predicts,
    // the rest does not wait for the search.
    if (found !== length) length = found;
    const keyEnd = key + length;
    if (length - 1 >= LIMIT_MEMCACHE_KEY_BYTES || end - keyEnd < 2) break;
    if (<u32>load<u16>(keyEnd) !== CRLF) break;
    const server = pool === 0 ? DEFERRED : route(key, length, pool);
    const info = MC_GET | WHOLE;
    writeRecord(record, pos, keyEnd + 2, info, server, 2, key, length);
    record += RECORD_BYTES;
    pos = keyEnd + 2;
  }
  getsEnd = pos;
  return record;
}
