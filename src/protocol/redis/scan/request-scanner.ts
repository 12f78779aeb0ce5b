import { routeKey } from '../../../distribution/route.ts';
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
  FLAG_BAD_ARITY,
  FLAG_INLINE,
  FLAG_KEY_TOO_LONG,
  FLAG_LAST,
  FLAG_SPECIAL,
  LIMIT_ARGUMENTS,
  LIMIT_BULK_BYTES,
  LIMIT_HEADER_BYTES,
  LIMIT_INLINE_BYTES,
  LIMIT_KEY_BYTES,
  LIMIT_REPLY_ELEMENTS,
  NO_COMMAND,
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
  STATE_WORD_BYTES,
  WHOLE,
} from '../../frame-table.ts';
import {
  PHASE_BODY,
  PHASE_HEADER,
  PHASE_HELD,
  PHASE_LINE,
  PHASE_START,
  PHASE_TEXT,
} from '../../resp-phase.ts';
import { findCommand } from '../table/command-table-layout.ts';

// What readNumber returns instead of a number. All it returns fits 32 bits, so it is never boxed.
export const LINE_PARTIAL = -0x70000000;
const LINE_TOO_LONG = -0x70000001;
const LINE_BROKEN = -0x70000002; // CR not followed by LF
const LINE_NOT_A_NUMBER = -0x70000003;
const LOWEST = -0x60000000; // how far below zero a number lies does not matter

const CR = 0x0d;
const LF = 0x0a;
const DOLLAR = 0x24;
const STAR = 0x2a;
const STATE_WORD = STATE >>> 2;
// Internally -1, which stays a small integer; stored in a word it is the 0xffffffff of the
// contract.
const NONE = -1;
const FAST_HEAD = 19; // the head, a name of 9 bytes, CRLF
const DIGITS_MAX = 10; // enough for every limit

/** Length of the line that readNumber read last. */
export let lineLength = 0;

