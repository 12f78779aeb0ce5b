// The keys of a request and what is done to them, as Redis finds them for its rules.

import { type CommandSpec, findCommand } from '../../protocol/redis/table/commands.ts';
import { isOptionRule, keyWords } from '../../protocol/redis/table/key-words.ts';
import { ANY_ACCESS, READS, READS_AND_WRITES, WRITES } from '../access.ts';
import type { AclCommand } from '../commands.ts';
import type { KeyPlace } from '../key-places.ts';
import { lowerWord, type RequestWords } from './request-words.ts';

/** Told of each key. @returns false when it need not hear of more */
export type KeyVisitor = (index: number, access: number) => boolean;

/** Keys that stand at `first`, and so on up to `last`. */
interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly access: number;
}

/** What the numbers of a place say of a request; null = no key, 'invalid' = they make no sense. */
function rangeAt(place: KeyPlace, words: RequestWords): KeyRange | null | 'invalid' {
  const { count } = words;
  const { access, step } = place;
  if (place.unknown) return 'invalid';
  let { first } = place;
  if (place.keyword !== null) {
    first = behind(place.keyword, words);
    if (first === 0) return null;
  }
  let last = first + place.last;
  if (place.counted) {
    const keys = first < count ? integerOf(words.text(first)) : -1;
    if (keys < 0) return 'invalid';
    first++;
    last = first + keys - 1;
  } else if (place.parts > 1) {
    last = first + Math.trunc((count - first) / place.parts) - 1;
  } else if (place.last < 0) {
    last = count + place.last;
  }
  if (last >= count || last < first || first >= count) return 'invalid';
  return { first, last, step, access };
}

/** The word behind a keyword, 0 when that is not there. */
function behind({ text, from }: { text: string; from: number }, words: RequestWords): number {
  const keyword = text.toLowerCase();
  const step = from > 0 ? 1 : -1;
  const start = from > 0 ? from : words.count + from;
  const end = from > 0 ? words.count - 1 : 1;
  for (let i = start; i > 0 && i < words.count; i += step) {
    if (i === end) break;
    if (lowerWord(words, i) === keyword) return i + 1;
  }
  return 0;
}

