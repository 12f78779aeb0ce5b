import {
  LIMIT_MEMCACHE_VALUE_BYTES,
  MC_REPLY_ERROR,
  MC_REPLY_NUMBER,
  MC_REPLY_SERVER_ERROR,
  MC_REPLY_VA,
  MC_REPLY_VALUES,
} from '../frame-table.ts';

const BLANK = 0x20;

/** What replyKind returns for a line that no memcached sends. */
export const KIND_UNKNOWN = 0xff;
/** The same for END, which ends what came before. */
export const KIND_END = 0xfe;

/** First words by their MC_REPLY_* numbers; NUMBER has none. */
export const MEMCACHE_REPLY_WORDS: readonly string[] = [
  ...['VALUE', '', 'STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND', 'DELETED', 'TOUCHED', 'OK'],
  ...['RESET', 'VERSION', 'STAT', 'VA', 'HD', 'EN', 'NF', 'NS', 'EX', 'MN', 'ME'],
  ...['ERROR', 'CLIENT_ERROR', 'SERVER_ERROR'],
];
const WORD_BYTES = [...MEMCACHE_REPLY_WORDS, 'END'].map((word) => Buffer.from(word));
/** The kinds of the words with each first byte. */
const BY_FIRST: readonly (readonly number[])[] = Array.from({ length: 256 }, (_, byte) =>
  WORD_BYTES.flatMap((word, kind) => (word[0] === byte ? kind : [])),
);

/** Bytes of the data block that the line replyKind looked at announces, -1 when it is malformed. */
export let replyBlock = 0;

/** MC_REPLY_* of the line [line, end), without its line end. */
export function replyKind(bytes: Uint8Array, line: number, end: number): number {
  const stop = wordEnd(bytes, line, end);
  if (line === stop) return KIND_UNKNOWN;
  if (readSize(bytes, line, stop, stop - line) >= 0) {
    let pos = stop;
    while (pos < end && bytes[pos] === BLANK) pos++;
    return pos === end ? MC_REPLY_NUMBER : KIND_UNKNOWN;
  }
  const kinds = BY_FIRST[bytes[line]];
  for (let i = 0; i < kinds.length; i++) {
    const kind = kinds[i];
    if (!isWord(bytes, line, stop, WORD_BYTES[kind], isError(kind))) continue;
    if (kind === MC_REPLY_VALUES) replyBlock = sizeOfWord(bytes, stop, end, 3);
    else if (kind === MC_REPLY_VA) replyBlock = sizeOfWord(bytes, stop, end, 1);
    return kind > MC_REPLY_SERVER_ERROR ? KIND_END : kind;
  }
  return KIND_UNKNOWN;
}

/** Whether a kind of line is an error. */
export function isError(kind: number): boolean {
  return kind >= MC_REPLY_ERROR && kind <= MC_REPLY_SERVER_ERROR;
}

/** Address of the first blank at or behind `pos`; `end` when there is none. */
export function wordEnd(bytes: Uint8Array, pos: number, end: number): number {
  while (pos < end && bytes[pos] !== BLANK) pos++;
  return pos;
}

/** Whether [start, end) is `word`, or begins with it. */
function isWord(b: Uint8Array, start: number, end: number, word: Buffer, begins: boolean): boolean {
  const { length } = word;
  if (length === 0 || (begins ? end - start < length : end - start !== length)) return false;
  let i = 0;
  while (i < length && b[start + i] === word[i]) i++;
  return i === length;
}

/** Bytes of the data block that the VALUE line [line, end) announces, -1 when it is malformed. */
export function valueBlock(bytes: Uint8Array, line: number, end: number): number {
  return sizeOfWord(bytes, wordEnd(bytes, line, end), end, 3);
}

/** The number in the word `ahead` words behind the one that ends at `pos`; one blank is between. */
function sizeOfWord(bytes: Uint8Array, pos: number, end: number, ahead: number): number {
  let start = pos;
  for (let i = 0; i < ahead; i++) {
    if (pos === end) return -1;
    start = pos + 1;
    pos = wordEnd(bytes, start, end);
  }
  const size = readSize(bytes, start, pos, 10);
  return size > LIMIT_MEMCACHE_VALUE_BYTES ? -1 : size;
}

/** The digits [start, end), at most `most` and at least one, as a number, or -1. */
function readSize(bytes: Uint8Array, start: number, end: number, most: number): number {
  if (start === end || end - start > most) return -1;
  let value = 0;
  for (let pos = start; pos < end; pos++) {
    const digit = bytes[pos] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
