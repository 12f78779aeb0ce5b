import { routeKey } from '../../distribution/route.ts';
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
  MC_GET,
  NO_COMMAND,
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
  STATE_LINE_BYTES,
  STATE_OFFSET,
  STATE_PHASE,
  STATE_SERVER,
  STATE_STATUS,
  STATE_WANTED,
  STATE_WORD_BYTES,
  WHOLE,
} from '../frame-table.ts';
import { finishScan, writeRecord } from '../redis/scan/request-scanner.ts';
import {
  findName,
  isKeysLine,
  isSigned,
  lineBlock,
  lineCount,
  lineInfo,
  lineKey,
  lineKeyLength,
  parseLine,
  wordsBeforeKeys,
} from './request-line.ts';

// Where a partial frame stopped.
const PHASE_START = 0;
const PHASE_LINE = 1; // in a line whose bytes up to OFFSET hold no LF
const PHASE_KEYS = 2; // in a line of keys, taken word by word
const PHASE_BODY = 3; // in a data block

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const SMALL_E = 0x65;
const SMALL_G = 0x67;
const SMALL_T = 0x74;
const NONE = -1; // 0xffffffff in a word
const STATE_WORD = STATE >>> 2;
// Words of the state behind the shared ones: bytes of the unfinished word in a line of keys, and
// of that line so far.

