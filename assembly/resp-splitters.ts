// Takes one RESP request or reply apart: bytes -> a record per word or element. The contract is
// docs/codec.md; the readable reference is src/protocol/redis/scan/splitter.ts, which must behave
// the same.

import { CR, CRLF, findByte, lineEnd, readNumber, shortNumber } from './ascii';
import { FLAG_KEY_TOO_LONG, LIMIT_KEY_BYTES, NO_SERVER, RECORD_BYTES } from './layout';
import { quickEnd, writeRecord } from './records';
import {
  DOLLAR,
  isBulkType,
  isLineType,
  NO_WORD,
  NULL_COUNT,
  PERCENT,
  PIPE,
  STAR,
} from './resp-syntax';
import { route } from './route';
import { canDefer, DEFERRED, routeDeferred, routeSlots } from './route-batch';
import { keySlot } from './slots';

/** The number in a line "<type>NN\r\n" that begins with these eight bytes; 0 for any other. */
function twoDigits(line: u64): u32 {
  const first = (<u32>(line >>> 8) & 0xff) - 0x31;
  const second = (<u32>(line >>> 16) & 0xff) - 0x30;
  const isSo = first <= 8 && second <= 9 && (<u32>(line >>> 24) & 0xffff) === CRLF;
  return isSo ? first * 10 + second + 10 : 0;
}

/** See Codec.splitRequest. */
export function splitRequest(
  start: u32,
  end: u32,
  table: u32,
  limit: u32,
  fromWord: u32,
  pool: u32,
  firstKey: u32,
  step: u32,
): u32 {
  return splitWords(start, end, table, limit, fromWord, pool, firstKey, step, false);
}

/** As splitRequest(); with `asSlots` the SERVER of a key is its slot. */
export function splitWords(
  start: u32,
  end: u32,
  table: u32,
  limit: u32,
  fromWord: u32,
  pool: u32,
  firstKey: u32,
  step: u32,
  asSlots: bool,
): u32 {
  const quick = quickEnd(end);
  const tableEnd = table + limit * RECORD_BYTES;
  let record = table;
  let pos = start;
  let word = fromWord;
  if (<u32>load<u8>(pos) === STAR) {
    if (readNumber(pos, end) < 0) return 0;
    pos = lineEnd;
    word = 0;
  }
  let nextKey = step !== 0 ? firstKey : NO_WORD;
  const defer = quick === end && canDefer(pool);
  for (; pos < end && record < tableEnd; word++) {
    const line = pos;
    let length = pos < quick ? twoDigits(load<u64>(pos)) : 0;
    if (length !== 0) pos += 5;
    else {
      const short = shortNumber(pos, end);
      length = short >>> 4;
      if (short !== 0) pos += short & 15;
      else {
        const number = readNumber(pos, end);
        if (number < 0) break;
        length = <u32>number;
        pos = lineEnd;
      }
    }
    const body = pos;
    pos += length + 2;
    if (word < fromWord) continue;
    let info: u32 = 0;
    let server: u32 = NO_SERVER;
    while (nextKey < word) nextKey += step;
    if (word === nextKey) {
      if (length > LIMIT_KEY_BYTES) info = FLAG_KEY_TOO_LONG;
      else if (defer) server = DEFERRED;
      else server = asSlots ? keySlot(body, length) : route(body, length, pool);
    }
    writeRecord(record, line, pos, info, server, word, body, length);
    record += RECORD_BYTES;
  }
  if (defer && asSlots) routeSlots(table, record, 0);
  else if (defer) routeDeferred(table, record, pool);
  return (record - table) / RECORD_BYTES;
}

/** Address behind `pending` complete elements, with all that is nested in them. */
function skipElements(pos: u32, end: u32, pending: i64): u32 {
  while (pending > 0 && pos < end) {
    const type = <u32>load<u8>(pos);
    if (type !== PIPE) pending--;
    if (isLineType(type)) {
      pos = findByte(pos, end, CR) + 2;
      continue;
    }
    const size = readNumber(pos, end);
    pos = lineEnd;
    if (size < 0) continue;
    if (isBulkType(type)) pos += <u32>size + 2;
    else pending += type === PERCENT || type === PIPE ? size << 1 : size;
  }
  return pos;
}

/** Address behind the attribute at `pos`; what it belongs to follows there. */
function skipAttribute(pos: u32, end: u32): u32 {
  const pairs = readNumber(pos, end);
  return skipElements(lineEnd, end, pairs << 1);
}

/** Address behind the element at `pos`, with the attributes in front of it. */
export function elementEnd(pos: u32, end: u32): u32 {
  while (pos < end && <u32>load<u8>(pos) === PIPE) pos = skipAttribute(pos, end);
  return skipElements(pos, end, 1);
}

/** See Codec.splitReply. */
export function splitReply(start: u32, end: u32, table: u32, limit: u32): i32 {
  let pos = start;
  while (pos < end && <u32>load<u8>(pos) === PIPE) pos = skipAttribute(pos, end);
  if (pos >= end || <u32>load<u8>(pos) !== STAR) return -1;
  const count = readNumber(pos, end);
  if (count < 0 || count > <i64>limit) return -1;
  pos = lineEnd;
  let record = table;
  for (let i: i64 = 0; i < count; i++) {
    const from = pos;
    const short = <u32>load<u8>(pos) === DOLLAR ? shortNumber(pos, end) : 0;
    if (short !== 0) {
      const text = pos + (short & 15);
      pos = text + (short >>> 4) + 2;
      writeRecord(record, from, pos, DOLLAR, NO_SERVER, 0, text, short >>> 4);
      record += RECORD_BYTES;
      continue;
    }
    while (<u32>load<u8>(pos) === PIPE) pos = skipAttribute(pos, end);
    const type = <u32>load<u8>(pos);
    let elements: u32 = 0;
    let body: u32 = 0;
    let bodyLength: u32 = 0;
    if (!isLineType(type)) {
      const size = readNumber(pos, end);
      if (size < 0) elements = NULL_COUNT;
      else if (isBulkType(type)) {
        body = lineEnd;
        bodyLength = <u32>size;
      } else elements = type === PERCENT ? (<u32>size) << 1 : <u32>size;
    }
    pos = skipElements(pos, end, 1);
    writeRecord(record, from, pos, type, NO_SERVER, elements, body, bodyLength);
    record += RECORD_BYTES;
  }
  return <i32>count;
}
