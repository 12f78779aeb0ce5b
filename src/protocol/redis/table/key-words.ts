import * as replies from '../replies/replies.ts';
import type { CommandSpec, KeyRule } from './commands.ts';

/** The text of a word, one character per byte. */
type Word = (index: number) => string;

/** Which words of a request are keys. */
export interface KeyWords {
  /** Positions of the keys, 0 is the command name; of a malformed request all it might touch. */
  readonly keys: readonly number[];
  /**
   * Not null when it is malformed: what to answer when there is no key or when the keys are spread.
   * With all its keys in one place, that server can say it.
   */
  readonly refusal: Buffer | null;
  /** Position of the value of an option BLOCK, 0 = it has none. */
  readonly block: number;
  /** It has an option that bounds what comes of all its keys together. */
  readonly boundsAll: boolean;
}

/** Rules by which a key may stand behind an option. */
export type OptionRule = Extract<KeyRule, 'sort' | 'georadius' | 'streams' | 'group-streams'>;

const OPTION_RULES: ReadonlySet<KeyRule> = new Set<OptionRule>([
  'sort',
  'georadius',
  'streams',
  'group-streams',
]);

/**
 * Whether keys go by options. COMMAND GETKEYS and the rules of users search for these anywhere in
 * a request, which can find other words than the command itself does.
 */
export function isOptionRule(rule: KeyRule): rule is OptionRule {
  return OPTION_RULES.has(rule);
}

const NONE: KeyWords = { keys: [], refusal: null, block: 0, boundsAll: false };

/**
 * Finds the keys of a request of `count` words as Redis parses it: fixed words first, then options,
 * each with its values. No word is searched for, so a key, group or member may be called like an
 * option. Neither keys nor refusal: it has no key, or any server says what is wrong with it.
 */
export function keyWords(spec: CommandSpec, count: number, word: Word): KeyWords {
  switch (spec.keys) {
    case 'none':
      return NONE;
    case 'range':
      return rangeKeys(spec, count);
    case 'numkeys':
      return countedKeys(spec, count, word, []);
    case 'numkeys-store':
      return countedKeys(spec, count, word, [1]);
    case 'sort':
      return optionKeys(spec, count, word, SORT_OPTIONS);
    case 'georadius':
      return optionKeys(spec, count, word, GEORADIUS_OPTIONS);
    case 'streams':
      return streamKeys(count, word, false);
    case 'group-streams':
      return streamKeys(count, word, true);
  }
}

function rangeKeys(spec: CommandSpec, count: number): KeyWords {
  const last = spec.lastKey < 0 ? count + spec.lastKey : spec.lastKey;
  const keys: number[] = [];
  for (let i = spec.firstKey; i <= last && i < count; i += spec.step) keys.push(i);
  return { ...NONE, keys };
}

/** Adds to `keys` those that follow their number. Redis refuses a number too large or below 1. */
function countedKeys(spec: CommandSpec, count: number, word: Word, keys: number[]): KeyWords {
  if (spec.numkeys >= count) return NONE;
  const text = word(spec.numkeys);
  if (!/^[1-9][0-9]{0,8}$/.test(text)) return NONE;
  const step = Math.max(1, spec.step);
  const first = spec.numkeys + 1;
  if (first + (Number(text) - 1) * step >= count) return NONE;
  for (let i = 0; i < Number(text); i++) keys.push(first + i * step);
  return { ...NONE, keys };
}

interface Option {
  /** Words that belong to it. */
  readonly values: number;
  /** The error for values that Redis does not take, or null. */
  readonly check?: (text: string) => Buffer | null;
  /** Its value is a key that is written. */
  readonly stores?: boolean;
}

const FLAG: Option = { values: 0 };
const STORE: Option = { values: 1, stores: true };

const SORT_OPTIONS: ReadonlyMap<string, Option> = new Map([
  ['ASC', FLAG],
  ['DESC', FLAG],
  ['ALPHA', FLAG],
  ['LIMIT', { values: 2, check: notAnInteger }],
  ['BY', { values: 1 }],
  ['GET', { values: 1 }],
  ['STORE', STORE],
]);

