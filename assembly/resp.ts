// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// RESP framing: bytes -> frame table. docs/codec.md is the contract; the readable reference is
// src/protocol/redis/{request-scanner,reply-scanner,splitter}.ts, which must behave the same.

import {
  CR,
  CRLF,
  findByte,
  LF,
  LINE_BROKEN,
  LINE_PARTIAL,
  LINE_TOO_LONG,
  lineEnd,
  readNumber,
  shortNumber,
} from './ascii';
import { findCommand, findShortCommand } from './commands';
import {
  COMMAND_ARITY,
  COMMAND_INFO,
  COMMAND_KEY,
  COMMAND_NAME_LIMIT,
  COMMAND_PLAIN_COUNT,
  ERROR_BULK_CRLF,
  ERROR_BULK_LENGTH,
  ERROR_BULK_LINE_TOO_LONG,
  ERROR_EXPECTED_DOLLAR,
  ERROR_HEADER_LINE,
  ERROR_INLINE_TOO_LONG,
  ERROR_MULTIBULK_LENGTH,
  ERROR_MULTIBULK_LINE_TOO_LONG,
  ERROR_REPLY_DEPTH,
  ERROR_REPLY_LINE,
  ERROR_REPLY_TYPE,
  FLAG_BAD_ARITY,
  FLAG_FIRST,
  FLAG_INLINE,
  FLAG_KEY_TOO_LONG,
  FLAG_LAST,
  FLAG_SPECIAL,
  FLAG_TRANSIENT,
  LIMIT_ARGUMENTS,
  LIMIT_BULK_BYTES,
  LIMIT_INLINE_BYTES,
  LIMIT_KEY_BYTES,
  LIMIT_REPLY_DEPTH,
  LIMIT_REPLY_ELEMENTS,
  LIMIT_REPLY_LINE_BYTES,
  NO_COMMAND,
  NO_SERVER,
  POOL_MAX_ARGUMENTS,
  POOL_MAX_BULK,
  POOL_MAX_INLINE,
  RECORD_BYTES,
  RECORD_COUNT,
  RECORD_DEST,
  RECORD_INFO,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  SCAN_COMPLETE,
  SCAN_ERROR,
  SCAN_FULL,
  SCAN_PARTIAL,
  STATE,
  STATE_ARGS_LEFT,
  STATE_BOUNDARY,
  STATE_BULK_LEFT,
  STATE_CONSUMED,
  STATE_COUNT,
  STATE_DEPTH,
  STATE_DETACHED,
  STATE_ERROR,
  STATE_ERROR_BYTE,
  STATE_INFO,
  STATE_KEY_LENGTH,
  STATE_KEY_OFFSET,
  STATE_MAX_DEPTH,
  STATE_OFFSET,
  STATE_PHASE,
  STATE_SERVER,
  STATE_STACK,
  STATE_STATUS,
} from './layout';
import { route } from './route';
import { canDefer, DEFERRED, routeDeferred } from './route-batch';

// Where a partial frame stopped. A line is read again from its start, a body goes on at its end.
const PHASE_START: u32 = 0;
const PHASE_HEADER: u32 = 1; // request: in the line "*N"
const PHASE_LINE: u32 = 2; // request: at or in a line "$N"; reply: at or in an element's header
const PHASE_BODY: u32 = 3; // in a bulk
const PHASE_HELD: u32 = 4; // request: in the command name or the key, wanted in one piece
const PHASE_TEXT: u32 = 5; // in an inline request or a reply line

const HEAD_PATTERN: u64 = 0x0a0d00240a0d002a; // "*?\r\n$?\r\n"
const HEAD_MASK: u64 = 0xffff00ffffff00ff;
const FAST_HEAD: u32 = 18; // the head, a name of 8 bytes, CRLF

const NO_WORD: u32 = 0xffffffff; // no word of this request is wanted any more
const NULL_COUNT: u32 = 0xffffffff;

const DOLLAR: u32 = 0x24;
const STAR: u32 = 0x2a;
const PERCENT: u32 = 0x25;
const PIPE: u32 = 0x7c;
const COLON: u32 = 0x3a;
const MINUS: u32 = 0x2d;

function getState(word: u32): u32 {
  return load<u32>(STATE + (word << 2));
}

function setState(word: u32, value: u32): void {
  store<u32>(STATE + (word << 2), value);
}

