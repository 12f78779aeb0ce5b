import { isSlotted, slotServer } from '../../../distribution/route.ts';
import {
  FLAG_KEY_TOO_LONG,
  FRAGMENT_BYTES,
  FRAGMENT_DEST,
  FRAGMENT_KEYS,
  FRAGMENT_LENGTH,
  FRAGMENT_SERVER,
  FRAGMENT_SERVERS,
  FRAGMENTS,
  NO_SERVER,
  PART_TABLE,
  PART_TABLE_RECORDS,
  PLACE_ORDER,
  PLACE_TABLES,
  RECORD_BYTES,
  RECORD_COUNT,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  SERVER_BITS,
  SERVER_FRAGMENTS,
  SLOTS,
} from '../../frame-table.ts';
import { lineLength, readNumber } from './request-scanner.ts';
import { elementEnd, splitWords } from './splitter.ts';

const NOWHERE = -1;
const TOO_LONG = -2;
const STAR = 0x2a;
const CR = 0x0d;
const LF = 0x0a;
const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const FRAGMENT_WORD = FRAGMENTS / 4;
const FRAGMENT_WORDS = FRAGMENT_BYTES / 4;
/** Below this many bytes a loop is faster than a call into the engine's copy. */
const LOOP_BYTES = 48;
const BITS_WORD = SERVER_BITS / 4;
const SERVER = FRAGMENT_SERVER / 4;
const KEYS = FRAGMENT_KEYS / 4;
const LENGTH = FRAGMENT_LENGTH / 4;
const DEST = FRAGMENT_DEST / 4;
const TABLES_WORD = PLACE_TABLES / 4;

/** See Codec.fragment; assembly/fragments.ts holds the twin. */
export function fragment(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  pool: number,
  firstKey: number,
  step: number,
): number {
  const count = readNumber(bytes, start, end);
  const name = start + lineLength;
  const nameLength = readNumber(bytes, name, end);
  const head = 3 + lineLength + nameLength + 2; // without its number of words
  const most = PART_TABLE_RECORDS;
  const slotted = isSlotted(words, pool);
  const range = { start, end, table: PART_TABLE, limit: most };
  const records = splitWords(bytes, words, range, 1, pool, firstKey, step, slotted);
  if (records + 1 !== count) return 0;
  const last = PART_WORD + records * RECORD_WORDS;
  const wrong = markServers(words, last, firstKey, step);
  const fragments = numberServers(words, head, slotted ? SLOTS : FRAGMENT_SERVERS);
  if (wrong !== 0) return wrong;
  if (slotted && !nameOwners(words, fragments, pool)) return NOWHERE;
  let number = 0;
  let order = PLACE_ORDER;
  let nextKey = firstKey;
  for (let record = PART_WORD; record < last; record += RECORD_WORDS) {
    if (words[record + RECORD_COUNT] === nextKey) {
      nextKey += step;
      number = words[SERVER_FRAGMENTS / 4 + words[record + RECORD_SERVER]];
      bytes[order++] = number;
      bytes[order++] = number >>> 8;
      words[FRAGMENT_WORD + number * FRAGMENT_WORDS + KEYS]++;
    }
    words[FRAGMENT_WORD + number * FRAGMENT_WORDS + LENGTH] += words[record + RECORD_LENGTH];
    words[record + RECORD_SERVER] = number;
  }
  for (let i = 0, at = FRAGMENT_WORD; i < fragments; i++, at += FRAGMENT_WORDS) {
    words[at + LENGTH] += digitsOf(words[at + KEYS] * step + 1);
  }
  return fragments;
}

/** Gives each fragment the server of its slot. @returns false when one has none */
function nameOwners(words: Uint32Array, fragments: number, pool: number): boolean {
  for (let i = 0, at = FRAGMENT_WORD; i < fragments; i++, at += FRAGMENT_WORDS) {
    words[at + SERVER] = slotServer(words, pool, words[at + SERVER]);
    if (words[at + SERVER] === NO_SERVER) return false;
  }
  return true;
}