/** As string2ll() reads it; -1 when it is none, or negative. */
function integerOf(text: string): number {
  return /^(0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : -1;
}

/** As atoi() reads it. */
function leadingInteger(text: string): number {
  return Number(/^[ \t\n\v\f\r]*([+-]?[0-9]{1,9})/.exec(text)?.[1] ?? 0);
}

/** Where the number of keys stands, and a destination, for commands whose numbers make no sense. */
const COUNTED: Readonly<Record<string, readonly [store: number, count: number]>> = {
  ...of('eval eval_ro evalsha evalsha_ro fcall fcall_ro blmpop bzmpop', [0, 2]),
  ...of('zunion zinter zdiff zintercard sintercard lmpop zmpop', [0, 1]),
  ...of('zunionstore zinterstore zdiffstore', [1, 2]),
};

function of<T>(names: string, value: T): Record<string, T> {
  return Object.fromEntries(names.split(' ').map((name) => [name, value]));
}

type Finder = (words: RequestWords, visit: KeyVisitor) => void;

/** Commands whose keys no number tells. */
const OWN: Readonly<Record<string, Finder>> = {
  set: (words, visit) => void visit(1, accessOfSet(words)),
  bitfield: (words, visit) => void visit(1, accessOfBitfield(words)),
  sort: sortKeys,
  sort_ro: (_words, visit) => void visit(1, READS),
  migrate: migrateKeys,
  georadius: georadiusKeys,
  georadiusbymember: georadiusKeys,
};

function accessOfSet(words: RequestWords): number {
  for (let i = 3; i < words.count; i++) if (lowerWord(words, i) === 'get') return READS_AND_WRITES;
  return WRITES;
}

function accessOfBitfield(words: RequestWords): number {
  for (let i = 2; i < words.count; i++) {
    const left = words.count - i - 1;
    const name = lowerWord(words, i);
    if (name === 'get' && left >= 2) i += 2;
    else if (name === 'overflow' && left >= 1) i++;
    else return READS_AND_WRITES;
  }
  return READS;
}

const SORT_VALUES: Readonly<Record<string, number>> = { limit: 2, get: 1, by: 1 };

function sortKeys(words: RequestWords, visit: KeyVisitor): void {
  let store = 0;
  for (let i = 2; i < words.count; i++) {
    const name = lowerWord(words, i);
    if (name === 'store' && i + 1 < words.count) store = i + 1;
    i += SORT_VALUES[name] ?? 0;
  }
  if (visit(1, READS) && store !== 0) visit(store, WRITES);
}

function georadiusKeys(words: RequestWords, visit: KeyVisitor): void {
  let store = 0;
  for (let i = 5; i + 1 < words.count; i++) {
    if (/^store(dist)?$/.test(lowerWord(words, i))) store = ++i;
  }
  if (visit(1, ANY_ACCESS) && store !== 0) visit(store, ANY_ACCESS);
}

const MIGRATE_VALUES: Readonly<Record<string, number>> = { auth: 1, auth2: 2 };

function migrateKeys(words: RequestWords, visit: KeyVisitor): void {
  let [first, end] = [3, 4];
  for (let i = 6; i < words.count; i++) {
    const name = lowerWord(words, i);
    if (name === 'keys') {
      [first, end] = words.lengthOf(3) > 0 ? [0, 0] : [i + 1, words.count];
      break;
    }
    i += MIGRATE_VALUES[name] ?? 0;
  }
  for (let i = first; i < end; i++) if (!visit(i, READS_AND_WRITES)) return;
}

function countedKeys(
  [store, number]: readonly [number, number],
  words: RequestWords,
  visit: KeyVisitor,
): void {
  const first = number + 1;
  const keys = leadingInteger(words.text(number));
  if (keys < 1 || keys > words.count - first) return;
  for (let i = first; i < first + keys; i++) if (!visit(i, ANY_ACCESS)) return;
  if (store !== 0) visit(store, ANY_ACCESS);
}

/** The row of a command whose own grammar has to be asked as well: keys can hide behind options. */
function grammarOf({ name }: AclCommand): CommandSpec | undefined {
  const spec = findCommand(name);
  return spec !== undefined && isOptionRule(spec.keys) ? spec : undefined;
}

/** Keys that the command's own grammar finds: the server will touch them, whatever else it says. */
function grammarKeys(spec: CommandSpec, words: RequestWords, visit: KeyVisitor): void {
  const { keys } = keyWords(spec, words.count, (index) => words.text(index));
  for (const key of keys) {
    // The second one is stored.
    const access = spec.keys.includes('streams') || key === 1 ? READS : WRITES;
    if (!visit(key, access)) return;
  }
}

/** Tells of all keys of a request. */
export function visitKeys(command: AclCommand, words: RequestWords, visit: KeyVisitor): void {
  const spec = grammarOf(command);
  if (spec === undefined) {
    declaredKeys(command, words, visit);
    return;
  }
  const seen = new Set<number>();
  let going = true;
  const hear: KeyVisitor = (index, access) => {
    if (going && !seen.has(index)) going = visit(index, access);
    seen.add(index);
    return going;
  };
  declaredKeys(command, words, hear);
  grammarKeys(spec, words, hear);
}

function declaredKeys(command: AclCommand, words: RequestWords, visit: KeyVisitor): void {
  const ranges: KeyRange[] = [];
  for (const place of command.places) {
    const range = place.varies ? 'invalid' : rangeAt(place, words);
    if (range === 'invalid' || place.incomplete) {
      fallback(command, words, visit);
      return;
    }
    if (range !== null) ranges.push(range);
  }
  for (const { first, last, step, access } of ranges) {
    for (let i = first; i <= last; i += step) if (!visit(i, access)) return;
  }
}

/** What Redis does where the numbers say nothing. */
function fallback({ name }: AclCommand, words: RequestWords, visit: KeyVisitor): void {
  const own = OWN[name];
  const counted = COUNTED[name];
  if (own !== undefined) own(words, visit);
  else if (counted !== undefined) countedKeys(counted, words, visit);
}
