import {
  type Command,
  type Context,
  inRange,
  integerOf,
  keyOf,
  NOT_AN_INTEGER,
  SYNTAX,
  upper,
  WRONG_TYPE,
} from './command.ts';
import { array, bulk, failure, integer, nothing, status } from './resp.ts';

const OK = status('OK');
/** proto-max-bulk-len. */
const LARGEST_STRING = 512 * 1024 * 1024;

/** @returns null when there is none, undefined when it is of another type */
function stringAt({ data, session }: Context, key: string): Buffer | null | undefined {
  const value = data.get(session.db, key);
  if (value === null) return null;
  return value.type === 'string' ? value.bytes : undefined;
}

function put({ data, session }: Context, key: string, bytes: Buffer, expiresAt = 0): void {
  data.set(session.db, key, { type: 'string', bytes }, expiresAt);
}

/** Writes a changed value; the time that the key has goes on. */
function change(context: Context, key: string, bytes: Buffer): void {
  const { data, session } = context;
  put(context, key, bytes, data.expiryOf(session.db, key));
}

interface SetOptions {
  condition: 'NX' | 'XX' | null;
  get: boolean;
  keepTtl: boolean;
  expiresAt: number;
}

const UNITS: Readonly<Record<string, number>> = { EX: 1000, PX: 1, EXAT: 1000, PXAT: 1 };
const LATEST = 2n ** 63n - 1n;

/** @returns the moment in milliseconds, or an error reply */
function expiry(command: string, unit: string, word: Buffer, now: number): number | Buffer {
  const amount = integerOf(word);
  if (amount === null) return NOT_AN_INTEGER;
  const invalid = failure(`ERR invalid expire time in '${command}' command`);
  const millis = amount * BigInt(UNITS[unit]);
  const base = unit.endsWith('AT') ? 0n : BigInt(now);
  if (amount <= 0n || millis + base > LATEST) return invalid;
  return Number(millis + base);
}

function setOptions(words: readonly Buffer[], now: number): SetOptions | Buffer {
  const options: SetOptions = { condition: null, get: false, keepTtl: false, expiresAt: 0 };
  let timed: [string, Buffer] | null = null;
  for (let i = 3; i < words.length; i++) {
    const word = upper(words[i]);
    if ((word === 'NX' || word === 'XX') && (options.condition ?? word) === word) {
      options.condition = word;
    } else if (word === 'GET') options.get = true;
    else if (word === 'KEEPTTL' && timed === null) options.keepTtl = true;
    else if (word in UNITS && timed === null && !options.keepTtl && i + 1 < words.length) {
      timed = [word, words[++i]];
    } else return SYNTAX;
  }
  if (timed !== null) {
    const at = expiry('set', timed[0], timed[1], now);
    if (typeof at !== 'number') return at;
    options.expiresAt = at;
  }
  return options;
}

const set: Command[1] = (context, words) => {
  const options = setOptions(words, context.now);
  if (!('keepTtl' in options)) return options;
  const { data, session } = context;
  const key = keyOf(words[1]);
  const before = data.get(session.db, key);
  let answer: Buffer | null = null;
  if (options.get) {
    if (before !== null && before.type !== 'string') return WRONG_TYPE;
    answer = before === null ? nothing(session.resp) : bulk(before.bytes);
  }
  const refused = options.condition === 'NX' ? before !== null : before === null;
  if (options.condition !== null && refused) return answer ?? nothing(session.resp);
  const kept = options.keepTtl && before !== null ? data.expiryOf(session.db, key) : 0;
  put(context, key, words[2], options.expiresAt === 0 ? kept : options.expiresAt);
  return answer ?? OK;
};

function setWithTime(command: string, unit: string): Command {
  return [
    4,
    (context, words) => {
      const at = expiry(command, unit, words[2], context.now);
      if (typeof at !== 'number') return at;
      put(context, keyOf(words[1]), words[3], at);
      return OK;
    },
  ];
}

function increment(context: Context, word: Buffer, by: bigint): Buffer {
  const key = keyOf(word);
  const before = stringAt(context, key);
  if (before === undefined) return WRONG_TYPE;
  const value = before === null ? 0n : integerOf(before);
  if (value === null) return NOT_AN_INTEGER;
  const after = value + by;
  if (!inRange(after)) return failure('ERR increment or decrement would overflow');
  change(context, key, Buffer.from(String(after)));
  return integer(after);
}

