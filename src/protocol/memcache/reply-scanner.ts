import {
  ERROR_BULK_CRLF,
  ERROR_REPLY_LINE,
  ERROR_REPLY_TYPE,
  FLAG_LAST,
  ITEM_ENDS,
  ITEM_ENDS_BYTES,
  LIMIT_REPLY_LINE_BYTES,
  MC_REPLY_STATS,
  MC_REPLY_VA,
  MC_REPLY_VALUES,
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
} from '../frame-table.ts';
import { finishScan, writeRecord } from '../redis/scan/request-scanner.ts';
import { isError, KIND_END, KIND_UNKNOWN, replyBlock, replyKind } from './reply-line.ts';

// Where a partial frame stopped.
const PHASE_START = 0;
const PHASE_LINE = 1; // in the line at BOUNDARY, whose bytes up to OFFSET hold no LF
const PHASE_BODY = 2; // in a data block

const LF = 0x0a;
const CR = 0x0d;
const STATE_WORD = STATE >>> 2;
const ENDS_WORD = ITEM_ENDS >>> 2;
const ENDS_LAST = ENDS_WORD + (ITEM_ENDS_BYTES >>> 2);

/** See Codec.scanMemcacheReplies; docs/codec.md is the contract, assembly/memcache.ts the twin. */
export function scanMemcacheReplies(
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
  let boundary = start; // also the start of the line in PHASE_LINE
  let info = KIND_UNKNOWN;
  let count = 0; // items so far
  let left = 0; // bytes of the data block, with its CRLF, from pos on
  let freeEnds = ENDS_WORD; // the ends of items stand before it
  let ends = freeEnds; // where the end of the frame's first item stands, or would
  let error = 0;
  let errorByte = 0;

  if (phase !== PHASE_START) {
    pos = start + words[STATE_WORD + STATE_OFFSET];
    detached = words[STATE_WORD + STATE_DETACHED];
    boundary = start + words[STATE_WORD + STATE_BOUNDARY];
    info = words[STATE_WORD + STATE_INFO];
    count = words[STATE_WORD + STATE_COUNT];
    left = words[STATE_WORD + STATE_BULK_LEFT];
    ends -= count;
  }

  for (;;) {
    if (phase === PHASE_START) {
      if (pos === end || records === limit) {
        finishScan(words, pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return records;
      }
      frame = pos;
      boundary = pos;
      info = KIND_UNKNOWN;
      count = 0;
      ends = freeEnds;
      phase = PHASE_LINE;
    }

    if (phase === PHASE_LINE) {
      const stop = Math.min(end, boundary + LIMIT_REPLY_LINE_BYTES);
      while (pos < stop && bytes[pos] !== LF) pos++;
      if (pos === stop) {
        if (stop - boundary === LIMIT_REPLY_LINE_BYTES) error = ERROR_REPLY_LINE;
        break;
      }
      if (pos === boundary || bytes[pos - 1] !== CR) {
        error = ERROR_REPLY_LINE;
        break;
      }
      const kind = replyKind(bytes, boundary, pos - 1);
      pos++;
      if (info === KIND_UNKNOWN) {
        if (kind === KIND_UNKNOWN) {
          error = ERROR_REPLY_TYPE;
          errorByte = bytes[frame];
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
        if (replyBlock < 0) {
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
      boundary = pos;
      if (info === MC_REPLY_VALUES) {
        const at = ends + count - 1;
        if (at >= ENDS_WORD && at < ENDS_LAST) words[at] = pos;
        phase = PHASE_LINE;
        continue;
      }
    }

    let key = 0; // where the ends of its items stand
    if (count !== 0 && info === MC_REPLY_VALUES && ends === freeEnds) {
      if (ends + count <= ENDS_LAST) {
        key = ends * 4;
        freeEnds += count;
      }
    }
    info |= detached !== 0 ? FLAG_LAST : WHOLE;
    writeRecord(words, table, records++, frame, pos, info, NO_SERVER, count, key, 0);
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
  words[STATE_WORD + STATE_ARGS_LEFT] = 0;
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
