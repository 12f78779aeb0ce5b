// memcached requests: bytes -> frame table. docs/codec.md is the contract; the readable reference
// is src/protocol/memcache/{request-scanner,splitter}.ts, which must behave the same.

import { CR, CRLF, findBlank, findByte, findWordEnd, LF } from './ascii';
import {
  ERROR_BINARY_PROTOCOL,
  ERROR_LINE_TOO_LONG,
  FLAG_BAD,
  FLAG_BASE64_KEY,
  FLAG_KEY_TOO_LONG,
  FLAG_LAST,
  FLAG_SPECIAL,
  LIMIT_MEMCACHE_KEY_BYTES,
  LIMIT_MEMCACHE_KEYS_LINE_BYTES,
  LIMIT_MEMCACHE_LINE_BYTES,
  NO_COMMAND,
  NO_SERVER,
  RECORD_BYTES,
  SCAN_COMPLETE,
  SCAN_ERROR,
  SCAN_FULL,
  SCAN_PARTIAL,
  STATE_ARGS_LEFT,
  STATE_BOUNDARY,
  STATE_BULK_LEFT,
  STATE_CONSUMED,
  STATE_COUNT,
  STATE_DETACHED,
  STATE_ERROR,
  STATE_ERROR_BYTE,
  STATE_INFO,
  STATE_KEY_LENGTH,
  STATE_KEY_OFFSET,
  STATE_LINE_BYTES,
  STATE_OFFSET,
  STATE_PHASE,
  STATE_SERVER,
  STATE_STATUS,
  STATE_WANTED,
  STATE_WORD_BYTES,
  WHOLE,
} from './layout';

import { getsEnd, takeGets } from './memcache-gets';
import {
  findName,
  isKeysLine,
  isSigned,
  lineBlock,
  lineCount,
  lineEnd,
  lineInfo,
  lineKey,
  lineKeyLength,
  parseLine,
  parseMeta,
  parseSet,
  skipBlanks,
  wordsBeforeKeys,
} from './memcache-line';
import { finish, getState, quickEnd, setState, writeRecord } from './records';
import { route } from './route';
import { BATCH_BYTES, canDefer, DEFERRED, routeDeferred } from './route-batch';

// Where a partial frame stopped.
const PHASE_START: u32 = 0;
const PHASE_LINE: u32 = 1; // in a line whose bytes up to OFFSET hold no LF
const PHASE_KEYS: u32 = 2; // in a line of keys, taken word by word
const PHASE_BODY: u32 = 3; // in a data block

const BLANK: u32 = 0x20;
const SMALL_G: u32 = 0x67;
const SMALL_M: u32 = 0x6d;
const SMALL_S: u32 = 0x73;
// Words of the state behind the shared ones: bytes of the unfinished word in a line of keys, and
// of that line so far.

