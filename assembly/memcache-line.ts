// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// One memcached request line; the readable twin is src/protocol/memcache/request-line.ts.

import { CR, CRLF, findBlank, LF } from './ascii';
import {
  FLAG_BAD,
  FLAG_BASE64_KEY,
  FLAG_KEY_TOO_LONG,
  FLAG_NO_REPLY,
  FLAG_QUIET,
  FLAG_SPECIAL,
  LIMIT_MEMCACHE_KEY_BYTES,
  LIMIT_MEMCACHE_VALUE_BYTES,
  MC_ADD,
  MC_APPEND,
  MC_CAS,
  MC_DECR,
  MC_DELETE,
  MC_FLUSH_ALL,
  MC_GAT,
  MC_GATS,
  MC_GET,
  MC_GETS,
  MC_INCR,
  MC_MA,
  MC_MD,
  MC_ME,
  MC_MG,
  MC_MN,
  MC_MS,
  MC_PREPEND,
  MC_QUIT,
  MC_REPLACE,
  MC_SET,
  MC_STATS,
  MC_TOUCH,
  MC_VERBOSITY,
  MC_VERSION,
  NO_COMMAND,
} from './layout';

const BLANK: u32 = 0x20;
const PLUS: u32 = 0x2b;
const MINUS: u32 = 0x2d;
const META_WORDS_MAX: u32 = 19;
const ANY: u32 = 0xffff;
const SIGNED_LIMIT: u64 = 1 << 63;
const SMALL_Q: u32 = 0x71;
const SMALL_B: u32 = 0x62;
const NO_NUMBER: i64 = -1;
const SET: u32 = 0x20746573; // "set "
const MG: u32 = 0x676d;
const MD: u32 = 0x646d;
const MA: u32 = 0x616d;

// What the parsers find, by the words of a record; lineBlock is the length of the data block.
export let lineInfo: u32 = 0;
export let lineCount: u32 = 0;
export let lineKey: u32 = 0;
export let lineKeyLength: u32 = 0;
export let lineBlock: u32 = 0;
/** Address behind the line that parseSet or parseMeta found. */
export let lineEnd: u32 = 0;

// What wordEnd and readNumber find.
let wordStop: u32 = 0; // end of the line, or its first NUL
let hasForbidden: bool = false;
let isNegative: bool = false;
let isNumber: bool = false;

/** Fewest words of a line. */
function wordsMin(command: u32): u32 {
  if (isStorage(command)) return command === MC_CAS ? 6 : 5;
  if (command === MC_GAT || command === MC_GATS) return 3;
  if (command >= MC_INCR && command <= MC_TOUCH) return 3;
  if (command === MC_MS) return 3;
  return command <= MC_ME || command === MC_VERBOSITY ? 2 : 1;
}

/** Most words of a line. */
function wordsMax(command: u32): u32 {
  if (isStorage(command)) return command === MC_CAS ? 7 : 6;
  if (command >= MC_DELETE && command <= MC_TOUCH) return 4;
  if (command >= MC_MG && command < MC_ME) return META_WORDS_MAX;
  return command === MC_VERBOSITY || command === MC_FLUSH_ALL ? 3 : ANY;
}

/** Parses the line [line, end), without its line end, of anything but a line of keys. */
export function parseLine(line: u32, end: u32): void {
  let command = NO_COMMAND;
  let flags: u32 = 0;
  let count: u32 = 0;
  let key: u32 = 0;
  let keyLength: u32 = 0;
  let numbersAreGood: bool = true;
  let size: i64 = 0;
  let start = line;
  let pos = line;
  wordStop = end;
  hasForbidden = false;
  while (true) {
    const next = skipBlanks(pos, wordStop);
    if (next === wordStop) break;
    start = next;
    pos = wordEnd(start);
    count++;
    if (count === 1) command = findName(start, pos);
    else if (count === 2) {
      key = start;
      keyLength = pos - start;
    } else if (isStorage(command)) {
      if (count === 3) numbersAreGood = isUnsigned(start, pos);
      else if (count === 4) numbersAreGood = isSigned(start, pos) && numbersAreGood;
      else if (count === 5) size = readSize(start, pos);
      else if (count === 6 && command === MC_CAS) {
        numbersAreGood = isUnsigned(start, pos) && numbersAreGood;
      }
    } else if (command === MC_MS && count === 3) size = readSize(start, pos);
    else if (command >= MC_MG && command < MC_ME) {
      const flag = <u32>load<u8>(start);
      if (flag === SMALL_Q) flags |= FLAG_QUIET;
      else if (flag === SMALL_B) flags |= FLAG_BASE64_KEY;
    } else if (command === MC_ME && count === 3 && pos === start + 1) {
      if (<u32>load<u8>(start) === SMALL_B) flags |= FLAG_BASE64_KEY;
    }
  }

  lineCount = count;
  lineKey = 0;
  lineKeyLength = 0;
  lineBlock = 0;
  lineInfo = command | FLAG_SPECIAL;
  if (command === NO_COMMAND) return;
  if (count < wordsMin(command) || count > wordsMax(command)) {
    lineInfo |= FLAG_BAD;
    return;
  }
  const isKeyed = command <= MC_ME;
  const takesNoReply = command <= MC_TOUCH || command === MC_VERBOSITY || command === MC_FLUSH_ALL;
  if (takesNoReply && count > (isKeyed ? 2 : 1) && isNoReply(start, pos)) flags |= FLAG_NO_REPLY;
  if (isKeyed && keyLength > LIMIT_MEMCACHE_KEY_BYTES) flags |= FLAG_BAD | FLAG_KEY_TOO_LONG;
  else if (isStorage(command) || command === MC_MS) {
    if (numbersAreGood && size >= 0) lineBlock = <u32>size + 2;
    else flags |= FLAG_BAD;
  }
  if (hasForbidden) flags |= FLAG_BAD;
  if (isKeyed && (flags & FLAG_BAD) === 0) {
    lineKey = key;
    lineKeyLength = keyLength;
  }
  lineInfo = command | flags;
  if (!isKeyed || flags !== 0) lineInfo |= FLAG_SPECIAL;
}

