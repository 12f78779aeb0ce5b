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
} from '../../frame-table.ts';
import { PHASE_BODY, PHASE_LINE, PHASE_START, PHASE_TEXT } from '../../resp-phase.ts';
import {
  finishScan,
  LINE_PARTIAL,
  lineLength,
  readNumber,
  writeRecord,
} from './request-scanner.ts';

export const NULL_COUNT = 0xffffffff;

const CR = 0x0d;
const LF = 0x0a;
const MINUS = 0x2d;
const COLON = 0x3a;
const DOLLAR = 0x24;
const STAR = 0x2a;
const PERCENT = 0x25;
const PIPE = 0x7c;
const STATE_WORD = STATE >>> 2;

// What a type byte begins.
export const KIND_LINE = 1;
export const KIND_BULK = 2;
const KIND_AGGREGATE = 3;

/** Kind by type byte, 0 for bytes that begin no reply. */
export const replyKinds: Uint8Array = new Uint8Array(256);
for (const type of '+-:_,#(') replyKinds[type.charCodeAt(0)] = KIND_LINE;
for (const type of '$!=') replyKinds[type.charCodeAt(0)] = KIND_BULK;
for (const type of '*~%>|') replyKinds[type.charCodeAt(0)] = KIND_AGGREGATE;

/** See Codec.scanReplies; docs/codec.md is the contract, assembly/resp-replies.ts the twin. */
export function scanReplies(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  table: number,
  limit: number,
): number {
  let records = 0;
  let pos = start;
  let frame = start; // first byte of the frame or of its piece
  let phase = words[STATE_WORD + STATE_PHASE];
  let detached = 0;
  let pending = 0; // elements not yet begun, on all levels: the frame ends when there are none
  let left = 0; // bytes of the current bulk, with CRLF, from pos on
  let boundary = start; // also the start of the line in PHASE_LINE and PHASE_TEXT
  let info = 0; // 0 = the head, behind the attributes, was not seen yet
  let count = 0;
  let error = 0;
  let errorByte = 0;

  if (phase !== PHASE_START) {
    pos = start + words[STATE_WORD + STATE_OFFSET];
    detached = words[STATE_WORD + STATE_DETACHED];
    pending = words[STATE_WORD + STATE_ARGS_LEFT];
    left = words[STATE_WORD + STATE_BULK_LEFT];
    boundary = start + words[STATE_WORD + STATE_BOUNDARY];
    info = words[STATE_WORD + STATE_INFO];
    count = words[STATE_WORD + STATE_COUNT];
  }

  for (;;) {
    if (phase === PHASE_START) {
      if (pos === end || records === limit) {
        finishScan(words, pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return records;
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
      const type = bytes[pos];
      const kind = replyKinds[type];
      if (kind === KIND_LINE) {
        if (info === 0 && pending === 1) info = type;
        pos++;
        phase = PHASE_TEXT;
      } else if (kind === 0) {
        error = ERROR_REPLY_TYPE;
        errorByte = type;
        break;
      } else {
        const number = readNumber(bytes, pos, end);
        if (number === LINE_PARTIAL) break;
        if (!isSize(type, kind, number)) {
          error = ERROR_REPLY_LINE;
          break;
        }
        pos += lineLength;
        let size = 0;
        if (kind === KIND_AGGREGATE && number > 0) {
          size = type === PERCENT || type === PIPE ? number * 2 : number;
        }
        // An attribute comes on top: the element it belongs to is still to be counted.
        if (type !== PIPE) {
          if (info === 0 && pending === 1) {
            info = type;
            count = number < 0 ? NULL_COUNT : size;
          }
          pending--;
        }
        if (kind === KIND_BULK && number >= 0) {
          left = number + 2;
          phase = PHASE_BODY;
        } else if (size !== 0) {
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
        if (left - seen === 1 && seen !== 0 && bytes[end - 1] !== CR) {
          error = ERROR_BULK_CRLF;
          break;
        }
        left -= seen;
        pos = end;
        boundary = end;
        break;
      }
      pos += left;
      if (bytes[pos - 1] !== LF || (left !== 1 && bytes[pos - 2] !== CR)) {
        error = ERROR_BULK_CRLF;
        break;
      }
      left = 0;
      phase = PHASE_LINE;
    } else if (phase === PHASE_TEXT) {
      pos = findLineEnd(bytes, boundary, pos, end);
      if (pos < 0) {
        error = ERROR_REPLY_LINE;
        break;
      }
      if (end - pos < 2) break;
      if (info === MINUS && isTransient(bytes, boundary, pos)) info |= FLAG_TRANSIENT;
      pos += 2;
      pending--;
      phase = PHASE_LINE;
    }

    if (pending !== 0) continue;

    info |= detached !== 0 ? FLAG_LAST : WHOLE;
    writeRecord(words, table, records++, frame, pos, info, NO_SERVER, count, 0, 0);
    detached = 0;
    phase = PHASE_START;
  }

  if (error !== 0) {
    finishScan(words, SCAN_ERROR, frame, error, errorByte);
    return records;
  }
  if (detached !== 0 && boundary > frame) {
    writeRecord(words, table, records++, frame, boundary, info, NO_SERVER, count, 0, 0);
    frame = boundary;
  }
  words[STATE_WORD + STATE_STATUS] = SCAN_PARTIAL;
  words[STATE_WORD + STATE_CONSUMED] = frame;
  words[STATE_WORD + STATE_ERROR] = 0;
  words[STATE_WORD + STATE_ERROR_BYTE] = 0;
  words[STATE_WORD + STATE_PHASE] = phase;
  words[STATE_WORD + STATE_OFFSET] = pos - frame;
  words[STATE_WORD + STATE_ARGS_LEFT] = pending;
  words[STATE_WORD + STATE_BULK_LEFT] = left;
  words[STATE_WORD + STATE_COUNT] = count;
  words[STATE_WORD + STATE_INFO] = info;
  words[STATE_WORD + STATE_SERVER] = NO_SERVER;
  words[STATE_WORD + STATE_KEY_OFFSET] = 0;
  words[STATE_WORD + STATE_KEY_LENGTH] = 0;
  words[STATE_WORD + STATE_DETACHED] = detached;
  words[STATE_WORD + STATE_WANTED] = 0;
  words[STATE_WORD + STATE_BOUNDARY] = boundary - frame;
  return records;
}

/** Whether `number` may stand in the header of this type; -1 is the null of `$` and `*`. */
function isSize(type: number, kind: number, number: number): boolean {
  if (number < 0) return number === -1 && (type === DOLLAR || type === STAR);
  if (kind === KIND_BULK) return number <= LIMIT_BULK_BYTES;
  const each = type === PERCENT || type === PIPE ? 2 : 1;
  return number * each <= LIMIT_REPLY_ELEMENTS;
}

/**
 * Address of the CR that ends the reply line at `line`, looking from `pos` on; where it stopped
 * when the CR or the LF behind it has not come; -1 when the line is malformed.
 */
function findLineEnd(bytes: Uint8Array, line: number, pos: number, end: number): number {
  const stop = Math.min(end, line + LIMIT_REPLY_LINE_BYTES - 1);
  if (bytes[line] === COLON) {
    while (pos < stop && (isDigit(bytes[pos]) || (bytes[pos] === MINUS && pos === line + 1))) pos++;
    if (pos < stop && (bytes[pos] !== CR || !isDigit(bytes[pos - 1]))) return -1;
  } else {
    while (pos < stop && bytes[pos] !== CR) pos++;
  }
  if (pos >= stop) return stop - line < LIMIT_REPLY_LINE_BYTES - 1 ? pos : -1;
  return pos + 1 < end && bytes[pos + 1] !== LF ? -1 : pos;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether the error line ("-" at `line`) begins with exactly LOADING, OOM or BUSY. */
function isTransient(bytes: Uint8Array, line: number, cr: number): boolean {
  let end = line + 1;
  while (end < cr && bytes[end] !== 0x20 && end < line + 9) end++;
  const word = String.fromCharCode(...bytes.subarray(line + 1, end));
  return word === 'OOM' || word === 'BUSY' || word === 'LOADING';
}