/** See Codec.scanMemcacheRequests. */
export function scanMemcacheRequests(start: u32, end: u32, table: u32, limit: u32, pool: u32): u32 {
  assert(start <= end && limit !== 0 && (table & 3) === 0);
  const quick = quickEnd(end);
  const tableEnd = table + limit * RECORD_BYTES;
  let record = table;
  let pos = start;
  let frame = start; // first byte of the frame or of its piece
  let phase = getState(STATE_PHASE);
  let detached: u32 = 0;
  let boundary = start;
  let info: u32 = NO_COMMAND;
  let count: u32 = 0;
  let key: u32 = 0;
  let keyLength: u32 = 0;
  let left: u32 = 0; // bytes of the data block, with its CRLF, from pos on
  let server: u32 = NO_SERVER;
  let wordBytes: u32 = 0;
  let lineBytes: u32 = 0;
  let error: u32 = 0;
  let errorByte: u32 = 0;
  // Keys hash faster several at a time, so they are left for later.
  const defer = quick === end && canDefer(pool);
  let routed = table; // records before it have their server

  if (phase !== PHASE_START) {
    pos = start + getState(STATE_OFFSET);
    detached = getState(STATE_DETACHED);
    boundary = start + getState(STATE_BOUNDARY);
    info = getState(STATE_INFO);
    count = getState(STATE_COUNT);
    server = getState(STATE_SERVER);
    left = getState(STATE_BULK_LEFT);
    wordBytes = getState(STATE_WORD_BYTES);
    lineBytes = getState(STATE_LINE_BYTES);
    const keyOffset = getState(STATE_KEY_OFFSET);
    if (keyOffset !== 0 && detached === 0) {
      key = start + keyOffset;
      keyLength = getState(STATE_KEY_LENGTH);
    }
  }

  while (true) {
    if (phase === PHASE_START) {
      const most = defer ? min<u32>(tableEnd, routed + BATCH_BYTES) : tableEnd;
      if (pos < quick && <u32>load<u8>(pos) === SMALL_G) {
        record = takeGets(pos, quick, record, most, defer ? 0 : pool);
        pos = getsEnd;
      }
      if (defer && record - routed >= BATCH_BYTES) {
        routeDeferred(routed, record, pool);
        routed = record;
        continue;
      }
      if (pos === end || record === tableEnd) {
        if (defer) routeDeferred(routed, record, pool);
        finish(pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return (record - table) / RECORD_BYTES;
      }
      frame = pos;
      boundary = pos;
      info = NO_COMMAND;
      count = 0;
      key = 0;
      keyLength = 0;
      left = 0;
      server = NO_SERVER;
      wordBytes = 0;
      lineBytes = 0;
      const first = <u32>load<u8>(pos);
      if (first === 0x80) {
        error = ERROR_BINARY_PROTOCOL;
        errorByte = 0x80;
        break;
      }
      phase = PHASE_LINE;
      // Plain "set" and meta lines. What is not known here is left to the general code below.
      if (first === SMALL_G) {
        if (isKeysLine(pos, min<u32>(end, pos + 5))) phase = PHASE_KEYS;
      } else {
        const stop = min<u32>(end, pos + LIMIT_MEMCACHE_LINE_BYTES);
        if (first === SMALL_S ? parseSet(pos, stop) : first === SMALL_M && parseMeta(pos, stop)) {
          info = lineInfo;
          count = lineCount;
          key = lineKey;
          keyLength = lineKeyLength;
          left = lineBlock;
          pos = lineEnd;
          boundary = pos;
          server = defer ? DEFERRED : route(key, keyLength, pool);
          phase = PHASE_BODY;
        }
      }
    }

    if (phase === PHASE_LINE) {
      const stop = min<u32>(end, frame + LIMIT_MEMCACHE_LINE_BYTES);
      pos = findByte(pos, stop, LF);
      if (pos === stop && stop - frame < LIMIT_MEMCACHE_LINE_BYTES) break;
      if (isKeysLine(frame, pos === stop ? stop : pos + 1)) {
        phase = PHASE_KEYS;
        pos = frame;
      } else if (pos === stop) {
        error = ERROR_LINE_TOO_LONG;
        break;
      } else {
        parseLine(frame, pos > frame && <u32>load<u8>(pos - 1) === CR ? pos - 1 : pos);
        info = lineInfo;
        count = lineCount;
        key = lineKey;
        keyLength = lineKeyLength;
        left = lineBlock;
        if (key !== 0 && (info & FLAG_BASE64_KEY) === 0) {
          server = defer ? DEFERRED : route(key, keyLength, pool);
        }
        pos++;
        boundary = pos;
        phase = PHASE_BODY;
      }
    }

    if (phase === PHASE_KEYS) {
      const from = pos;
      const stop = min<u32>(end, pos + LIMIT_MEMCACHE_KEYS_LINE_BYTES - lineBytes);
      let behind: u32 = 0; // address behind the line
      while (behind === 0) {
        if (wordBytes === 0) pos = skipBlanks(pos, stop);
        const looked = pos;
        pos = findBlank(pos, stop);
        wordBytes += pos - looked;
        if (pos === stop) break;
        const byte = <u32>load<u8>(pos);
        // A key with more behind it: most of a long line.
        if (byte === BLANK && count > 1 && wordBytes - 1 < LIMIT_MEMCACHE_KEY_BYTES) {
          count++;
          key = pos - wordBytes;
          keyLength = wordBytes;
          wordBytes = 0;
          pos++;
          continue;
        }
        if (byte === LF) behind = pos + 1;
        else if (byte === CR) {
          if (pos + 1 === stop) break;
          if (<u32>load<u8>(pos + 1) === LF) behind = pos + 2;
        }
        if (behind === 0 && byte !== BLANK) {
          // A control character is part of the word; of NUL and CR no key is made.
          info |= byte === 0 || byte === CR ? FLAG_BAD | FLAG_SPECIAL : FLAG_SPECIAL;
          wordBytes++;
          pos++;
        } else if (wordBytes !== 0) {
          const word = pos - wordBytes;
          count++;
          if (count === 1) info = (info & ~NO_COMMAND) | findName(word, pos);
          else if (count <= wordsBeforeKeys(info & NO_COMMAND)) {
            const isGood = wordBytes <= LIMIT_MEMCACHE_KEY_BYTES && isSigned(word, pos);
            if (!isGood) info |= FLAG_BAD | FLAG_SPECIAL;
          } else if (wordBytes > LIMIT_MEMCACHE_KEY_BYTES) {
            info |= FLAG_BAD | FLAG_KEY_TOO_LONG | FLAG_SPECIAL;
          } else {
            key = word;
            keyLength = wordBytes;
          }
          wordBytes = 0;
        }
      }
      lineBytes += pos - from;
      const keys = <i32>count - <i32>wordsBeforeKeys(info & NO_COMMAND);
      if (behind === 0) {
        const last: u32 = pos + 1 === stop && <u32>load<u8>(pos) === CR ? 1 : 0;
        if (lineBytes + last === LIMIT_MEMCACHE_KEYS_LINE_BYTES) {
          error = ERROR_LINE_TOO_LONG;
        } else if (keys > 1 || lineBytes > LIMIT_MEMCACHE_LINE_BYTES) {
          info |= FLAG_SPECIAL;
          key = 0;
          keyLength = 0;
          boundary = wordBytes > LIMIT_MEMCACHE_KEY_BYTES ? pos : pos - wordBytes;
        }
        break;
      }
      lineBytes += behind - pos;
      pos = behind;
      boundary = pos;
      if (keys < 1) info |= FLAG_SPECIAL | FLAG_BAD;
      if (keys !== 1 || lineBytes > LIMIT_MEMCACHE_LINE_BYTES) info |= FLAG_SPECIAL;
      if ((info & FLAG_SPECIAL) !== 0) {
        key = 0;
        keyLength = 0;
      } else server = defer ? DEFERRED : route(key, keyLength, pool);
      phase = PHASE_BODY;
    }

    if (left !== 0) {
      const seen = end - pos;
      if (seen < left) {
        if (left - seen === 1 && seen !== 0 && <u32>load<u8>(end - 1) !== CR) {
          info |= FLAG_BAD | FLAG_SPECIAL;
        }
        left -= seen;
        pos = end;
        boundary = end;
        break;
      }
      pos += left;
      if (left === 1 ? <u32>load<u8>(pos - 1) !== LF : <u32>load<u16>(pos - 2) !== CRLF) {
        info |= FLAG_BAD | FLAG_SPECIAL;
      }
      left = 0;
    }

    info |= detached !== 0 ? FLAG_LAST : WHOLE;
    writeRecord(record, frame, pos, info, server, count, key, keyLength);
    record += RECORD_BYTES;
    detached = 0;
    phase = PHASE_START;
  }

  if (defer) routeDeferred(routed, record, pool);
  if (server === DEFERRED) server = route(key, keyLength, pool);
  if (error !== 0) {
    finish(SCAN_ERROR, frame, error, errorByte);
    return (record - table) / RECORD_BYTES;
  }
  if (detached !== 0 && boundary > frame) {
    writeRecord(record, frame, boundary, info, server, count, key, keyLength);
    record += RECORD_BYTES;
    frame = boundary;
    key = 0;
    keyLength = 0;
  }
  setState(STATE_STATUS, SCAN_PARTIAL);
  setState(STATE_CONSUMED, frame);
  setState(STATE_ERROR, 0);
  setState(STATE_ERROR_BYTE, 0);
  setState(STATE_PHASE, phase);
  setState(STATE_OFFSET, pos - frame);
  setState(STATE_ARGS_LEFT, 0);
  setState(STATE_BULK_LEFT, left);
  setState(STATE_COUNT, count);
  setState(STATE_INFO, info);
  setState(STATE_SERVER, server);
  setState(STATE_KEY_OFFSET, key !== 0 ? key - frame : 0);
  setState(STATE_KEY_LENGTH, keyLength);
  setState(STATE_DETACHED, detached);
  setState(STATE_WANTED, 0);
  setState(STATE_BOUNDARY, boundary - frame);
  setState(STATE_WORD_BYTES, wordBytes);
  setState(STATE_LINE_BYTES, lineBytes);
  return (record - table) / RECORD_BYTES;
}

/** See Codec.splitMemcacheKeys. */
export function splitMemcacheKeys(
  start: u32,
  end: u32,
  table: u32,
  limit: u32,
  fromKey: u32,
  pool: u32,
): u32 {
  const tableEnd = table + limit * RECORD_BYTES;
  const defer = quickEnd(end) === end && canDefer(pool);
  let record = table;
  let pos = start;
  let position = fromKey;
  if (fromKey === 0) {
    const name = skipBlanks(pos, end);
    pos = findWordEnd(name, end);
    if (wordsBeforeKeys(findName(name, pos)) === 2) pos = findWordEnd(skipBlanks(pos, end), end);
  }
  while (record < tableEnd) {
    const key = skipBlanks(pos, end);
    pos = findWordEnd(key, end);
    const length = pos - key;
    if (length === 0) break;
    const server = defer ? DEFERRED : route(key, length, pool);
    writeRecord(record, key, pos, 0, server, position, key, length);
    record += RECORD_BYTES;
    position++;
  }
  if (defer) routeDeferred(table, record, pool);
  return (record - table) / RECORD_BYTES;
}