/**
 * The common case of parseLine: "set <key> <digits> <digits> <digits>\r\n", single blanks. Returns
 * whether it is that, and whole.
 */
export function parseSet(line: u32, end: u32): bool {
  if (end - line < 16 || load<u32>(line) !== SET) return false;
  const key = line + 4;
  let pos = findBlank(key, end);
  const length = pos - key;
  if (length - 1 >= LIMIT_MEMCACHE_KEY_BYTES) return false;
  let size: u32 = 0;
  for (let i = 0; i < 3; i++) {
    if (end - pos < 2 || <u32>load<u8>(pos) !== BLANK) return false;
    const start = ++pos;
    size = 0;
    while (pos < end) {
      const digit = <u32>load<u8>(pos) - 0x30;
      if (digit > 9) break;
      size = size * 10 + digit;
      pos++;
    }
    // A time stamp has ten digits; a size must not overflow.
    if (pos - start - 1 >= (i === 2 ? 9 : 18)) return false;
  }
  if (end - pos < 2 || <u32>load<u16>(pos) !== CRLF) return false;
  lineInfo = MC_SET;
  lineCount = 5;
  lineKey = key;
  lineKeyLength = length;
  lineBlock = size + 2;
  lineEnd = pos + 2;
  return true;
}

/** The common case of parseLine: mg, md or ma without the flags q and b. Returns as parseSet. */
export function parseMeta(line: u32, end: u32): bool {
  if (end - line < 6 || <u32>load<u8>(line + 2) !== BLANK) return false;
  const name = <u32>load<u16>(line);
  if (name !== MG && name !== MD && name !== MA) return false;
  const key = line + 3;
  let pos = findBlank(key, end);
  const length = pos - key;
  if (length - 1 >= LIMIT_MEMCACHE_KEY_BYTES) return false;
  let count: u32 = 2;
  while (true) {
    if (end - pos < 2) return false;
    const byte = <u32>load<u8>(pos);
    if (byte < BLANK) break;
    pos++;
    if (byte !== BLANK) continue;
    const flag = <u32>load<u8>(pos);
    if (flag <= BLANK) continue;
    if (flag === SMALL_Q || flag === SMALL_B) return false;
    count++;
  }
  if (<u32>load<u16>(pos) !== CRLF || count > META_WORDS_MAX) return false;
  lineInfo = name === MG ? MC_MG : name === MD ? MC_MD : MC_MA;
  lineCount = count;
  lineKey = key;
  lineKeyLength = length;
  lineBlock = 0;
  lineEnd = pos + 2;
  return true;
}

/**
 * Whether [line, end) begins with get, gets, gat or gats as a whole word; a CR behind it counts as
 * the end of the word only with its LF.
 */
export function isKeysLine(line: u32, end: u32): bool {
  const start = skipBlanks(line, end);
  const pos = findBlank(start, end);
  if (pos === end || findName(start, pos) > MC_GATS) return false;
  const byte = <u32>load<u8>(pos);
  if (byte === CR) return pos + 1 < end && <u32>load<u16>(pos) === CRLF;
  return byte === BLANK || byte === LF;
}