const GEORADIUS_OPTIONS: ReadonlyMap<string, Option> = new Map([
  ['WITHDIST', FLAG],
  ['WITHHASH', FLAG],
  ['WITHCOORD', FLAG],
  ['ANY', FLAG],
  ['ASC', FLAG],
  ['DESC', FLAG],
  ['COUNT', { values: 1, check: notPositive }],
  ['STORE', STORE],
  ['STOREDIST', STORE],
]);

/**
 * Word 1 and the value of the last option that stores. A word that is no option is one without
 * values to us: a server that knows it would store by what follows.
 */
function optionKeys(
  spec: CommandSpec,
  count: number,
  word: Word,
  options: ReadonlyMap<string, Option>,
): KeyWords {
  let store = 0;
  let refusal: Buffer | null = null;
  for (let i = Math.abs(spec.arity); i < count; i++) {
    const option = options.get(optionName(word(i)));
    if (option === undefined || i + option.values >= count) {
      refusal ??= replies.SYNTAX_ERROR;
      continue;
    }
    for (let value = 1; option.check !== undefined && value <= option.values; value++) {
      refusal ??= option.check(word(i + value));
    }
    if (option.stores) store = i + 1;
    i += option.values;
  }
  return { ...NONE, keys: store === 0 ? [1] : [1, store], refusal };
}

/** The first half of the words behind STREAMS, which ends the options. */
function streamKeys(count: number, word: Word, grouped: boolean): KeyWords {
  let hasGroup = false;
  let block = 0;
  let boundsAll = false;
  for (let i = 1; i < count; i++) {
    const values = count - i - 1;
    const option = optionName(word(i));
    if (option === 'STREAMS' && values > 0) {
      const known = values % 2 === 0 && hasGroup === grouped;
      return known ? { ...consecutive(i + 1, values / 2), block, boundsAll } : NONE;
    }
    if (option === 'BLOCK' && values > 0) {
      block = ++i;
      const error = notATimeout(word(block));
      if (error !== null) return refused(error);
      continue;
    }
    if (option === 'COUNT' && values > 0) {
      const error = notAnInteger(word(++i));
      if (error !== null) return refused(error);
    } else if (option === 'GROUP' && values > 1) {
      if (!grouped) return refused(replies.groupOnly(option));
      hasGroup = true;
      i += 2;
    } else if (option === 'NOACK') {
      if (!grouped) return refused(replies.groupOnly(option));
    } else if (isLater(option, grouped) && values > 0) {
      boundsAll ||= option !== 'CLAIM';
      i++; // an older server refuses the request
    } else {
      // Not sent to any server: it might know a word that we do not, and block by what follows.
      return refused(replies.SYNTAX_ERROR);
    }
  }
  return refused(replies.SYNTAX_ERROR);
}

/** Options of Redis 8.10 and 8.4, each with one value. */
function isLater(option: string, grouped: boolean): boolean {
  return option === 'MAXCOUNT' || option === 'MAXSIZE' || (option === 'CLAIM' && grouped);
}

function consecutive(first: number, length: number): KeyWords {
  return { ...NONE, keys: Array.from({ length }, (_, i) => first + i) };
}

function refused(refusal: Buffer): KeyWords {
  return { ...NONE, refusal };
}

/** A word as Redis's strcasecmp() reads it: up to a NUL, the case of ASCII letters aside. */
function optionName(text: string): string {
  const end = text.indexOf('\0');
  const name = end < 0 ? text : text.slice(0, end);
  return /^[A-Za-z]{1,16}$/.test(name) ? name.toUpperCase() : '';
}

/** Redis takes 64 bits in decimal, as it would write them: no blank, plus sign or leading zero. */
function integerOf(text: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return null;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : null;
}

function notAnInteger(text: string): Buffer | null {
  return integerOf(text) === null ? replies.NOT_AN_INTEGER : null;
}

/** Milliseconds, 0 = for ever. */
function notATimeout(text: string): Buffer | null {
  const value = integerOf(text);
  if (value === null) return replies.NOT_A_TIMEOUT;
  return value < 0n ? replies.NEGATIVE_TIMEOUT : null;
}

function notPositive(text: string): Buffer | null {
  const value = integerOf(text);
  if (value === null) return replies.NOT_AN_INTEGER;
  return value > 0n ? null : replies.COUNT_NOT_POSITIVE;
}
