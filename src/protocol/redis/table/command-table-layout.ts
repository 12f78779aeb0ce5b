import {
  COMMAND_ARITY,
  COMMAND_BUCKETS,
  COMMAND_ENTRY_BYTES,
  COMMAND_INFO,
  COMMAND_KEY,
  COMMAND_NAME,
  COMMAND_NAME_LENGTH,
  COMMAND_NAME_LIMIT,
  COMMAND_PLAIN_COUNT,
  COMMAND_TABLE,
  FLAG_SPECIAL,
  NO_COMMAND,
  SHAPE_BYTES,
  SHAPE_COUNT,
  SHAPES,
} from '../../frame-table.ts';

/** What the scanners need to know about one command. */
export interface CommandEntry {
  /** In any case. */
  readonly name: string;
  /** From 1, below NO_COMMAND; comes back in the low half of a record's INFO. */
  readonly index: number;
  /** Not forwarded as it is, unless it has exactly `plainCount` words. */
  readonly special: boolean;
  /** As Redis counts, the name included: n = exactly n words, -n = at least n. */
  readonly arity: number;
  /** Position of the word to route by, 0 = none. */
  readonly keyWord: number;
  /** With exactly this many words a special command is plain; 0 = never. */
  readonly plainCount: number;
}

const ENTRY_WORDS = COMMAND_ENTRY_BYTES >>> 2;
const TABLE_WORD = COMMAND_TABLE >>> 2;
/** Twice as many buckets as commands at least: probing stays short, and a miss always ends. */
const COMMANDS_MAX = COMMAND_BUCKETS >>> 1;

/**
 * Bucket of a name: its first eight bytes (upper case, zero padded, as two little-endian words) and
 * its length. The twin of `commandHash` in assembly/commands.ts.
 */
export function commandHash(low: number, high: number, length: number): number {
  const mixed =
    (Math.imul(low, 0x9e3779b1) + Math.imul(high, 0x85ebca6b) + Math.imul(length, 0xc2b2ae35)) | 0;
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 21;
}

/**
 * Writes the command table that all codecs look commands up in, replacing what was there.
 * @throws RangeError when a name is empty, too long, not ASCII or given twice, or the table is full
 */
export function writeCommandTable(
  words: Uint32Array,
  bytes: Uint8Array,
  entries: readonly CommandEntry[],
): void {
  if (entries.length > COMMANDS_MAX) {
    throw new RangeError(`${entries.length} commands, at most ${COMMANDS_MAX} fit`);
  }
  words.fill(0, TABLE_WORD, TABLE_WORD + COMMAND_BUCKETS * ENTRY_WORDS);
  // What was remembered of requests was found in the table before.
  words.fill(0, SHAPES >>> 2, (SHAPES + SHAPE_COUNT * SHAPE_BYTES) >>> 2);
  for (const entry of entries) {
    const name = Buffer.from(entry.name.toUpperCase(), 'latin1');
    if (!/^[!-~]+$/.test(entry.name) || name.length > COMMAND_NAME_LIMIT) {
      throw new RangeError(
        `command name "${entry.name}": 1 to ${COMMAND_NAME_LIMIT} ASCII letters`,
      );
    }
    if (entry.index < 1 || entry.index >= NO_COMMAND) {
      throw new RangeError(`command ${entry.name}: index ${entry.index} is out of range`);
    }
    if (findCommand(bytes, words, name, 0, name.length) !== 0) {
      throw new RangeError(`command "${entry.name}" is listed twice`);
    }
    const at = freeBucket(words, name);
    words[at + (COMMAND_NAME_LENGTH >>> 2)] = name.length;
    words[at + (COMMAND_INFO >>> 2)] = entry.index | (entry.special ? FLAG_SPECIAL : 0);
    words[at + (COMMAND_ARITY >>> 2)] = entry.arity;
    words[at + (COMMAND_KEY >>> 2)] = entry.keyWord;
    words[at + (COMMAND_PLAIN_COUNT >>> 2)] = entry.plainCount;
    bytes.set(name, at * 4 + COMMAND_NAME);
  }
}

/** Word index of the first free bucket for an upper-case name. */
function freeBucket(words: Uint32Array, name: Buffer): number {
  const padded = Buffer.alloc(8);
  name.copy(padded);
  let bucket = commandHash(padded.readUInt32LE(0), padded.readUInt32LE(4), name.length);
  while (words[TABLE_WORD + bucket * ENTRY_WORDS] !== 0) bucket = (bucket + 1) % COMMAND_BUCKETS;
  return TABLE_WORD + bucket * ENTRY_WORDS;
}

/**
 * Looks up the name at [start, start + length) of `source`, in any case.
 * @returns the word index of its entry, 0 when there is none
 */
export function findCommand(
  bytes: Uint8Array,
  words: Uint32Array,
  source: Uint8Array,
  start: number,
  length: number,
): number {
  if (length === 0 || length > COMMAND_NAME_LIMIT) return 0;
  let low = 0;
  let high = 0;
  const inLow = Math.min(length, 4);
  for (let i = 0; i < inLow; i++) low |= upper(source[start + i]) << (i << 3);
  const inHigh = Math.min(length, 8);
  for (let i = 4; i < inHigh; i++) high |= upper(source[start + i]) << (i << 3);
  let bucket = commandHash(low, high, length);
  for (;;) {
    const at = TABLE_WORD + bucket * ENTRY_WORDS;
    const found = words[at];
    if (found === 0) return 0;
    if (
      found === length &&
      (words[at + (COMMAND_NAME >>> 2)] | 0) === low &&
      (words[at + (COMMAND_NAME >>> 2) + 1] | 0) === high &&
      (length <= 8 || sameRest(bytes, at * 4 + COMMAND_NAME, source, start, length))
    ) {
      return at;
    }
    bucket = (bucket + 1) & (COMMAND_BUCKETS - 1);
  }
}

/** Whether bytes 8 and on of the name equal those of the entry's name. */
function sameRest(
  bytes: Uint8Array,
  name: number,
  source: Uint8Array,
  start: number,
  length: number,
): boolean {
  for (let i = 8; i < length; i++) {
    if (upper(source[start + i]) !== bytes[name + i]) return false;
  }
  return true;
}

function upper(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
}