function writeRecord(
  record: u32,
  start: u32,
  end: u32,
  info: u32,
  server: u32,
  count: u32,
  key: u32,
  keyLength: u32,
): void {
  store<u32>(record + RECORD_START, start);
  store<u32>(record + RECORD_LENGTH, end - start);
  store<u32>(record + RECORD_DEST, 0);
  store<u32>(record + RECORD_INFO, info);
  store<u32>(record + RECORD_SERVER, server);
  store<u32>(record + RECORD_COUNT, count);
  store<u32>(record + RECORD_KEY, key);
  store<u32>(record + RECORD_KEY_LENGTH, keyLength);
}

/** Leaves the result of a scan that did not stop inside a frame. */
function finish(status: u32, consumed: u32, error: u32, errorByte: u32): void {
  setState(STATE_STATUS, status);
  setState(STATE_CONSUMED, consumed);
  setState(STATE_ERROR, error);
  setState(STATE_ERROR_BYTE, errorByte);
  memory.fill(STATE + (STATE_PHASE << 2), 0, (STATE_STACK - STATE_PHASE) << 2);
}

/** Whether [pos, end) holds only blanks and tabs, and perhaps a last CR. */
function isBlank(pos: u32, end: u32): bool {
  if (pos < end && <u32>load<u8>(end - 1) === CR) end--;
  while (pos < end) {
    const byte = <u32>load<u8>(pos++);
    if (byte !== 0x20 && byte !== 0x09) return false;
  }
  return true;
}

function lengthLineError(code: i64, tooLong: u32, bad: u32): u32 {
  if (code === LINE_TOO_LONG) return tooLong;
  return code === LINE_BROKEN ? ERROR_HEADER_LINE : bad;
}

/** INFO of a request with `argc` words for the command at `entry`. */
function commandInfo(entry: u32, argc: u32): u32 {
  let info = load<u32>(entry + COMMAND_INFO);
  if (argc === load<u32>(entry + COMMAND_PLAIN_COUNT)) info &= ~FLAG_SPECIAL;
  const arity = load<i32>(entry + COMMAND_ARITY);
  if (<i32>argc !== arity && (arity >= 0 || <i32>argc < -arity)) {
    info |= FLAG_SPECIAL | FLAG_BAD_ARITY;
  }
  return info;
}

function poolLimit(pool: u32, word: u32, standard: u32): u32 {
  const limit = load<u32>(pool + word * 4);
  return limit === 0 ? standard : limit;
}

