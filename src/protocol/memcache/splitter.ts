import { routeKey } from '../../distribution/route.ts';
import { MC_REPLY_VALUES, NO_SERVER } from '../frame-table.ts';
import { writeRecord } from '../redis/scan/request-scanner.ts';
import { replyBlock, replyKind, wordEnd } from './reply-line.ts';
import { findName, skipBlanks, wordsBeforeKeys } from './request-line.ts';

const CR = 0x0d;
const LF = 0x0a;
const BLANK = 0x20;
const VALUE_BYTES = 6; // "VALUE "

/** See Codec.splitMemcacheKeys; assembly/memcache.ts holds the twin. */
export function splitMemcacheKeys(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  table: number,
  limit: number,
  fromKey: number,
  pool: number,
): number {
  let records = 0;
  let pos = start;
  if (fromKey === 0) {
    const name = skipBlanks(bytes, pos, end);
    pos = keyEnd(bytes, name, end);
    if (wordsBeforeKeys(findName(bytes, name, pos)) === 2) {
      pos = keyEnd(bytes, skipBlanks(bytes, pos, end), end);
    }
  }
  while (records < limit) {
    const key = skipBlanks(bytes, pos, end);
    pos = keyEnd(bytes, key, end);
    if (pos === key) break;
    const server = routeKey(bytes, key, pos - key, words, pool);
    const position = fromKey + records;
    writeRecord(words, table, records++, key, pos, 0, server, position, key, pos - key);
  }
  return records;
}

/** End of the word at `pos`, which may hold any bytes but a blank, CR and LF. */
function keyEnd(bytes: Uint8Array, pos: number, end: number): number {
  for (; pos < end; pos++) {
    const byte = bytes[pos];
    if (byte === BLANK || byte === CR || byte === LF) break;
  }
  return pos;
}

/** See Codec.splitMemcacheValues; assembly/memcache.ts holds the twin. */
export function splitMemcacheValues(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  table: number,
  limit: number,
): number {
  let records = 0;
  let pos = start;
  while (records < limit && pos < end) {
    let line = pos;
    while (line < end && bytes[line] !== LF) line++;
    if (line === end || replyKind(bytes, pos, line - 1) !== MC_REPLY_VALUES) break;
    const key = pos + VALUE_BYTES;
    const keyLength = wordEnd(bytes, key, line) - key;
    const from = pos;
    pos = line + 1 + replyBlock + 2;
    writeRecord(words, table, records, from, pos, 0, NO_SERVER, records, key, keyLength);
    records++;
  }
  return records;
}