/** See Codec.scanMemcacheRequests; docs/codec.md is the contract, assembly/memcache.ts the twin. */
export function scanMemcacheRequests(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  table: number,
  limit: number,
  pool: number,
): number {
  let records = 0;
  let pos = start;
  let frame = start; // first byte of the frame or of its piece
  let phase = words[STATE_WORD + STATE_PHASE];
  let detached = 0;
  let boundary = start;
  let info = NO_COMMAND;
  let count = 0;
  let key = 0;
  let keyLength = 0;
  let left = 0; // bytes of the data block, with its CRLF, from pos on
  let server = NONE;
  let wordBytes = 0;
  let lineBytes = 0;
  let error = 0;
  let errorByte = 0;

  if (phase !== PHASE_START) {
    pos = start + words[STATE_WORD + STATE_OFFSET];
    detached = words[STATE_WORD + STATE_DETACHED];
    boundary = start + words[STATE_WORD + STATE_BOUNDARY];
    info = words[STATE_WORD + STATE_INFO];
    count = words[STATE_WORD + STATE_COUNT];
    server = words[STATE_WORD + STATE_SERVER] | 0;
    left = words[STATE_WORD + STATE_BULK_LEFT];
    wordBytes = words[STATE_WORD + STATE_WORD_BYTES];
    lineBytes = words[STATE_WORD + STATE_LINE_BYTES];
    const keyOffset = words[STATE_WORD + STATE_KEY_OFFSET];
    key = keyOffset !== 0 && detached === 0 ? start + keyOffset : 0;
    keyLength = key !== 0 ? words[STATE_WORD + STATE_KEY_LENGTH] : 0;
  }

  for (;;) {
    if (phase === PHASE_START) {
      if (pos === end || records === limit) {
        finishScan(words, pos === end ? SCAN_COMPLETE : SCAN_FULL, pos, 0, 0);
        return records;
      }
      frame = pos;
      boundary = pos;
      info = NO_COMMAND;
      count = 0;
      key = 0;
      keyLength = 0;
      left = 0;
      server = NONE;
      wordBytes = 0;
      lineBytes = 0;
      if (bytes[pos] === 0x80) {
        error = ERROR_BINARY_PROTOCOL;
        errorByte = 0x80;
        break;
      }
      phase = PHASE_LINE;
      if (bytes[pos] === SMALL_G) {
        // Fast lane: "get <key>\r\n". What it does not know it leaves to the general code below.
        if (bytes[pos + 3] === BLANK && bytes[pos + 1] === SMALL_E && bytes[pos + 2] === SMALL_T) {
          const from = pos + 4;
          let to = from;
          while (to < end && bytes[to] > BLANK) to++;
          const length = to - from;
          const isKey = length > 0 && length <= LIMIT_MEMCACHE_KEY_BYTES;
          if (isKey && to + 1 < end && bytes[to] === CR && bytes[to + 1] === LF) {
            pos = to + 2;
            server = routeKey(bytes, from, length, words, pool) | 0;
            const plain = MC_GET | WHOLE;
            writeRecord(words, table, records++, frame, pos, plain, server, 2, from, length);
            phase = PHASE_START;
            continue;
          }
        }
        if (isKeysLine(bytes, pos, Math.min(end, pos + 5))) phase = PHASE_KEYS;
      }
    }

    if (phase === PHASE_LINE) {
      const stop = Math.min(end, frame + LIMIT_MEMCACHE_LINE_BYTES);
      while (pos < stop && bytes[pos] !== LF) pos++;
      if (pos === stop && stop - frame < LIMIT_MEMCACHE_LINE_BYTES) break;
      if (isKeysLine(bytes, frame, pos === stop ? stop : pos + 1)) {
        phase = PHASE_KEYS;
        pos = frame;
      } else if (pos === stop) {
        error = ERROR_LINE_TOO_LONG;
        break;
      } else {
        parseLine(bytes, frame, pos > frame && bytes[pos - 1] === CR ? pos - 1 : pos);
        info = lineInfo;
        count = lineCount;
        key = lineKey;
        keyLength = lineKeyLength;
        left = lineBlock;
        if (key !== 0 && (info & FLAG_BASE64_KEY) === 0) {
          server = routeKey(bytes, key, keyLength, words, pool) | 0;
        }
        pos++;
        boundary = pos;
        phase = PHASE_BODY;
      }
    }

    if (phase === PHASE_KEYS) {
      const from = pos;
      const stop = Math.min(end, pos + LIMIT_MEMCACHE_KEYS_LINE_BYTES - lineBytes);
      let lineEnd = 0; // address behind the line
      while (lineEnd === 0) {
        if (wordBytes === 0) while (pos < stop && bytes[pos] === BLANK) pos++;
        const looked = pos;
        while (pos < stop && bytes[pos] > BLANK) pos++;
        wordBytes += pos - looked;
        if (pos === stop) break;
        const byte = bytes[pos];
        if (byte === LF) lineEnd = pos + 1;
        else if (byte === CR) {
          if (pos + 1 === stop) break;
          if (bytes[pos + 1] === LF) lineEnd = pos + 2;
        }
        if (lineEnd === 0 && byte !== BLANK) {
          // A control character is part of the word; of NUL and CR no key is made.
          info |= byte === 0 || byte === CR ? FLAG_BAD | FLAG_SPECIAL : FLAG_SPECIAL;
          wordBytes++;
          pos++;
        } else if (wordBytes !== 0) {
          const word = pos - wordBytes;
          count++;
          if (count === 1) info = (info & ~NO_COMMAND) | findName(bytes, word, pos);
          else if (count <= wordsBeforeKeys(info & NO_COMMAND)) {
            const isGood = wordBytes <= LIMIT_MEMCACHE_KEY_BYTES && isSigned(bytes, word, pos);
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
      const keys = count - wordsBeforeKeys(info & NO_COMMAND);
      if (lineEnd === 0) {
        const seen = pos + 1 === stop && bytes[pos] === CR ? lineBytes + 1 : lineBytes;
        if (seen === LIMIT_MEMCACHE_KEYS_LINE_BYTES) {
          error = ERROR_LINE_TOO_LONG;
        } else if (keys > 1 || lineBytes > LIMIT_MEMCACHE_LINE_BYTES) {
          info |= FLAG_SPECIAL;
          key = 0;
          keyLength = 0;
          boundary = wordBytes > LIMIT_MEMCACHE_KEY_BYTES ? pos : pos - wordBytes;
        }
        break;
      }
      lineBytes += lineEnd - pos;
      pos = lineEnd;
      boundary = pos;
      if (keys < 1) info |= FLAG_SPECIAL | FLAG_BAD;
      if (keys !== 1 || lineBytes > LIMIT_MEMCACHE_LINE_BYTES) info |= FLAG_SPECIAL;
      if ((info & FLAG_SPECIAL) !== 0) {
        key = 0;
        keyLength = 0;
      } else server = routeKey(bytes, key, keyLength, words, pool) | 0;
      phase = PHASE_BODY;
    }

    if (left !== 0) {
      const seen = end - pos;
      if (seen < left) {
        if (left - seen === 1 && seen !== 0 && bytes[end - 1] !== CR) {
          info |= FLAG_BAD | FLAG_SPECIAL;
        }
        left -= seen;
        pos = end;
        boundary = end;
        break;
      }
      pos += left;
      if (bytes[pos - 1] !== LF || (left !== 1 && bytes[pos - 2] !== CR)) {
        info |= FLAG_BAD | FLAG_SPECIAL;
      }
      left = 0;
    }

    info |= detached !== 0 ? FLAG_LAST : WHOLE;
    writeRecord(words, table, records++, frame, pos, info, server, count, key, keyLength);
    detached = 0;
    phase = PHASE_START;
  }

  if (error !== 0) {
    finishScan(words, SCAN_ERROR, frame, error, errorByte);
    return records;
  }
  if (detached !== 0 && boundary > frame) {
    writeRecord(words, table, records++, frame, boundary, info, server, count, key, keyLength);
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
  words[STATE_WORD + STATE_ARGS_LEFT] = 0;
  words[STATE_WORD + STATE_BULK_LEFT] = left;
  words[STATE_WORD + STATE_COUNT] = count;
  words[STATE_WORD + STATE_INFO] = info;
  words[STATE_WORD + STATE_SERVER] = server;
  words[STATE_WORD + STATE_KEY_OFFSET] = key !== 0 ? key - frame : 0;
  words[STATE_WORD + STATE_KEY_LENGTH] = keyLength;
  words[STATE_WORD + STATE_DETACHED] = detached;
  words[STATE_WORD + STATE_WANTED] = 0;
  words[STATE_WORD + STATE_BOUNDARY] = boundary - frame;
  words[STATE_WORD + STATE_WORD_BYTES] = wordBytes;
  words[STATE_WORD + STATE_LINE_BYTES] = lineBytes;
  return records;
}
