import {
  BLOCKS,
  type Command,
  type Context,
  integerOf,
  keyOf,
  NOT_AN_INTEGER,
  WRONG_TYPE,
} from './command.ts';
import { array, bulk, failure, integer, noArray, nothing, status } from './resp.ts';

type End = 'left' | 'right';

/** @returns null when there is none, undefined when it is of another type */
function listAt({ data, session }: Context, key: string): readonly Buffer[] | null | undefined {
  const value = data.get(session.db, key);
  if (value === null) return null;
  return value.type === 'list' ? value.items : undefined;
}

/** A list without elements does not exist. */
function change({ data, session }: Context, key: string, items: readonly Buffer[]): void {
  if (items.length === 0) data.remove(session.db, key);
  else data.set(session.db, key, { type: 'list', items }, data.expiryOf(session.db, key));
}

function push(end: End, must: boolean): Command {
  return [
    -3,
    (context, words) => {
      const key = keyOf(words[1]);
      const before = listAt(context, key);
      if (before === undefined) return WRONG_TYPE;
      if (before === null && must) return integer(0);
      const added = words.slice(2);
      const old = before ?? [];
      const after = end === 'right' ? [...old, ...added] : [...added.reverse(), ...old];
      change(context, key, after);
      return integer(after.length);
    },
  ];
}

function pop(end: End): Command {
  return [
    -2,
    (context, words) => {
      const name = end === 'left' ? 'lpop' : 'rpop';
      if (words.length > 3) return failure(`ERR wrong number of arguments for '${name}' command`);
      const wanted = words.length === 3 ? integerOf(words[2]) : 1n;
      if (wanted === null || wanted < 0n) {
        return failure('ERR value is out of range, must be positive');
      }
      const key = keyOf(words[1]);
      const before = listAt(context, key);
      if (before === undefined) return WRONG_TYPE;
      const { resp } = context.session;
      if (before === null) return words.length === 3 ? noArray(resp) : nothing(resp);
      const count = Math.min(Number(wanted), before.length);
      const cut = end === 'left' ? count : before.length - count;
      const [left, right] = [before.slice(0, cut), before.slice(cut)];
      const taken = end === 'left' ? left : right.reverse();
      if (count > 0) change(context, key, end === 'left' ? right : left);
      return words.length === 3 ? array(taken.map(bulk)) : bulk(taken[0]);
    },
  ];
}

/** @returns -1 when there is nothing at that index */
function indexIn(items: readonly Buffer[], index: bigint): number {
  const at = index < 0n ? index + BigInt(items.length) : index;
  return at < 0n || at >= BigInt(items.length) ? -1 : Number(at);
}

const range: Command[1] = (context, words) => {
  const [first, last] = [integerOf(words[2]), integerOf(words[3])];
  if (first === null || last === null) return NOT_AN_INTEGER;
  const items = listAt(context, keyOf(words[1]));
  if (items === undefined) return WRONG_TYPE;
  if (items === null) return array([]);
  const size = BigInt(items.length);
  const start = first < 0n ? first + size : first;
  const end = last < 0n ? last + size : last;
  const from = start < 0n ? 0n : start;
  const to = end >= size ? size - 1n : end;
  return array(from > to ? [] : items.slice(Number(from), Number(to) + 1).map(bulk));
};

const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The milliseconds that a blocking command waits; 0 = for ever. @returns an error reply otherwise */
export function timeoutOf(word: Buffer): number | Buffer {
  const text = word.toString('latin1');
  const seconds = Number(text);
  if (!FLOAT.test(text) || seconds * 1000 > Number.MAX_SAFE_INTEGER) {
    return failure('ERR timeout is not a float or out of range');
  }
  return seconds < 0 ? failure('ERR timeout is negative') : Math.ceil(seconds * 1000);
}

const blockingPop: Command[1] = (context, words) => {
  const timeout = timeoutOf(words[words.length - 1]);
  if (typeof timeout !== 'number') return timeout;
  for (const word of words.slice(1, -1)) {
    const key = keyOf(word);
    const items = listAt(context, key);
    if (items === undefined) return WRONG_TYPE;
    if (items === null) continue;
    change(context, key, items.slice(1));
    return array([bulk(word), bulk(items[0])]);
  }
  return BLOCKS;
};

export const LIST_COMMANDS: Readonly<Record<string, Command>> = {
  LPUSH: push('left', false),
  RPUSH: push('right', false),
  LPUSHX: push('left', true),
  RPUSHX: push('right', true),
  BLPOP: [-3, blockingPop],
  LPOP: pop('left'),
  RPOP: pop('right'),
  LLEN: [
    2,
    (context, words) => {
      const items = listAt(context, keyOf(words[1]));
      return items === undefined ? WRONG_TYPE : integer(items?.length ?? 0);
    },
  ],
  LRANGE: [4, range],
  LINDEX: [
    3,
    (context, words) => {
      const items = listAt(context, keyOf(words[1]));
      if (items === undefined) return WRONG_TYPE;
      const { resp } = context.session;
      if (items === null) return nothing(resp);
      const index = integerOf(words[2]);
      if (index === null) return NOT_AN_INTEGER;
      const at = indexIn(items, index);
      return at < 0 ? nothing(resp) : bulk(items[at]);
    },
  ],
  LSET: [
    4,
    (context, words) => {
      const key = keyOf(words[1]);
      const items = listAt(context, key);
      if (items === undefined) return WRONG_TYPE;
      if (items === null) return failure('ERR no such key');
      const index = integerOf(words[2]);
      if (index === null) return NOT_AN_INTEGER;
      const at = indexIn(items, index);
      if (at < 0) return failure('ERR index out of range');
      change(
        context,
        key,
        items.map((item, i) => (i === at ? words[3] : item)),
      );
      return status('OK');
    },
  ],
};