/** MC_* of the name [start, end), or NO_COMMAND. */
export function findName(start: u32, end: u32): u32 {
  const length = end - start;
  if (length === 9) return findLongName(start);
  if (length - 2 > 5) return NO_COMMAND;
  // The eight bytes that end with the name: nothing behind it is touched.
  switch (load<u64>(end - 8) >> (64 - ((<u64>length) << 3))) {
    case 0x676d: // mg
      return MC_MG;
    case 0x736d: // ms
      return MC_MS;
    case 0x646d: // md
      return MC_MD;
    case 0x616d: // ma
      return MC_MA;
    case 0x656d: // me
      return MC_ME;
    case 0x6e6d: // mn
      return MC_MN;
    case 0x746567: // get
      return MC_GET;
    case 0x746167: // gat
      return MC_GAT;
    case 0x746573: // set
      return MC_SET;
    case 0x646461: // add
      return MC_ADD;
    case 0x736163: // cas
      return MC_CAS;
    case 0x73746567: // gets
      return MC_GETS;
    case 0x73746167: // gats
      return MC_GATS;
    case 0x72636e69: // incr
      return MC_INCR;
    case 0x72636564: // decr
      return MC_DECR;
    case 0x74697571: // quit
      return MC_QUIT;
    case 0x6863756f74: // touch
      return MC_TOUCH;
    case 0x7374617473: // stats
      return MC_STATS;
    case 0x646e65707061: // append
      return MC_APPEND;
    case 0x6574656c6564: // delete
      return MC_DELETE;
    case 0x6563616c706572: // replace
      return MC_REPLACE;
    case 0x646e6570657270: // prepend
      return MC_PREPEND;
    case 0x6e6f6973726576: // version
      return MC_VERSION;
    default:
      return NO_COMMAND;
  }
}

function findLongName(start: u32): u32 {
  const first = load<u64>(start);
  const last = <u32>load<u8>(start + 8);
  if (first === 0x7469736f62726576 && last === 0x79) return MC_VERBOSITY; // verbosity
  if (first === 0x6c615f6873756c66 && last === 0x6c) return MC_FLUSH_ALL; // flush_all
  return NO_COMMAND;
}

/** Words of a line of keys in front of the keys. */
export function wordsBeforeKeys(command: u32): u32 {
  return command === MC_GAT || command === MC_GATS ? 2 : 1;
}

export function skipBlanks(pos: u32, end: u32): u32 {
  while (pos < end && <u32>load<u8>(pos) === BLANK) pos++;
  return pos;
}

/**
 * End of the word at `pos`. A NUL ends the line; other control characters belong to the word, and
 * all but CR are as good as any byte, as for memcached.
 */
function wordEnd(pos: u32): u32 {
  while (true) {
    pos = findBlank(pos, wordStop);
    if (pos === wordStop) return pos;
    const byte = <u32>load<u8>(pos);
    if (byte === BLANK) return pos;
    if (byte === 0 || byte === CR) hasForbidden = true;
    if (byte === 0) {
      wordStop = pos;
      return pos;
    }
    pos++;
  }
}

function isStorage(command: u32): bool {
  return command - MC_SET <= MC_CAS - MC_SET;
}

/** Whether the word is "noreply". */
function isNoReply(start: u32, end: u32): bool {
  return end - start === 7 && load<u64>(end - 8) >> 8 === 0x796c7065726f6e;
}

/** strtol, 64 bits. */
export function isSigned(start: u32, end: u32): bool {
  const value = readNumber(start, end);
  return isNumber && value < SIGNED_LIMIT + (isNegative ? 1 : 0);
}

/** strtoul, 64 bits, as memcached uses it: nothing negative. */
function isUnsigned(start: u32, end: u32): bool {
  const value = readNumber(start, end);
  return isNumber && (!isNegative || value === 0);
}

/** Bytes of a data block, NO_NUMBER when it is none. */
function readSize(start: u32, end: u32): i64 {
  const value = readNumber(start, end);
  if (!isNumber || (isNegative && value !== 0)) return NO_NUMBER;
  return value > <u64>LIMIT_MEMCACHE_VALUE_BYTES ? NO_NUMBER : <i64>value;
}

/** The word as a number without its sign, white space around it as for strtol; see isNumber. */
function readNumber(start: u32, end: u32): u64 {
  isNumber = false;
  while (start < end && isSpace(load<u8>(start))) start++;
  const sign: u32 = start < end ? <u32>load<u8>(start) : 0;
  isNegative = sign === MINUS;
  if (isNegative || sign === PLUS) start++;
  let pos = start;
  let value: u64 = 0;
  for (; pos < end; pos++) {
    const digit = <u32>load<u8>(pos) - 0x30;
    if (digit > 9) break;
    if (value > (u64.MAX_VALUE - digit) / 10) return 0;
    value = value * 10 + digit;
  }
  isNumber = pos !== start && (pos === end || isSpace(load<u8>(pos)));
  return value;
}

/** Tab, LF, VT, FF, CR; a blank is never part of a word. */
function isSpace(byte: u32): bool {
  return byte - 0x09 <= 4;
}
