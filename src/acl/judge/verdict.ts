import { CHANNEL_PATTERNS, NO_CHANNELS, ONE_CHANNEL, READS } from '../access.ts';
import type { AclCommand } from '../commands.ts';
import type { Selector } from '../selector.ts';
import type { User } from '../user.ts';
import { type KeyVisitor, visitKeys } from './keys-of.ts';
import { lowerWord, type RequestWords } from './request-words.ts';

// In the order of Redis: the furthest that any selector came is what is told.
export const ALLOWED = 0;
export const DENIED_COMMAND = 1;
export const DENIED_KEY = 2;
export const DENIED_CHANNEL = 3;

/** What the rules of a user say to a request. */
export interface Verdict {
  readonly reason: number;
  /** The word that is not allowed: of a key or a channel. */
  readonly word: number;
}

const YES: Verdict = { reason: ALLOWED, word: 0 };

function runs(selector: Selector, command: AclCommand, words: RequestWords): boolean {
  if (selector.mayRun(command)) return true;
  const parts = selector.firstArguments.get(command.id);
  if (parts === undefined || words.count < 2) return false;
  const first = lowerWord(words, command.isSubcommand ? 2 : 1);
  return parts.some((each) => each.toLowerCase() === first);
}

/** Whether a selector lets a key be used so. */
function mayUse(selector: Selector, words: RequestWords, index: number, access: number): boolean {
  return selector.keys.some(
    (pattern) =>
      (pattern.access & access) === access &&
      pattern.matches(words.bytes, words.startOf(index), words.lengthOf(index)),
  );
}

/** @returns the first channel that a selector does not let in, 0 = it lets in all */
function forbiddenChannel(selector: Selector, { channels }: AclCommand, words: RequestWords) {
  if (channels === NO_CHANNELS || selector.allChannels) return 0;
  const end = channels === ONE_CHANNEL ? Math.min(2, words.count) : words.count;
  for (let i = 1; i < end; i++) {
    const [start, length] = [words.startOf(i), words.lengthOf(i)];
    const isIn = selector.channels.some((pattern) =>
      channels === CHANNEL_PATTERNS
        ? pattern.isWritten(words.bytes, start, length)
        : pattern.matches(words.bytes, start, length),
    );
    if (!isIn) return i;
  }
  return 0;
}

function judgeBy(
  selector: Selector,
  command: AclCommand,
  words: RequestWords,
  keys: (visit: KeyVisitor) => void,
): Verdict {
  if (!runs(selector, command, words)) return { reason: DENIED_COMMAND, word: 0 };
  let forbidden = 0;
  if (!selector.allKeys) {
    keys((index, access) => {
      if (!mayUse(selector, words, index, access)) forbidden = index;
      return forbidden === 0;
    });
  }
  if (forbidden !== 0) return { reason: DENIED_KEY, word: forbidden };
  const channel = forbiddenChannel(selector, command, words);
  return channel === 0 ? YES : { reason: DENIED_CHANNEL, word: channel };
}

/** @param words a request with as many words as the command wants */
export function judge(user: User, command: AclCommand, words: RequestWords): Verdict {
  return judgeKeys(user, command, words, (visit) => visitKeys(command, words, visit));
}

/** As judge(), with keys that are found in another way. */
export function judgeKeys(
  user: User,
  command: AclCommand,
  words: RequestWords,
  keys: (visit: KeyVisitor) => void,
): Verdict {
  let [reason, word] = [DENIED_COMMAND, 0];
  for (const selector of user.selectors) {
    const verdict = judgeBy(selector, command, words, keys);
    if (verdict.reason === ALLOWED) return YES;
    const further = verdict.reason > reason || (verdict.reason === reason && verdict.word > word);
    if (further) ({ reason, word } = verdict);
  }
  return { reason, word };
}

/** Whether a request that the user may make may read any other key as well: SORT's BY and GET. */
export function readsEverything(user: User, command: AclCommand, words: RequestWords): boolean {
  const keys = (visit: KeyVisitor): void => visitKeys(command, words, visit);
  return user.selectors.some((selector) => {
    if (judgeBy(selector, command, words, keys).reason !== ALLOWED) return false;
    if (selector.allKeys) return true;
    return selector.keys.some(({ text, access }) => text === '*' && (access & READS) !== 0);
  });
}

/** Whether a client of this user may stay subscribed to a channel or pattern. */
export function mayHear(user: User, name: Uint8Array, isPattern: boolean): boolean {
  return user.selectors.some(
    (selector) =>
      selector.allChannels ||
      selector.channels.some((pattern) =>
        isPattern ? pattern.isWritten(name, 0, name.length) : pattern.matches(name, 0, name.length),
      ),
  );
}