/** Sets the bit of each server or slot that has a key. @returns what is wrong with a key, or 0 */
function markServers(words: Uint32Array, last: number, firstKey: number, step: number): number {
  const first = PART_WORD + (firstKey - 1) * RECORD_WORDS;
  for (let record = first; record < last; record += step * RECORD_WORDS) {
    if ((words[record + RECORD_INFO] & FLAG_KEY_TOO_LONG) !== 0) return TOO_LONG;
    const server = words[record + RECORD_SERVER];
    if (server === NO_SERVER) return NOWHERE;
    words[BITS_WORD + (server >>> 5)] |= 1 << (server & 31);
  }
  return 0;
}

/** Makes a fragment for each bit that is set, and clears it. @returns how many there are */
function numberServers(words: Uint32Array, head: number, most: number): number {
  let number = 0;
  for (let word = 0; word < most / 32; word++) {
    for (let bits = words[BITS_WORD + word]; bits !== 0; bits &= bits - 1) {
      const server = word * 32 + 31 - Math.clz32(bits & -bits);
      const at = FRAGMENT_WORD + number * FRAGMENT_WORDS;
      words[at + SERVER] = server;
      words[at + KEYS] = 0;
      words[at + LENGTH] = head;
      words[at + DEST] = 0;
      words[SERVER_FRAGMENTS / 4 + server] = number++;
    }
    words[BITS_WORD + word] = 0;
  }
  return number;
}

/** See Codec.copyFragments. */
export function copyFragments(
  bytes: Uint8Array,
  words: Uint32Array,
  start: number,
  end: number,
  step: number,
  fragments: number,
): void {
  const count = readNumber(bytes, start, end);
  const name = start + lineLength;
  const nameLength = readNumber(bytes, name, end);
  const nameEnd = name + lineLength + nameLength + 2;
  for (let i = 0, at = FRAGMENT_WORD; i < fragments; i++, at += FRAGMENT_WORDS) {
    if (words[at + DEST] === 0) continue;
    let dest = writeCount(bytes, words[at + DEST], words[at + KEYS] * step + 1);
    for (let from = name; from < nameEnd; from++) bytes[dest++] = toLower(bytes[from]);
    words[at + DEST] = dest;
  }
  for (let i = 1, record = PART_WORD; i < count; i++, record += RECORD_WORDS) {
    const at = FRAGMENT_WORD + words[record + RECORD_SERVER] * FRAGMENT_WORDS;
    if (words[at + DEST] === 0) continue;
    words[at + DEST] = copyTo(
      bytes,
      words[at + DEST],
      words[record + RECORD_START],
      words[record + RECORD_START] + words[record + RECORD_LENGTH],
    );
  }
}

/** See Codec.spliceElements. */
export function spliceElements(
  bytes: Uint8Array,
  words: Uint32Array,
  order: number,
  count: number,
  dest: number,
): number {
  let to = dest;
  for (let i = 0; i < count; i++) {
    const number = bytes[order + i * 2] | (bytes[order + i * 2 + 1] << 8);
    const table = TABLES_WORD + number * 2;
    const pos = words[table];
    const end = words[table + 1];
    if (pos === end) continue;
    const next = elementEnd(bytes, pos, end);
    words[table] = next;
    to = copyTo(bytes, to, pos, next);
  }
  return to;
}

/** @returns the address behind the copy */
function copyTo(bytes: Uint8Array, dest: number, start: number, end: number): number {
  const length = end - start;
  if (length > LOOP_BYTES) bytes.copyWithin(dest, start, end);
  else for (let i = 0; i < length; i++) bytes[dest + i] = bytes[start + i];
  return dest + length;
}

/** Writes "*<count>\r\n". @returns the address behind it */
function writeCount(bytes: Uint8Array, dest: number, count: number): number {
  const digits = digitsOf(count);
  bytes[dest] = STAR;
  for (let at = dest + digits, rest = count; at > dest; at--, rest = Math.floor(rest / 10)) {
    bytes[at] = 0x30 + (rest % 10);
  }
  bytes[dest + digits + 1] = CR;
  bytes[dest + digits + 2] = LF;
  return dest + digits + 3;
}

function digitsOf(count: number): number {
  let digits = 1;
  for (let rest = count; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

function toLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