/** See Codec.scanRequests. */
export function scanRequests(start: u32, end: u32, table: u32, limit: u32, pool: u32): u32 {
  const maxArguments = poolLimit(pool, POOL_MAX_ARGUMENTS, LIMIT_ARGUMENTS);
  const maxBulk = poolLimit(pool, POOL_MAX_BULK, LIMIT_BULK_BYTES);
  const maxInline = poolLimit(pool, POOL_MAX_INLINE, LIMIT_INLINE_BYTES);
  assert(start <= end && limit !== 0 && (table & 3) === 0);
  const tableEnd = table + limit * RECORD_BYTES;
  let record = table;
  let pos = start;
  let frame = start; // first byte of the frame or of its piece
  let phase = getState(STATE_PHASE);
  let detached: u32 = 0;
  let argc: u32 = 0;
  let index: u32 = 0; // words begun
  let wanted: u32 = 0; // next word to look at: the name, then the key, then NO_WORD
  let left: u32 = 0; // bytes of the current bulk, with CRLF, from pos on
  let boundary = start;
  let info: u32 = NO_COMMAND;
  let server: u32 = NO_SERVER;
  let key: u32 = 0;
  let keyLength: u32 = 0;
  let error: u32 = 0;
  let errorByte: u32 = 0;
  // Keys hash faster four at a time, so the fast lane leaves them for later.
  const defer = canDefer(pool);
  let routed = table; // records before it have their server

  if (phase !== PHASE_START) {
    pos = start + getState(STATE_OFFSET);
    detached = getState(STATE_DETACHED);
    argc = getState(STATE_COUNT);
    index = argc - getState(STATE_ARGS_LEFT);
    wanted = getState(STATE_DEPTH);
    left = getState(STATE_BULK_LEFT);
    boundary = start + getState(STATE_BOUNDARY);
    info = getState(STATE_INFO);
    server = getState(STATE_SERVER);
    const keyOffset = getState(STATE_KEY_OFFSET);
    if (detached === 0 && keyOffset !== 0) {
      key = start + keyOffset;
      keyLength = getState(STATE_KEY_LENGTH);
    }
  }

  while (true) {
    if (phase === PHASE_LINE && index === argc) {
      const flags = detached !== 0 ? FLAG_LAST : FLAG_FIRST | FLAG_LAST;
      writeRecord(record, frame, pos, info | flags, server, argc, key, keyLength);
      record += RECORD_BYTES;
      detached = 0;
      phase = PHASE_START;
      if (defer && record - routed === 8 * RECORD_BYTES) {
        routeDeferred(routed, record, pool);
        routed = record;
      }
    }

    if (phase === PHASE_START) {
      if (pos === end || record === tableEnd) {
        if (defer) routeDeferred(routed, record, pool);
        finish(pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return (record - table) / RECORD_BYTES;
      }
      frame = pos;
      boundary = pos;
      index = 0;
      wanted = 0;
      info = NO_COMMAND;
      server = NO_SERVER;
      key = 0;
      keyLength = 0;

      // Fast lane: "*N\r\n$L\r\n" with one digit each and the name in one word, then perhaps the
      // key. What it does not know it leaves untouched to the general code below.
      if (end - pos >= FAST_HEAD) {
        const head = load<u64>(pos);
        const words = <u32>(head >>> 8) & 0xff;
        const nameLength = (<u32>(head >>> 40) & 0xff) - 0x30;
        if (
          (head & HEAD_MASK) === HEAD_PATTERN &&
          words - 0x31 < 9 &&
          nameLength - 1 < 8 &&
          <u32>load<u16>(pos + nameLength, 8) === CRLF
        ) {
          argc = words - 0x30;
          const entry = findShortCommand(pos + 8, nameLength);
          pos += nameLength + 10;
          index = 1;
          phase = PHASE_LINE;
          if (entry === 0) {
            info |= FLAG_SPECIAL;
            wanted = NO_WORD;
          } else {
            info = commandInfo(entry, argc);
            wanted = load<u32>(entry + COMMAND_KEY);
            if (wanted === 0) wanted = NO_WORD;
            if (wanted === 1 && argc > 1 && pos < end && <u32>load<u8>(pos) === DOLLAR) {
              const short = shortNumber(pos, end);
              const body = pos + (short & 15);
              const length = short >>> 4;
              if (
                short !== 0 &&
                length <= LIMIT_KEY_BYTES &&
                end - body >= length + 2 &&
                <u32>load<u16>(body + length) === CRLF
              ) {
                index = 2;
                wanted = NO_WORD;
                key = body;
                keyLength = length;
                pos = body + length + 2;
                server = defer ? DEFERRED : route(body, length, pool);
              }
            }
          }
          continue;
        }
      }
    }

    if (phase <= PHASE_HEADER) {
      if (<u32>load<u8>(frame) !== STAR) {
        phase = PHASE_TEXT;
      } else {
        const short = shortNumber(frame, end);
        if (short !== 0) {
          argc = short >>> 4;
          if (argc > maxArguments) {
            error = ERROR_MULTIBULK_LENGTH;
            break;
          }
          pos = frame + (short & 15);
        } else {
          const number = readNumber(frame, end);
          if (number === LINE_PARTIAL) {
            argc = 0;
            pos = frame;
            phase = PHASE_HEADER;
            break;
          }
          if (number <= LINE_TOO_LONG || number > <i64>maxArguments) {
            error = lengthLineError(number, ERROR_MULTIBULK_LINE_TOO_LONG, ERROR_MULTIBULK_LENGTH);
            break;
          }
          argc = number < 0 ? 0 : <u32>number;
          pos = lineEnd;
        }
        if (argc === 0) {
          phase = PHASE_START;
          continue;
        }
        phase = PHASE_LINE;
      }
    }

    if (phase === PHASE_TEXT) {
      const stop = min<u32>(end, frame + maxInline + 1);
      const newline = findByte(pos, stop, LF);
      if (newline === stop) {
        if (stop - frame > maxInline) {
          error = ERROR_INLINE_TOO_LONG;
          break;
        }
        pos = stop;
        argc = 0;
        info = FLAG_INLINE | FLAG_SPECIAL | NO_COMMAND;
        break;
      }
      if (!isBlank(frame, newline)) {
        const whole = FLAG_FIRST | FLAG_LAST | FLAG_INLINE | FLAG_SPECIAL | NO_COMMAND;
        writeRecord(record, frame, newline + 1, whole, NO_SERVER, 0, 0, 0);
        record += RECORD_BYTES;
      }
      pos = newline + 1;
      phase = PHASE_START;
      continue;
    }

    if (phase === PHASE_LINE) {
      boundary = pos;
      if (pos === end) break;
      const byte = <u32>load<u8>(pos);
      if (byte !== DOLLAR) {
        error = ERROR_EXPECTED_DOLLAR;
        errorByte = byte;
        break;
      }
      const short = shortNumber(pos, end);
      if (short !== 0) {
        left = (short >>> 4) + 2;
        if (left - 2 > maxBulk) {
          error = ERROR_BULK_LENGTH;
          break;
        }
        pos += short & 15;
      } else {
        const number = readNumber(pos, end);
        if (number === LINE_PARTIAL) break;
        if (number < 0 || number > <i64>maxBulk) {
          error = lengthLineError(number, ERROR_BULK_LINE_TOO_LONG, ERROR_BULK_LENGTH);
          break;
        }
        left = <u32>number + 2;
        pos = lineEnd;
      }
      if (index === wanted) {
        // A name or key beyond its limit is no use to us: it passes like any other body.
        if (left - 2 <= (index === 0 ? COMMAND_NAME_LIMIT : LIMIT_KEY_BYTES)) phase = PHASE_HELD;
        else {
          info |= index === 0 ? FLAG_SPECIAL : FLAG_SPECIAL | FLAG_KEY_TOO_LONG;
          wanted = NO_WORD;
          phase = PHASE_BODY;
        }
      } else phase = PHASE_BODY;
      index++;
    }

    const seen = end - pos;
    if (seen < left) {
      if (phase === PHASE_BODY) {
        if (left - seen === 1 && seen !== 0 && <u32>load<u8>(end - 1) !== CR) {
          error = ERROR_BULK_CRLF;
          break;
        }
        left -= seen;
        pos = end;
        boundary = end;
      }
      break;
    }

    const body = pos;
    pos += left;
    if (left === 1 ? <u32>load<u8>(pos - 1) !== LF : <u32>load<u16>(pos - 2) !== CRLF) {
      error = ERROR_BULK_CRLF;
      break;
    }
    if (phase === PHASE_HELD) {
      const length = left - 2;
      if (index === 1) {
        const entry = findCommand(body, length);
        wanted = NO_WORD;
        if (entry === 0) info |= FLAG_SPECIAL;
        else {
          info = commandInfo(entry, argc);
          const keyWord = load<u32>(entry + COMMAND_KEY);
          if (keyWord !== 0) wanted = keyWord;
        }
      } else {
        wanted = NO_WORD;
        key = body;
        keyLength = length;
        server = route(body, length, pool);
      }
    }
    left = 0;
    phase = PHASE_LINE;
  }

  if (defer) routeDeferred(routed, record, pool);
  if (server === DEFERRED) server = route(key, keyLength, pool);
  if (error !== 0) {
    finish(SCAN_ERROR, frame, error, errorByte);
    return (record - table) / RECORD_BYTES;
  }
  if (detached !== 0 && boundary > frame) {
    writeRecord(record, frame, boundary, info, server, argc, key, keyLength);
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
  setState(STATE_ARGS_LEFT, argc - index);
  setState(STATE_BULK_LEFT, left);
  setState(STATE_COUNT, argc);
  setState(STATE_INFO, info);
  setState(STATE_SERVER, server);
  setState(STATE_KEY_OFFSET, key !== 0 ? key - frame : 0);
  setState(STATE_KEY_LENGTH, keyLength);
  setState(STATE_DETACHED, detached);
  setState(STATE_DEPTH, wanted);
  setState(STATE_BOUNDARY, boundary - frame);
  return (record - table) / RECORD_BYTES;
}

function isLineType(type: u32): bool {
  // + - : _ , # (
  return (
    type === 0x2b ||
    type === 0x2d ||
    type === 0x3a ||
    type === 0x5f ||
    type === 0x2c ||
    type === 0x23 ||
    type === 0x28
  );
}

function isBulkType(type: u32): bool {
  // $ ! =
  return type === DOLLAR || type === 0x21 || type === 0x3d;
}

function isAggregateType(type: u32): bool {
  // * ~ % > |
  return type === STAR || type === 0x7e || type === 0x25 || type === 0x3e || type === PIPE;
}

/** Whether the error line ("-" at `line`) begins with exactly LOADING, OOM or BUSY. */
function isTransient(line: u32, cr: u32): bool {
  let wordEnd = line + 1;
  while (wordEnd < cr && load<u8>(wordEnd) !== 0x20) wordEnd++;
  const length = wordEnd - line - 1;
  if (length === 3) return load<u32>(line) === 0x4d4f4f2d; // "-OOM"
  if (length === 4) return load<u32>(line + 1) === 0x59535542; // "BUSY"
  if (length === 7) return load<u64>(line) === 0x474e4944414f4c2d; // "-LOADING"
  return false;
}

/**
 * Address of the CR that ends the reply line at `line`, looking from `pos` on; where it stopped
 * when the CR or the LF behind it has not come; 0 when the line is malformed.
 */
function findLineEnd(line: u32, pos: u32, end: u32): u32 {
  const stop = min<u32>(end, line + LIMIT_REPLY_LINE_BYTES - 1);
  if (<u32>load<u8>(line) === COLON) {
    while (pos < stop) {
      const byte = <u32>load<u8>(pos);
      if (byte - 0x30 > 9 && !(byte === MINUS && pos === line + 1)) break;
      pos++;
    }
    if (pos < stop) {
      if (<u32>load<u8>(pos) !== CR || <u32>load<u8>(pos - 1) - 0x30 > 9) return 0;
    }
  } else {
    pos = findByte(pos, stop, CR);
  }
  if (pos >= stop) return stop - line < LIMIT_REPLY_LINE_BYTES - 1 ? pos : 0;
  if (pos + 1 < end && <u32>load<u8>(pos + 1) !== LF) return 0;
  return pos;
}

/** See Codec.scanReplies. */
export function scanReplies(start: u32, end: u32, table: u32, limit: u32): u32 {
  assert(start <= end && limit !== 0 && (table & 3) === 0);
  const tableEnd = table + limit * RECORD_BYTES;
  let record = table;
  let pos = start;
  let frame = start; // first byte of the frame or of its piece
  let phase = getState(STATE_PHASE);
  const givenDepth = getState(STATE_MAX_DEPTH);
  const maxDepth = givenDepth === 0 ? LIMIT_REPLY_DEPTH : min(givenDepth, LIMIT_REPLY_DEPTH);
  let detached: u32 = 0;
  let depth: u32 = 0;
  let elements: u32 = 0; // not yet begun at this depth
  let left: u32 = 0; // bytes of the current bulk, with CRLF, from pos on
  let boundary = start; // also the start of the line in PHASE_LINE and PHASE_TEXT
  let info: u32 = 0;
  let count: u32 = 0;
  let error: u32 = 0;
  let errorByte: u32 = 0;

  if (phase !== PHASE_START) {
    pos = start + getState(STATE_OFFSET);
    detached = getState(STATE_DETACHED);
    depth = getState(STATE_DEPTH);
    elements = getState(STATE_ARGS_LEFT);
    left = getState(STATE_BULK_LEFT);
    boundary = start + getState(STATE_BOUNDARY);
    info = getState(STATE_INFO);
    count = getState(STATE_COUNT);
  }

  while (true) {
    if (phase === PHASE_START) {
      if (pos === end || record === tableEnd) {
        finish(pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return (record - table) / RECORD_BYTES;
      }
      frame = pos;
      depth = 0;
      elements = 1;
      info = 0;
      count = 0;
      phase = PHASE_LINE;
    }

    if (phase === PHASE_LINE) {
      boundary = pos;
      if (pos === end) break;
      const type = <u32>load<u8>(pos);
      if (depth === 0 && type !== PIPE) info = type;
      if (isLineType(type)) {
        pos++;
        phase = PHASE_TEXT;
      } else {
        const isBulk = isBulkType(type);
        if (!isBulk && !isAggregateType(type)) {
          error = ERROR_REPLY_TYPE;
          errorByte = type;
          break;
        }
        let size: u32;
        const short = shortNumber(pos, end);
        if (short !== 0) {
          size = short >>> 4;
          pos += short & 15;
        } else {
          const number = readNumber(pos, end);
          if (number === LINE_PARTIAL) break;
          const isNull = number === -1 && (type === DOLLAR || type === STAR);
          const most = <i64>(isBulk ? LIMIT_BULK_BYTES : LIMIT_REPLY_ELEMENTS);
          if ((number < 0 && !isNull) || number > most) {
            error = ERROR_REPLY_LINE;
            break;
          }
          size = <u32>number; // a null becomes NULL_COUNT
          pos = lineEnd;
        }
        if (size === NULL_COUNT) {
          if (depth === 0) count = size;
          elements--;
        } else if (isBulk) {
          elements--;
          left = size + 2;
          phase = PHASE_BODY;
        } else {
          if (type === PERCENT || type === PIPE) {
            if (size > LIMIT_REPLY_ELEMENTS / 2) {
              error = ERROR_REPLY_LINE;
              break;
            }
            size <<= 1;
          }
          if (type !== PIPE) {
            elements--;
            if (depth === 0) count = size;
          }
          if (size !== 0) {
            if (depth === maxDepth) {
              error = ERROR_REPLY_DEPTH;
              break;
            }
            store<u32>(STATE + ((STATE_STACK + depth) << 2), elements);
            depth++;
            elements = size;
          }
        }
      }
    }

    if (phase === PHASE_BODY) {
      const seen = end - pos;
      if (seen < left) {
        if (left - seen === 1 && seen !== 0 && <u32>load<u8>(end - 1) !== CR) {
          error = ERROR_BULK_CRLF;
          break;
        }
        left -= seen;
        pos = end;
        boundary = end;
        break;
      }
      pos += left;
      if (left === 1 ? <u32>load<u8>(pos - 1) !== LF : <u32>load<u16>(pos - 2) !== CRLF) {
        error = ERROR_BULK_CRLF;
        break;
      }
      left = 0;
      phase = PHASE_LINE;
    } else if (phase === PHASE_TEXT) {
      pos = findLineEnd(boundary, pos, end);
      if (pos === 0) {
        error = ERROR_REPLY_LINE;
        break;
      }
      if (end - pos < 2) break;
      if (depth === 0 && info === MINUS && isTransient(boundary, pos)) info |= FLAG_TRANSIENT;
      pos += 2;
      elements--;
      phase = PHASE_LINE;
    }

    while (elements === 0 && depth !== 0) {
      depth--;
      elements = load<u32>(STATE + ((STATE_STACK + depth) << 2));
    }
    if (elements !== 0) continue;

    const flags = detached !== 0 ? FLAG_LAST : FLAG_FIRST | FLAG_LAST;
    writeRecord(record, frame, pos, info | flags, NO_SERVER, count, 0, 0);
    record += RECORD_BYTES;
    detached = 0;
    phase = PHASE_START;
  }

  if (error !== 0) {
    finish(SCAN_ERROR, frame, error, errorByte);
    return (record - table) / RECORD_BYTES;
  }
  if (detached !== 0 && boundary > frame) {
    writeRecord(record, frame, boundary, info, NO_SERVER, count, 0, 0);
    record += RECORD_BYTES;
    frame = boundary;
  }
  setState(STATE_STATUS, SCAN_PARTIAL);
  setState(STATE_CONSUMED, frame);
  setState(STATE_ERROR, 0);
  setState(STATE_ERROR_BYTE, 0);
  setState(STATE_PHASE, phase);
  setState(STATE_OFFSET, pos - frame);
  setState(STATE_ARGS_LEFT, elements);
  setState(STATE_BULK_LEFT, left);
  setState(STATE_COUNT, count);
  setState(STATE_INFO, info);
  setState(STATE_SERVER, NO_SERVER);
  setState(STATE_KEY_OFFSET, 0);
  setState(STATE_KEY_LENGTH, 0);
  setState(STATE_DETACHED, detached);
  setState(STATE_DEPTH, depth);
  setState(STATE_BOUNDARY, boundary - frame);
  return (record - table) / RECORD_BYTES;
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
  for (; pos < end && record < tableEnd; word++) {
    const line = pos;
    const short = shortNumber(pos, end);
    let length = short >>> 4;
    if (short !== 0) pos += short & 15;
    else {
      const number = readNumber(pos, end);
      if (number < 0) break;
      length = <u32>number;
      pos = lineEnd;
    }
    const body = pos;
    pos += length + 2;
    if (word < fromWord) continue;
    let info: u32 = 0;
    let server: u32 = NO_SERVER;
    while (nextKey < word) nextKey += step;
    if (word === nextKey) {
      if (length > LIMIT_KEY_BYTES) info = FLAG_KEY_TOO_LONG;
      else server = route(body, length, pool);
    }
    writeRecord(record, line, pos, info, server, word, body, length);
    record += RECORD_BYTES;
  }
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
