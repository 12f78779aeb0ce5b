// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// RESP requests: bytes -> frame table. docs/codec.md is the contract; the readable reference is
// src/protocol/redis/scan/request-scanner.ts, which must behave the same.

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
import { commandInfo, findCommand, findShortCommand } from './commands';
import {
  COMMAND_KEY,
  COMMAND_NAME_LIMIT,
  ERROR_BULK_CRLF,
  ERROR_BULK_LENGTH,
  ERROR_BULK_LINE_TOO_LONG,
  ERROR_EXPECTED_DOLLAR,
  ERROR_HEADER_LINE,
  ERROR_INLINE_TOO_LONG,
  ERROR_MULTIBULK_LENGTH,
  ERROR_MULTIBULK_LINE_TOO_LONG,
  FLAG_INLINE,
  FLAG_KEY_TOO_LONG,
  FLAG_LAST,
  FLAG_SPECIAL,
  LIMIT_ARGUMENTS,
  LIMIT_BULK_BYTES,
  LIMIT_INLINE_BYTES,
  LIMIT_KEY_BYTES,
  NO_COMMAND,
  NO_SERVER,
  POOL_MAX_ARGUMENTS,
  POOL_MAX_BULK,
  POOL_MAX_INLINE,
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
import {
  LONGEST_WORD,
  rememberShape,
  shapedEnd,
  skippedEnd,
  skipWords,
  takeShaped,
} from './resp-shapes';
import {
  DOLLAR,
  NO_WORD,
  PHASE_BODY,
  PHASE_HEADER,
  PHASE_HELD,
  PHASE_LINE,
  PHASE_START,
  PHASE_TEXT,
  STAR,
} from './resp-syntax';
import { route } from './route';
import { BATCH_BYTES, canDefer, routeDeferred } from './route-batch';

const HEAD_PATTERN: u64 = 0x0a0d00240a0d002a; // "*?\r\n$?\r\n"
const HEAD_MASK: u64 = 0xffff00ffffff00ff;
const FAST_HEAD: u32 = 18; // the head, a name of 8 bytes, CRLF

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
  const quick = quickEnd(end);
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
  const isShaped = maxBulk >= LONGEST_WORD;
  // Keys hash faster several at a time, so they are left for later.
  const defer = quick === end && canDefer(pool);
  let routed = table; // records before it have their server

  if (phase !== PHASE_START) {
    pos = start + getState(STATE_OFFSET);
    detached = getState(STATE_DETACHED);
    argc = getState(STATE_COUNT);
    index = argc - getState(STATE_ARGS_LEFT);
    wanted = getState(STATE_WANTED);
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
      const flags = detached !== 0 ? FLAG_LAST : WHOLE;
      writeRecord(record, frame, pos, info | flags, server, argc, key, keyLength);
      record += RECORD_BYTES;
      detached = 0;
      phase = PHASE_START;
    }

    if (phase === PHASE_START) {
      if (isShaped) {
        const most = defer ? min<u32>(tableEnd, routed + BATCH_BYTES) : tableEnd;
        record = takeShaped(pos, quick, record, most, defer ? 0 : pool);
        pos = shapedEnd;
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
      index = 0;
      wanted = 0;
      info = NO_COMMAND;
      server = NO_SERVER;
      key = 0;
      keyLength = 0;

      // Fast lane: "*N\r\n$L\r\n" with one digit each and the name in one word. What it does not
      // know it leaves untouched to the general code below.
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
            if (wanted === 1 && argc > 1) rememberShape(frame, nameLength, info, argc);
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
        const whole = WHOLE | FLAG_INLINE | FLAG_SPECIAL | NO_COMMAND;
        writeRecord(record, frame, newline + 1, whole, NO_SERVER, 0, 0, 0);
        record += RECORD_BYTES;
      }
      pos = newline + 1;
      phase = PHASE_START;
      continue;
    }

    if (phase === PHASE_LINE) {
      if (isShaped && index !== wanted) {
        const passing = min(argc, wanted) - index; // NO_WORD is more than any number of words
        index += passing - skipWords(pos, quick, passing);
        pos = skippedEnd;
        if (index === argc) continue;
      }
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
  setState(STATE_WANTED, wanted);
  setState(STATE_BOUNDARY, boundary - frame);
  return (record - table) / RECORD_BYTES;
}
