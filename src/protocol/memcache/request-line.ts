import {
  FLAG_BAD,
  FLAG_BASE64_KEY,
  FLAG_KEY_TOO_LONG,
  FLAG_NO_REPLY,
  FLAG_QUIET,
  FLAG_SPECIAL,
  LIMIT_MEMCACHE_KEY_BYTES,
  LIMIT_MEMCACHE_VALUE_BYTES,
  MC_CAS,
  MC_DELETE,
  MC_FLUSH_ALL,
  MC_GAT,
  MC_GATS,
  MC_ME,
  MC_MG,
  MC_MS,
  MC_SET,
  MC_TOUCH,
  MC_VERBOSITY,
  NO_COMMAND,
} from '../frame-table.ts';

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const META_WORDS_MAX = 19;
const ANY = 0xffff;
const SIGNED_MAX = 2n ** 63n;
const UNSIGNED_MAX = 2n ** 64n;

/** Names by their MC_* numbers; MC_NONE has none. */
export const MEMCACHE_NAMES: readonly string[] = [
  '',
  ...['get', 'gets', 'gat', 'gats', 'set', 'add', 'replace', 'append', 'prepend', 'cas'],
  ...['delete', 'incr', 'decr', 'touch', 'mg', 'ms', 'md', 'ma', 'me', 'mn'],
  ...['version', 'quit', 'verbosity', 'flush_all', 'stats'],
];
const NAME_BYTES = MEMCACHE_NAMES.map((name) => Buffer.from(name));
/** The MC_* numbers of the names with each first byte. */
const BY_FIRST: readonly (readonly number[])[] = Array.from({ length: 256 }, (_, byte) =>
  NAME_BYTES.flatMap((name, command) => (name[0] === byte ? command : [])),
);

/** Fewest and most words of a line, by MC_*. */
const WORDS_MIN = [0, 2, 2, 3, 3, 5, 5, 5, 5, 5, 6, 2, 3, 3, 3, 2, 3, 2, 2, 2, 1, 1, 1, 2, 1, 1];
const WORDS_MAX = WORDS_MIN.map((_, command) => {
  if (isStorage(command)) return command === MC_CAS ? 7 : 6;
  if (command >= MC_DELETE && command <= MC_TOUCH) return 4;
  if (command >= MC_MG && command < MC_ME) return META_WORDS_MAX;
  return command === MC_VERBOSITY || command === MC_FLUSH_ALL ? 3 : ANY;
});

// What parseLine finds, by the words of a record; lineBlock is the length of the data block.
export let lineInfo = 0;
export let lineCount = 0;
export let lineKey = 0;
export let lineKeyLength = 0;
export let lineBlock = 0;

// What readWord and readNumber find.
let wordStop = 0; // end of the line, or its first NUL
let hasForbidden = false;
let isNegative = false;