function incrementBy(sign: bigint): Command {
  return [
    3,
    (context, words) => {
      const by = integerOf(words[2]);
      if (by === null) return NOT_AN_INTEGER;
      if (sign < 0n && by === -(2n ** 63n)) return failure('ERR decrement would overflow');
      return increment(context, words[1], sign * by);
    },
  ];
}

const getRange: Command[1] = (context, words) => {
  const [first, last] = [integerOf(words[2]), integerOf(words[3])];
  if (first === null || last === null) return NOT_AN_INTEGER;
  const value = stringAt(context, keyOf(words[1]));
  if (value === undefined) return WRONG_TYPE;
  if (value === null || (first < 0n && last < 0n && first > last)) return bulk('');
  const size = BigInt(value.length);
  let start = first < 0n ? first + size : first;
  let end = last < 0n ? last + size : last;
  if (start < 0n) start = 0n;
  if (end < 0n) end = 0n;
  if (end >= size) end = size - 1n;
  if (start > end || size === 0n) return bulk('');
  return bulk(value.subarray(Number(start), Number(end) + 1));
};

const setRange: Command[1] = (context, words) => {
  const offset = integerOf(words[2]);
  if (offset === null) return NOT_AN_INTEGER;
  if (offset < 0n) return failure('ERR offset is out of range');
  const key = keyOf(words[1]);
  const before = stringAt(context, key);
  if (before === undefined) return WRONG_TYPE;
  const piece = words[3];
  if (piece.length === 0) return integer(before?.length ?? 0);
  if (offset + BigInt(piece.length) > BigInt(LARGEST_STRING)) {
    return failure('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
  }
  const at = Number(offset);
  const after = Buffer.alloc(Math.max(before?.length ?? 0, at + piece.length));
  before?.copy(after);
  piece.copy(after, at);
  change(context, key, after);
  return integer(after.length);
};

export const STRING_COMMANDS: Readonly<Record<string, Command>> = {
  GET: [
    2,
    (context, words) => {
      const value = stringAt(context, keyOf(words[1]));
      if (value === undefined) return WRONG_TYPE;
      return value === null ? nothing(context.session.resp) : bulk(value);
    },
  ],
  SET: [-3, set],
  SETNX: [
    3,
    (context, words) => {
      const key = keyOf(words[1]);
      if (context.data.get(context.session.db, key) !== null) return integer(0);
      put(context, key, words[2]);
      return integer(1);
    },
  ],
  SETEX: setWithTime('setex', 'EX'),
  PSETEX: setWithTime('psetex', 'PX'),
  GETSET: [
    3,
    (context, words) => {
      const key = keyOf(words[1]);
      const value = stringAt(context, key);
      if (value === undefined) return WRONG_TYPE;
      put(context, key, words[2]);
      return value === null ? nothing(context.session.resp) : bulk(value);
    },
  ],
  GETDEL: [
    2,
    (context, words) => {
      const key = keyOf(words[1]);
      const value = stringAt(context, key);
      if (value === undefined) return WRONG_TYPE;
      if (value === null) return nothing(context.session.resp);
      context.data.remove(context.session.db, key);
      return bulk(value);
    },
  ],
  APPEND: [
    3,
    (context, words) => {
      const key = keyOf(words[1]);
      const before = stringAt(context, key);
      if (before === undefined) return WRONG_TYPE;
      const after = before === null ? words[2] : Buffer.concat([before, words[2]]);
      change(context, key, after);
      return integer(after.length);
    },
  ],
  STRLEN: [
    2,
    (context, words) => {
      const value = stringAt(context, keyOf(words[1]));
      return value === undefined ? WRONG_TYPE : integer(value?.length ?? 0);
    },
  ],
  GETRANGE: [4, getRange],
  SUBSTR: [4, getRange],
  SETRANGE: [4, setRange],
  INCR: [2, (context, words) => increment(context, words[1], 1n)],
  DECR: [2, (context, words) => increment(context, words[1], -1n)],
  INCRBY: incrementBy(1n),
  DECRBY: incrementBy(-1n),
  MGET: [
    -2,
    (context, words) => {
      const values = words.slice(1).map((word) => stringAt(context, keyOf(word)) ?? null);
      const { resp } = context.session;
      return array(values.map((value) => (value === null ? nothing(resp) : bulk(value))));
    },
  ],
  MSET: [
    -3,
    (context, words) => {
      if (words.length % 2 === 0)
        return failure("ERR wrong number of arguments for 'mset' command");
      for (let i = 1; i < words.length; i += 2) put(context, keyOf(words[i]), words[i + 1]);
      return OK;
    },
  ],
};
