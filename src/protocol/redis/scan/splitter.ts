import { routeKey } from '../../../distribution/route.ts';
import { keySlot } from '../../../distribution/slots.ts';
import { FLAG_KEY_TOO_LONG, LIMIT_KEY_BYTES, NO_SERVER } from '../../frame-table.ts';
import { KIND_BULK, KIND_LINE, NULL_COUNT, replyKinds } from './reply-scanner.ts';
import { lineLength, readNumber, writeRecord } from './request-scanner.ts';

const CR = 0x0d;
const STAR = 0x2a;
const PERCENT = 0x25;
const PIPE = 0x7c;

/** See Codec.splitRequest; assembly/resp-splitters.ts holds the twin. */
export function splitRequest(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  table: number,
  limit: number,
  fromWord: number,
  pool: number,
  firstKey: number,
  step: number,
): number {
  return splitWords(
    bytes,
    words,
    { start, end, table, limit },
    fromWord,
    pool,
    firstKey,
    step,
    false,
  );
}

/** Which bytes are split, and how many records there is room for. */
export interface SplitRange {
  readonly start: number;
  readonly end: number;
  readonly table: number;
  readonly limit: number;
}

/** As splitRequest(); with `asSlots` the SERVER of a key is its slot. */
export function splitWords(
  bytes: Uint8Array,
  words: Uint32Array,
  { start, end, table, limit }: SplitRange,
  fromWord: number,
  pool: number,
  firstKey: number,
  step: number,
  asSlots: boolean,
): number {
  let records = 0;
  let pos = start;
  let word = fromWord;
  if (bytes[pos] === STAR) {
    if (readNumber(bytes, pos, end) < 0) return 0;
    pos += lineLength;
    word = 0;
  }
  for (; pos < end && records < limit; word++) {
    const line = pos;
    const length = readNumber(bytes, pos, end);
    if (length < 0) break;
    const body = pos + lineLength;
    pos = body + length + 2;
    if (word < fromWord) continue;
    let info = 0;
    let server = NO_SERVER;
    if (step !== 0 && word >= firstKey && (word - firstKey) % step === 0) {
      if (length > LIMIT_KEY_BYTES) info = FLAG_KEY_TOO_LONG;
      else if (asSlots) server = keySlot(bytes, body, body + length);
      else server = routeKey(bytes, body, length, words, pool);
    }
    writeRecord(words, table, records++, line, pos, info, server, word, body, length);
  }
  return records;
}

/** See Codec.splitReply; assembly/resp-splitters.ts holds the twin. */
export function splitReply(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  table: number,
  limit: number,
): number {
  let pos = start;
  while (pos < end && bytes[pos] === PIPE) pos = skipAttribute(bytes, pos, end);
  if (pos >= end || bytes[pos] !== STAR) return -1;
  const count = readNumber(bytes, pos, end);
  if (count < 0 || count > limit) return -1;
  pos += lineLength;
  for (let i = 0; i < count; i++) {
    const from = pos;
    while (bytes[pos] === PIPE) pos = skipAttribute(bytes, pos, end);
    const type = bytes[pos];
    let elements = 0;
    let body = 0;
    let bodyLength = 0;
    if (replyKinds[type] !== KIND_LINE) {
      const size = readNumber(bytes, pos, end);
      if (size < 0) elements = NULL_COUNT;
      else if (replyKinds[type] === KIND_BULK) {
        body = pos + lineLength;
        bodyLength = size;
      } else elements = type === PERCENT ? size * 2 : size;
    }
    pos = body === 0 ? skipElements(bytes, pos, end, 1) : body + bodyLength + 2;
    writeRecord(words, table, i, from, pos, type, NO_SERVER, elements, body, bodyLength);
  }
  return count;
}

/** Address behind the element at `pos`, with the attributes in front of it. */
export function elementEnd(bytes: Uint8Array, pos: number, end: number): number {
  while (pos < end && bytes[pos] === PIPE) pos = skipAttribute(bytes, pos, end);
  return skipElements(bytes, pos, end, 1);
}

/** Address behind the attribute at `pos`; what it belongs to follows there. */
function skipAttribute(bytes: Uint8Array, pos: number, end: number): number {
  const pairs = readNumber(bytes, pos, end);
  return skipElements(bytes, pos + lineLength, end, pairs * 2);
}

/** Address behind `pending` complete elements, with all that is nested in them. */
function skipElements(bytes: Uint8Array, pos: number, end: number, pending: number): number {
  while (pending > 0 && pos < end) {
    const type = bytes[pos];
    if (type !== PIPE) pending--;
    if (replyKinds[type] === KIND_LINE) {
      while (pos < end && bytes[pos] !== CR) pos++;
      pos += 2;
      continue;
    }
    const size = readNumber(bytes, pos, end);
    pos += lineLength;
    if (size < 0) continue;
    if (replyKinds[type] === KIND_BULK) pos += size + 2;
    else pending += type === PERCENT || type === PIPE ? size * 2 : size;
  }
  return pos;
}