/** See Codec.scanRequests; docs/codec.md is the contract, assembly/resp-requests.ts the twin. */
export function scanRequests(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  table: number,
  limit: number,
  pool: number,
): number {
  const limits = pool >>> 2;
  const maxArguments = words[limits + POOL_MAX_ARGUMENTS] || LIMIT_ARGUMENTS;
  const maxBulk = words[limits + POOL_MAX_BULK] || LIMIT_BULK_BYTES;
  const maxInline = words[limits + POOL_MAX_INLINE] || LIMIT_INLINE_BYTES;
  let records = 0;
  let pos = start;
  let frame = start; // first byte of the frame or of its piece
  let phase = words[STATE_WORD + STATE_PHASE];
  let detached = 0;
  let argc = 0;
  let index = 0; // words begun
  let wanted = 0; // next word to look at: the name, then the key, then NONE
  let left = 0; // bytes of the current bulk, with CRLF, from pos on
  let boundary = start;
  let info = NO_COMMAND;
  let server = NONE;
  let key = 0;
  let keyLength = 0;
  let error = 0;
  let errorByte = 0;

  if (phase !== PHASE_START) {
    pos = start + words[STATE_WORD + STATE_OFFSET];
    detached = words[STATE_WORD + STATE_DETACHED];
    argc = words[STATE_WORD + STATE_COUNT];
    index = argc - words[STATE_WORD + STATE_ARGS_LEFT];
    wanted = words[STATE_WORD + STATE_WANTED] | 0;
    left = words[STATE_WORD + STATE_BULK_LEFT];
    boundary = start + words[STATE_WORD + STATE_BOUNDARY];
    info = words[STATE_WORD + STATE_INFO];
    server = words[STATE_WORD + STATE_SERVER] | 0;
    const keyOffset = words[STATE_WORD + STATE_KEY_OFFSET];
    if (detached === 0 && keyOffset !== 0) {
      key = start + keyOffset;
      keyLength = words[STATE_WORD + STATE_KEY_LENGTH];
    }
  }

  for (;;) {
    if (phase === PHASE_START) {
      if (pos === end || records === limit) {
        finishScan(words, pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return records;
      }
      frame = pos;
      boundary = pos;
      index = 0;
      wanted = 0;
      info = NO_COMMAND;
      server = NONE;
      key = 0;
      keyLength = 0;
    }

    // Fast lane: "*N\r\n$L\r\n" with one digit each and the whole name behind it. What it does not
    // know it leaves untouched to the general code below.
    if (phase === PHASE_START && end - pos >= FAST_HEAD && isShortHead(bytes, pos)) {
      const nameLength = bytes[pos + 5] - 0x30;
      const nameEnd = pos + 8 + nameLength;
      if (bytes[nameEnd] === CR && bytes[nameEnd + 1] === LF) {
        argc = bytes[pos + 1] - 0x30;
        index = 1;
        wanted = NONE;
        const entry = findCommand(bytes, words, bytes, pos + 8, nameLength);
        pos = nameEnd + 2;
        phase = PHASE_LINE;
        if (entry === 0) info |= FLAG_SPECIAL;
        else {
          info = commandInfo(words, entry, argc);
          wanted = words[entry + (COMMAND_KEY >>> 2)] || NONE;
        }
        if (argc === 1) {
          info |= WHOLE;
          writeRecord(words, table, records++, frame, pos, info, server, argc, 0, 0);
          phase = PHASE_START;
          continue;
        }
      }
    }

    if (phase <= PHASE_HEADER) {
      if (bytes[frame] !== STAR) {
        phase = PHASE_TEXT;
      } else {
        const number = readNumber(bytes, frame, end);
        if (number === LINE_PARTIAL) {
          argc = 0;
          pos = frame;
          phase = PHASE_HEADER;
          break;
        }
        if (number <= LINE_TOO_LONG || number > maxArguments) {
          error = lengthLineError(number, ERROR_MULTIBULK_LINE_TOO_LONG, ERROR_MULTIBULK_LENGTH);
          break;
        }
        pos = frame + lineLength;
        if (number <= 0) {
          phase = PHASE_START;
          continue;
        }
        argc = number;
        phase = PHASE_LINE;
      }
    }

    if (phase === PHASE_TEXT) {
      const stop = Math.min(end, frame + maxInline + 1);
      while (pos < stop && bytes[pos] !== LF) pos++;
      if (pos === stop) {
        if (stop - frame > maxInline) {
          error = ERROR_INLINE_TOO_LONG;
          break;
        }
        argc = 0;
        info = FLAG_INLINE | FLAG_SPECIAL | NO_COMMAND;
        break;
      }
      pos++;
      if (!isBlank(bytes, frame, pos - 1)) {
        const whole = WHOLE | FLAG_INLINE | FLAG_SPECIAL | NO_COMMAND;
        writeRecord(words, table, records++, frame, pos, whole, NONE, 0, 0, 0);
      }
      phase = PHASE_START;
      continue;
    }

    if (phase === PHASE_LINE) {
      boundary = pos;
      if (pos === end) break;
      if (bytes[pos] !== DOLLAR) {
        error = ERROR_EXPECTED_DOLLAR;
        errorByte = bytes[pos];
        break;
      }
      const number = readNumber(bytes, pos, end);
      if (number === LINE_PARTIAL) break;
      if (number < 0 || number > maxBulk) {
        error = lengthLineError(number, ERROR_BULK_LINE_TOO_LONG, ERROR_BULK_LENGTH);
        break;
      }
      left = number + 2;
      pos += lineLength;
      phase = PHASE_BODY;
      if (index === wanted) {
        // A name or key beyond its limit is no use to us: it passes like any other body.
        if (number <= (index === 0 ? COMMAND_NAME_LIMIT : LIMIT_KEY_BYTES)) phase = PHASE_HELD;
        else {
          info |= index === 0 ? FLAG_SPECIAL : FLAG_SPECIAL | FLAG_KEY_TOO_LONG;
          wanted = NONE;
        }
      }
      index++;
    }

    const seen = end - pos;
    if (seen < left) {
      if (phase === PHASE_BODY) {
        if (left - seen === 1 && seen !== 0 && bytes[end - 1] !== CR) {
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
    if (bytes[pos - 1] !== LF || (left !== 1 && bytes[pos - 2] !== CR)) {
      error = ERROR_BULK_CRLF;
      break;
    }
    if (phase === PHASE_HELD) {
      wanted = NONE;
      if (index === 1) {
        const entry = findCommand(bytes, words, bytes, body, left - 2);
        if (entry === 0) info |= FLAG_SPECIAL;
        else {
          info = commandInfo(words, entry, argc);
          wanted = words[entry + (COMMAND_KEY >>> 2)] || NONE;
        }
      } else {
        key = body;
        keyLength = left - 2;
        server = routeKey(bytes, key, keyLength, words, pool) | 0;
      }
    }
    left = 0;
    phase = PHASE_LINE;
    if (index < argc) continue;

    info |= detached !== 0 ? FLAG_LAST : WHOLE;
    writeRecord(words, table, records++, frame, pos, info, server, argc, key, keyLength);
    detached = 0;
    phase = PHASE_START;
  }

  if (error !== 0) {
    finishScan(words, SCAN_ERROR, frame, error, errorByte);
    return records;
  }
  if (detached !== 0 && boundary > frame) {
    writeRecord(words, table, records++, frame, boundary, info, server, argc, key, keyLength);
    frame = boundary;
    key = 0;
    keyLength = 0;
  }
  words[STATE_WORD + STATE_STATUS] = SCAN_PARTIAL;
  words[STATE_WORD + STATE_CONSUMED] = frame;
  words[STATE_WORD + STATE_ERROR] = 0;
  words[STATE_WORD + STATE_ERROR_BYTE] = 0;
  words[STATE_WORD + STATE_PHASE] = phase;
  words[STATE_WORD + STATE_OFFSET] = pos - frame;
  words[STATE_WORD + STATE_ARGS_LEFT] = argc - index;
  words[STATE_WORD + STATE_BULK_LEFT] = left;
  words[STATE_WORD + STATE_COUNT] = argc;
  words[STATE_WORD + STATE_INFO] = info;
  words[STATE_WORD + STATE_SERVER] = server;
  words[STATE_WORD + STATE_KEY_OFFSET] = key !== 0 ? key - frame : 0;
  words[STATE_WORD + STATE_KEY_LENGTH] = keyLength;
  words[STATE_WORD + STATE_DETACHED] = detached;
  words[STATE_WORD + STATE_WANTED] = wanted;
  words[STATE_WORD + STATE_BOUNDARY] = boundary - frame;
  return records;
}

/** Whether `pos` begins "*N\r\n$L\r\n" with one digit each, neither 0; 8 bytes must be there. */
function isShortHead(bytes: Uint8Array, pos: number): boolean {
  return (
    bytes[pos] === STAR &&
    bytes[pos + 2] === CR &&
    bytes[pos + 3] === LF &&
    bytes[pos + 4] === DOLLAR &&
    bytes[pos + 6] === CR &&
    bytes[pos + 7] === LF &&
    bytes[pos + 1] > 0x30 &&
    bytes[pos + 1] <= 0x39 &&
    bytes[pos + 5] > 0x30 &&
    bytes[pos + 5] <= 0x39
  );
}

/** INFO of a request for the command at `entry` with `argc` words. */
function commandInfo(words: Uint32Array, entry: number, argc: number): number {
  let info = words[entry + (COMMAND_INFO >>> 2)];
  if (argc === words[entry + (COMMAND_PLAIN_COUNT >>> 2)]) info &= ~FLAG_SPECIAL;
  const arity = words[entry + (COMMAND_ARITY >>> 2)] | 0;
  if (argc !== arity && (arity >= 0 || argc < -arity)) info |= FLAG_SPECIAL | FLAG_BAD_ARITY;
  return info;
}

/**
 * Reads "<type>NNN\r\n" at `line` as strictly as Redis: optional minus, no plus, no leading zero.
 * On success lineLength is the length of the line.
 */
export function readNumber(bytes: Uint8Array, line: number, end: number): number {
  if (line + 7 <= end) {
    // One or two digits: nearly every line. A digit is 0x30..0x39.
    const first = bytes[line + 1] - 0x30;
    const second = bytes[line + 2];
    if (first >= 0 && first <= 9) {
      if (second === CR && bytes[line + 3] === LF) {
        lineLength = 4;
        return first;
      }
      if (first !== 0 && second >= 0x30 && second <= 0x39) {
        if (bytes[line + 3] === CR && bytes[line + 4] === LF) {
          lineLength = 5;
          return first * 10 + second - 0x30;
        }
      }
    }
  }
  const stop = Math.min(end, line + LIMIT_HEADER_BYTES - 1);
  let pos = line + 1;
  while (pos < stop && bytes[pos] !== CR) pos++;
  if (pos >= stop) return stop - line < LIMIT_HEADER_BYTES - 1 ? LINE_PARTIAL : LINE_TOO_LONG;
  if (pos + 1 === end) return LINE_PARTIAL;
  if (bytes[pos + 1] !== LF) return LINE_BROKEN;
  lineLength = pos + 2 - line;

  let digits = line + 1;
  const negative = bytes[digits] === 0x2d;
  if (negative) digits++;
  const count = pos - digits;
  if (count === 0 || count > DIGITS_MAX) return LINE_NOT_A_NUMBER;
  if (bytes[digits] === 0x30 && (negative || count > 1)) return LINE_NOT_A_NUMBER;
  let value = 0;
  for (; digits < pos; digits++) {
    const digit = bytes[digits] - 0x30;
    if (digit < 0 || digit > 9) return LINE_NOT_A_NUMBER;
    value = value * 10 + digit;
  }
  if (negative) return Math.max(-value, LOWEST);
  return value > LIMIT_REPLY_ELEMENTS ? LINE_NOT_A_NUMBER : value;
}

function lengthLineError(code: number, tooLong: number, bad: number): number {
  if (code === LINE_TOO_LONG) return tooLong;
  return code === LINE_BROKEN ? ERROR_HEADER_LINE : bad;
}

/** Whether [pos, end) holds only blanks and tabs, and perhaps a last CR. */
function isBlank(bytes: Uint8Array, pos: number, end: number): boolean {
  if (pos < end && bytes[end - 1] === CR) end--;
  for (; pos < end; pos++) {
    if (bytes[pos] !== 0x20 && bytes[pos] !== 0x09) return false;
  }
  return true;
}

/** Writes record number `index` of `table` for the bytes [start, end). */
export function writeRecord(
  words: Uint32Array,
  table: number,
  index: number,
  start: number,
  end: number,
  info: number,
  server: number,
  count: number,
  key: number,
  keyLength: number,
): void {
  const at = (table + index * RECORD_BYTES) >>> 2;
  words[at + RECORD_START] = start;
  words[at + RECORD_LENGTH] = end - start;
  words[at + RECORD_DEST] = 0;
  words[at + RECORD_INFO] = info;
  words[at + RECORD_SERVER] = server;
  words[at + RECORD_COUNT] = count;
  words[at + RECORD_KEY] = key;
  words[at + RECORD_KEY_LENGTH] = keyLength;
}

/** Leaves the result of a scan that did not stop inside a frame. */
export function finishScan(
  words: Uint32Array,
  status: number,
  consumed: number,
  error: number,
  errorByte: number,
): void {
  words[STATE_WORD + STATE_STATUS] = status;
  words[STATE_WORD + STATE_CONSUMED] = consumed;
  words[STATE_WORD + STATE_ERROR] = error;
  words[STATE_WORD + STATE_ERROR_BYTE] = errorByte;
  words.fill(0, STATE_WORD + STATE_PHASE, STATE_WORD + STATE_WORD_BYTES);
}
