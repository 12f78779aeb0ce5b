// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// RESP replies: bytes -> frame table. docs/codec.md is the contract; the readable reference is
// src/protocol/redis/scan/reply-scanner.ts, which must behave the same.

import { CR, CRLF, findByte, LF, LINE_PARTIAL, lineEnd, readNumber, shortNumber } from './ascii';
import {
  ERROR_BULK_CRLF,
  ERROR_REPLY_ELEMENTS,
  ERROR_REPLY_LINE,
  ERROR_REPLY_TYPE,
  FLAG_LAST,
  FLAG_TRANSIENT,
  LIMIT_BULK_BYTES,
  LIMIT_REPLY_ELEMENTS,
  LIMIT_REPLY_LINE_BYTES,
  LIMIT_REPLY_OUTSTANDING,
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
  STATE_OFFSET,
  STATE_PHASE,
  STATE_SERVER,
  STATE_STATUS,
  STATE_WANTED,
  WHOLE,
} from './layout';
import { finish, getState, quickEnd, setState, writeRecord } from './records';
import { takeElements, takenEnd, takeReplies } from './resp-elements';
import {
  COLON,
  DOLLAR,
  isAggregateType,
  isBulkType,
  isLineType,
  MINUS,
  NULL_COUNT,
  PERCENT,
  PHASE_BODY,
  PHASE_LINE,
  PHASE_START,
  PHASE_TEXT,
  PIPE,
  STAR,
} from './resp-syntax';

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
  const quick = quickEnd(end);
  const tableEnd = table + limit * RECORD_BYTES;
  let record = table;
  let pos = start;
  let frame = start; // first byte of the frame or of its piece
  let phase = getState(STATE_PHASE);
  let detached: u32 = 0;
  let pending: u32 = 0; // elements not yet begun, on all levels: the frame ends when there are none
  let left: u32 = 0; // bytes of the current bulk, with CRLF, from pos on
  let boundary = start; // also the start of the line in PHASE_LINE and PHASE_TEXT
  let info: u32 = 0; // 0 = the head, behind the attributes, was not seen yet
  let count: u32 = 0;
  let error: u32 = 0;
  let errorByte: u32 = 0;

  if (phase !== PHASE_START) {
    pos = start + getState(STATE_OFFSET);
    detached = getState(STATE_DETACHED);
    pending = getState(STATE_ARGS_LEFT);
    left = getState(STATE_BULK_LEFT);
    boundary = start + getState(STATE_BOUNDARY);
    info = getState(STATE_INFO);
    count = getState(STATE_COUNT);
  }

  while (true) {
    if (phase === PHASE_START) {
      record = takeReplies(pos, quick, record, tableEnd);
      pos = takenEnd;
      if (pos === end || record === tableEnd) {
        finish(pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return (record - table) / RECORD_BYTES;
      }
      frame = pos;
      pending = 1;
      info = 0;
      count = 0;
      phase = PHASE_LINE;
    }

    if (phase === PHASE_LINE) {
      boundary = pos;
      if (pos === end) break;
      const type = <u32>load<u8>(pos);
      if (isLineType(type)) {
        if (info === 0 && pending === 1) info = type;
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
        const isHead = info === 0 && pending === 1 && type !== PIPE;
        if (isHead) info = type;
        if (size === NULL_COUNT) {
          if (isHead) count = size;
          pending--;
        } else if (isBulk) {
          pending--;
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
          if (isHead) count = size;
          // An attribute comes on top: the element it belongs to is still to be counted.
          if (type !== PIPE) pending--;
          if (size > LIMIT_REPLY_OUTSTANDING - pending) {
            error = ERROR_REPLY_ELEMENTS;
            break;
          }
          pending += size;
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
      if (info === MINUS && isTransient(boundary, pos)) info |= FLAG_TRANSIENT;
      pos += 2;
      pending--;
      phase = PHASE_LINE;
    }

    if (pending !== 0) {
      if (phase !== PHASE_LINE || info === 0) continue;
      pending = takeElements(pos, quick, pending);
      pos = takenEnd;
      if (pending !== 0) continue;
    }

    const flags = detached !== 0 ? FLAG_LAST : WHOLE;
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
  setState(STATE_ARGS_LEFT, pending);
  setState(STATE_BULK_LEFT, left);
  setState(STATE_COUNT, count);
  setState(STATE_INFO, info);
  setState(STATE_SERVER, NO_SERVER);
  setState(STATE_KEY_OFFSET, 0);
  setState(STATE_KEY_LENGTH, 0);
  setState(STATE_DETACHED, detached);
  setState(STATE_WANTED, 0);
  setState(STATE_BOUNDARY, boundary - frame);
  return (record - table) / RECORD_BYTES;
}