/** Parses the line [line, end), without its line end, of anything but a line of keys. */
export function parseLine(bytes: Uint8Array, line: number, end: number): void {
  let command = NO_COMMAND;
  let flags = 0;
  let count = 0;
  let key = 0;
  let keyLength = 0;
  let numbersAreGood = true;
  let size = 0;
  let start = line;
  let pos = line;
  wordStop = end;
  hasForbidden = false;
  for (;;) {
    const next = skipBlanks(bytes, pos, wordStop);
    if (next === wordStop) break;
    start = next;
    pos = wordEnd(bytes, start);
    count++;
    if (count === 1) command = findName(bytes, start, pos);
    else if (count === 2) {
      key = start;
      keyLength = pos - start;
    } else if (isStorage(command)) {
      if (count === 3) numbersAreGood = isUnsigned(bytes, start, pos);
      else if (count === 4) numbersAreGood &&= isSigned(bytes, start, pos);
      else if (count === 5) size = readSize(bytes, start, pos);
      else if (count === 6 && command === MC_CAS) {
        numbersAreGood &&= isUnsigned(bytes, start, pos);
      }
    } else if (command === MC_MS && count === 3) size = readSize(bytes, start, pos);
    else if (command >= MC_MG && command < MC_ME) {
      if (bytes[start] === 0x71) flags |= FLAG_QUIET;
      else if (bytes[start] === 0x62) flags |= FLAG_BASE64_KEY;
    } else if (command === MC_ME && count === 3 && bytes[start] === 0x62 && pos === start + 1) {
      flags |= FLAG_BASE64_KEY;
    }
  }

  lineCount = count;
  lineKey = 0;
  lineKeyLength = 0;
  lineBlock = 0;
  lineInfo = command | FLAG_SPECIAL;
  if (command === NO_COMMAND) return;
  if (count < WORDS_MIN[command] || count > WORDS_MAX[command]) {
    lineInfo |= FLAG_BAD;
    return;
  }
  const isKeyed = command <= MC_ME;
  const takesNoReply = command <= MC_TOUCH || command === MC_VERBOSITY || command === MC_FLUSH_ALL;
  if (takesNoReply && count > (isKeyed ? 2 : 1) && isNoReply(bytes, start, pos)) {
    flags |= FLAG_NO_REPLY;
  }
  if (isKeyed && keyLength > LIMIT_MEMCACHE_KEY_BYTES) flags |= FLAG_BAD | FLAG_KEY_TOO_LONG;
  else if (isStorage(command) || command === MC_MS) {
    if (numbersAreGood && size >= 0) lineBlock = size + 2;
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
 * Whether [pos, end) begins with get, gets, gat or gats as a whole word; a CR behind it counts as
 * the end of the word only with its LF.
 */
export function isKeysLine(bytes: Uint8Array, line: number, end: number): boolean {
  let pos = skipBlanks(bytes, line, end);
  const start = pos;
  while (pos < end && bytes[pos] > BLANK) pos++;
  if (pos === end || findName(bytes, start, pos) > MC_GATS) return false;
  const byte = bytes[pos];
  return byte === BLANK || byte === LF || (byte === CR && pos + 1 < end && bytes[pos + 1] === LF);
}

/** MC_* of the name [start, end), or NO_COMMAND. */
export function findName(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return NO_COMMAND;
  const length = end - start;
  const commands = BY_FIRST[bytes[start]];
  for (let n = 0; n < commands.length; n++) {
    const name = NAME_BYTES[commands[n]];
    if (name.length !== length) continue;
    let i = 1;
    while (i < length && name[i] === bytes[start + i]) i++;
    if (i === length) return commands[n];
  }
  return NO_COMMAND;
}

/** Words of a line of keys in front of the keys. */
export function wordsBeforeKeys(command: number): number {
  return command === MC_GAT || command === MC_GATS ? 2 : 1;
}

/** Address of the first byte at or behind `pos` that is no blank. */
export function skipBlanks(bytes: Uint8Array, pos: number, end: number): number {
  while (pos < end && bytes[pos] === BLANK) pos++;
  return pos;
}

/**
 * End of the word at `pos`. A NUL ends the line; other control characters belong to the word, and
 * all but CR are as good as any byte, as for memcached.
 */
function wordEnd(bytes: Uint8Array, pos: number): number {
  for (; pos < wordStop; pos++) {
    const byte = bytes[pos];
    if (byte > BLANK) continue;
    if (byte === BLANK) break;
    if (byte !== 0 && byte !== CR) continue;
    hasForbidden = true;
    if (byte === 0) wordStop = pos;
  }
  return Math.min(pos, wordStop);
}

function isStorage(command: number): boolean {
  return command >= MC_SET && command <= MC_CAS;
}

function isNoReply(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 7 && String.fromCharCode(...bytes.subarray(start, end)) === 'noreply';
}

/** strtol, 64 bits. */
export function isSigned(bytes: Uint8Array, start: number, end: number): boolean {
  const value = readNumber(bytes, start, end);
  return value !== null && value < SIGNED_MAX + (isNegative ? 1n : 0n);
}

/** strtoul, 64 bits, as memcached uses it: nothing negative. */
function isUnsigned(bytes: Uint8Array, start: number, end: number): boolean {
  const value = readNumber(bytes, start, end);
  return value !== null && (isNegative ? value === 0 : value < UNSIGNED_MAX);
}

/** Bytes of a data block, -1 when it is none. */
function readSize(bytes: Uint8Array, start: number, end: number): number {
  const value = readNumber(bytes, start, end);
  if (value === null || (isNegative && value > 0) || value > LIMIT_MEMCACHE_VALUE_BYTES) return -1;
  return Number(value);
}

/** The word as a number without its sign, white space around it as for strtol; null if not. */
function readNumber(bytes: Uint8Array, start: number, end: number): number | bigint | null {
  while (start < end && isSpace(bytes[start])) start++;
  isNegative = bytes[start] === MINUS;
  if (isNegative || bytes[start] === PLUS) start++;
  let pos = start;
  let value = 0;
  for (; pos < end; pos++) {
    const digit = bytes[pos] - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (pos === start || (pos < end && !isSpace(bytes[pos]))) return null;
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  return BigInt(String.fromCharCode(...bytes.subarray(start, pos)));
}

/** Tab, LF, VT, FF, CR; a blank is never part of a word. */
function isSpace(byte: number): boolean {
  return byte >= 0x09 && byte <= 0x0d;
}
