// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// memcached replies: bytes -> frame table. docs/codec.md is the contract; the readable reference is
// src/protocol/memcache/{reply-line,reply-scanner,splitter}.ts, which must behave the same.

import { CR, CRLF, findByte, LF } from './ascii';
import {
  ERROR_BULK_CRLF,
  ERROR_REPLY_LINE,
  ERROR_REPLY_TYPE,
  FLAG_LAST,
  ITEM_ENDS,
  ITEM_ENDS_BYTES,
  LIMIT_MEMCACHE_VALUE_BYTES,
  LIMIT_REPLY_LINE_BYTES,
  MC_REPLY_CLIENT_ERROR,
  MC_REPLY_DELETED,
  MC_REPLY_EN,
  MC_REPLY_ERROR,
  MC_REPLY_EX,
  MC_REPLY_EXISTS,
  MC_REPLY_HD,
  MC_REPLY_ME,
  MC_REPLY_MN,
  MC_REPLY_NF,
  MC_REPLY_NOT_FOUND,
  MC_REPLY_NOT_STORED,
  MC_REPLY_NS,
  MC_REPLY_NUMBER,
  MC_REPLY_OK,
  MC_REPLY_RESET,
  MC_REPLY_SERVER_ERROR,
  MC_REPLY_STATS,
  MC_REPLY_STORED,
  MC_REPLY_TOUCHED,
  MC_REPLY_VA,
  MC_REPLY_VALUES,
  MC_REPLY_VERSION,
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

import { END_BYTES, isEnd, isValue, itemsEnd, takeItems, VALUE_BYTES } from './memcache-items';
import { finish, getState, setState, writeRecord } from './records';

// Where a partial frame stopped.
const PHASE_START: u32 = 0;
const PHASE_LINE: u32 = 1; // in the line at BOUNDARY, whose bytes up to OFFSET hold no LF
const PHASE_BODY: u32 = 2; // in a data block
// Inside a call only: at a line that may be one of the common items, or the END behind them.
const PHASE_ITEMS: u32 = 3;

const KIND_UNKNOWN: u32 = 0xff;
const KIND_END: u32 = 0xfe;
const BLANK: u32 = 0x20;
const DIGITS_MAX: u32 = 10;
const NO_BLOCK: u32 = 0xffffffff;
const ITEM_ENDS_END: u32 = ITEM_ENDS + ITEM_ENDS_BYTES;

/** Bytes of the data block that the last VALUE or VA line announces, or NO_BLOCK. */
let replyBlock: u32 = 0;

/** MC_REPLY_* of the line [line, end), without its line end. */
function replyKind(line: u32, end: u32): u32 {
  const stop = findByte(line, end, BLANK);
  const length = stop - line;
  // The eight bytes that end with the word, or its first eight. Zeros stand for what is not there,
  // so a word that has one in its last place here is none of these.
  let word: u64 = 0;
  if (length > 8) {
    if (load<u8>(line + 7) !== 0) word = load<u64>(line);
  } else if (length !== 0 && load<u8>(stop - 1) !== 0) {
    word = load<u64>(stop - 8) >> (64 - ((<u64>length) << 3));
  }
  switch (word) {
    case 0x45554c4156: // VALUE
      replyBlock = sizeOfWord(stop, end, 3);
      return MC_REPLY_VALUES;
    case 0x4156: // VA
      replyBlock = sizeOfWord(stop, end, 1);
      return MC_REPLY_VA;
    case 0x444e45: // END
      return KIND_END;
    case 0x54415453: // STAT
      return MC_REPLY_STATS;
    case 0x4445524f5453: // STORED
      return MC_REPLY_STORED;
    case 0x535453495845: // EXISTS
      return MC_REPLY_EXISTS;
    case 0x444554454c4544: // DELETED
      return MC_REPLY_DELETED;
    case 0x44454843554f54: // TOUCHED
      return MC_REPLY_TOUCHED;
    case 0x4b4f: // OK
      return MC_REPLY_OK;
    case 0x5445534552: // RESET
      return MC_REPLY_RESET;
    case 0x4e4f4953524556: // VERSION
      return MC_REPLY_VERSION;
    case 0x4448: // HD
      return MC_REPLY_HD;
    case 0x4e45: // EN
      return MC_REPLY_EN;
    case 0x464e: // NF
      return MC_REPLY_NF;
    case 0x534e: // NS
      return MC_REPLY_NS;
    case 0x5845: // EX
      return MC_REPLY_EX;
    case 0x4e4d: // MN
      return MC_REPLY_MN;
    case 0x454d: // ME
      return MC_REPLY_ME;
    default:
      break;
  }
  if (length >= 5 && load<u32>(line) === 0x4f525245 && <u32>load<u8>(line + 4) === 0x52)
    return MC_REPLY_ERROR;
  if (length >= 12) {
    const last = load<u32>(line + 8);
    if (last === 0x524f5252 && word === 0x455f544e45494c43) return MC_REPLY_CLIENT_ERROR;
    if (last === 0x524f5252 && word === 0x455f524556524553) return MC_REPLY_SERVER_ERROR;
  }
  if (length === 9 && word === 0x4e554f465f544f4e && load<u8>(line + 8) === 0x44) {
    return MC_REPLY_NOT_FOUND;
  }
  if (length === 10 && word === 0x524f54535f544f4e && <u32>load<u16>(line + 8) === 0x4445) {
    return MC_REPLY_NOT_STORED;
  }
  if (length === 0) return KIND_UNKNOWN;
  for (let pos = line; pos < stop; pos++) {
    if (<u32>load<u8>(pos) - 0x30 > 9) return KIND_UNKNOWN;
  }
  for (let pos = stop; pos < end; pos++) {
    if (<u32>load<u8>(pos) !== BLANK) return KIND_UNKNOWN;
  }
  return MC_REPLY_NUMBER;
}

function isError(kind: u32): bool {
  return kind - MC_REPLY_ERROR <= MC_REPLY_SERVER_ERROR - MC_REPLY_ERROR;
}

/** The number in the word `ahead` words behind the one that ends at `pos`; one blank is between. */
function sizeOfWord(pos: u32, end: u32, ahead: u32): u32 {
  let start = pos;
  for (; ahead !== 0; ahead--) {
    if (pos === end) return NO_BLOCK;
    start = pos + 1;
    pos = findByte(start, end, BLANK);
  }
  if (pos - start - 1 >= DIGITS_MAX) return NO_BLOCK;
  let size: u64 = 0;
  for (; start < pos; start++) {
    const digit = <u32>load<u8>(start) - 0x30;
    if (digit > 9) return NO_BLOCK;
    size = size * 10 + digit;
  }
  return size > <u64>LIMIT_MEMCACHE_VALUE_BYTES ? NO_BLOCK : <u32>size;
}

/** See Codec.scanMemcacheReplies. */
export function scanMemcacheReplies(start: u32, end: u32, table: u32, limit: u32): u32 {
  assert(start <= end && limit !== 0 && (table & 3) === 0);
  const tableEnd = table + limit * RECORD_BYTES;
  let record = table;
  let pos = start;
  let frame = start; // first byte of the frame or of its piece
  let phase = getState(STATE_PHASE);
  let detached: u32 = 0;
  let boundary = start; // also the start of the line in PHASE_LINE
  let info: u32 = KIND_UNKNOWN;
  let count: u32 = 0; // items so far
  let left: u32 = 0; // bytes of the data block, with its CRLF, from pos on
  let freeEnds = ITEM_ENDS; // the ends of items stand before it
  let ends = freeEnds; // where the end of the frame's first item stands, or would
  let error: u32 = 0;
  let errorByte: u32 = 0;

  if (phase !== PHASE_START) {
    pos = start + getState(STATE_OFFSET);
    detached = getState(STATE_DETACHED);
    boundary = start + getState(STATE_BOUNDARY);
    info = getState(STATE_INFO);
    count = getState(STATE_COUNT);
    left = getState(STATE_BULK_LEFT);
    ends -= count << 2;
  }

  while (true) {
    if (phase === PHASE_START) {
      if (pos === end || record === tableEnd) {
        finish(pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return (record - table) / RECORD_BYTES;
      }
      frame = pos;
      boundary = pos;
      info = KIND_UNKNOWN;
      count = 0;
      ends = freeEnds;
      phase = PHASE_ITEMS;
    }

    if (phase === PHASE_ITEMS) {
      phase = PHASE_LINE;
      if (isValue(pos, end)) {
        count = takeItems(pos, end, 0, ends, count, (ITEM_ENDS_END - ends) >>> 2);
        pos = itemsEnd;
        if (pos !== boundary) info = MC_REPLY_VALUES;
        boundary = pos;
      }
      if (isEnd(pos, end)) {
        info = MC_REPLY_VALUES;
        pos += END_BYTES;
        phase = PHASE_START;
      }
    }

    if (phase === PHASE_LINE) {
      const stop = min<u32>(end, boundary + LIMIT_REPLY_LINE_BYTES);
      pos = findByte(pos, stop, LF);
      if (pos === stop) {
        if (stop - boundary === LIMIT_REPLY_LINE_BYTES) error = ERROR_REPLY_LINE;
        break;
      }
      if (pos === boundary || <u32>load<u8>(pos - 1) !== CR) {
        error = ERROR_REPLY_LINE;
        break;
      }
      const kind = replyKind(boundary, pos - 1);
      pos++;
      if (info === KIND_UNKNOWN) {
        if (kind === KIND_UNKNOWN) {
          error = ERROR_REPLY_TYPE;
          errorByte = load<u8>(frame);
          break;
        }
        info = kind === KIND_END ? MC_REPLY_VALUES : kind;
      } else if (kind !== KIND_END && kind !== info) {
        if (!isError(kind)) {
          error = ERROR_REPLY_LINE;
          break;
        }
        info = kind;
      }
      boundary = pos;
      if (kind === MC_REPLY_VALUES || kind === MC_REPLY_VA) {
        if (replyBlock === NO_BLOCK) {
          error = ERROR_REPLY_LINE;
          break;
        }
        if (kind === MC_REPLY_VALUES) count++;
        left = replyBlock + 2;
        phase = PHASE_BODY;
      } else if (kind === MC_REPLY_STATS) {
        count++;
        continue;
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
      boundary = pos;
      if (info === MC_REPLY_VALUES) {
        const at = ends + (count << 2) - 4;
        if (at - ITEM_ENDS < ITEM_ENDS_BYTES) store<u32>(at, pos);
        phase = PHASE_ITEMS;
        continue;
      }
    }

    let key: u32 = 0; // where the ends of its items stand
    if (count !== 0 && info === MC_REPLY_VALUES && ends === freeEnds) {
      const next = ends + (count << 2);
      if (next <= ITEM_ENDS_END) {
        key = ends;
        freeEnds = next;
      }
    }
    info |= detached !== 0 ? FLAG_LAST : WHOLE;
    writeRecord(record, frame, pos, info, NO_SERVER, count, key, 0);
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
  setState(STATE_ARGS_LEFT, 0);
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

/** See Codec.splitMemcacheValues. */
export function splitMemcacheValues(start: u32, end: u32, table: u32, limit: u32): u32 {
  let pos = start;
  let count: u32 = 0;
  while (count < limit && pos < end) {
    count = takeItems(pos, end, table, 0, count, limit);
    pos = itemsEnd;
    if (count === limit) break;
    const line = findByte(pos, end, LF);
    if (line === end || replyKind(pos, line - 1) !== MC_REPLY_VALUES) break;
    const from = pos;
    const key = pos + VALUE_BYTES;
    const keyLength = findByte(key, line, BLANK) - key;
    pos = line + 1 + replyBlock + 2;
    const record = table + count * RECORD_BYTES;
    writeRecord(record, from, pos, 0, NO_SERVER, count, key, keyLength);
    count++;
  }
  return count;
}
