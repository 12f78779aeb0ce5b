import { RULES_OF_USER, USERS_OF_POOL } from '../limits.ts';
import { hasSpaces } from './selector.ts';
import { User } from './user.ts';

/** What stands around words. JavaScript's trim() takes bytes of letters, such as 0xa0, too. */
const AROUND = /^[ \t\r]+|[ \t\r]+$/g;

/** The rules of one user as they stand somewhere: one character per byte. */
export interface UserLine {
  readonly text: string;
  /** Told of a mistake in it. */
  readonly onMistake: (message: string) => void;
}

/** A rule as it may be shown: no password, and no hash of one. */
function shown(op: string): string {
  return /^[>#<!]/.test(op) ? `${op[0]}...` : op;
}

/** Selectors that were split at blanks, in one piece again. @returns the index of an open one */
function mergeSelectors(words: readonly string[]): string[] | number {
  const merged: string[] = [];
  let open = -1;
  let selector = '';
  for (const [i, word] of words.entries()) {
    if (word[0] === '(' && !word.endsWith(')')) {
      selector = word;
      open = i;
    } else if (open < 0) {
      merged.push(word);
    } else {
      selector += ` ${word}`;
      if (!word.endsWith(')')) continue;
      open = -1;
      merged.push(selector);
    }
  }
  return open < 0 ? merged : open;
}

function readUser({ text, onMistake }: UserLine): User | null {
  const [name, ...words] = text.replace(AROUND, '').split(/[ \t]+/);
  if (name === '' || hasSpaces(name)) {
    onMistake('there is no user name; expected a name and its rules');
    return null;
  }
  const merged = mergeSelectors(words);
  if (typeof merged === 'number') {
    onMistake(`Unmatched parenthesis in acl selector starting at '${shown(words[merged])}'.`);
    return null;
  }
  if (merged.length > RULES_OF_USER) {
    onMistake(`user ${name} has ${merged.length} rules; expected at most ${RULES_OF_USER}`);
    return null;
  }
  const user = new User(name);
  for (const op of merged) {
    const mistake = user.apply(op);
    if (mistake === null) continue;
    onMistake(`Error in ACL SETUSER modifier '${shown(op)}': ${mistake}`);
    return null;
  }
  return user;
}

/** @returns the users of these lines that have no mistake */
export function readUsers(lines: readonly UserLine[], closeScripts: boolean): User[] {
  const users = new Map<string, User>();
  for (const line of lines) {
    const user = readUser(line);
    if (user === null) continue;
    if (users.has(user.name)) {
      line.onMistake(`the user ${user.name} is there twice; expected each once`);
    } else if (users.size === USERS_OF_POOL) {
      line.onMistake(`there are more than ${USERS_OF_POOL} users; expected fewer`);
      break;
    } else {
      users.set(user.name, user);
    }
    if (closeScripts) for (const selector of user.selectors) selector.closeScripts();
  }
  return [...users.values()];
}

/**
 * The lines of a file as ACL SAVE writes it: `user NAME RULES`. Lines that are empty, or begin with
 * `#`, are left out.
 */
export function linesOfFile(bytes: Uint8Array, onMistake: (message: string) => void): UserLine[] {
  const lines: UserLine[] = [];
  for (const [i, raw] of Buffer.from(bytes).toString('latin1').split('\n').entries()) {
    const text = raw.replace(AROUND, '');
    if (text === '' || text.startsWith('#')) continue;
    const tell = (message: string): void => onMistake(`line ${i + 1}: ${message}`);
    if (/^user[ \t]/.test(text)) lines.push({ text: text.slice(5), onMistake: tell });
    else tell('the line does not begin with "user"; expected "user NAME RULES"');
  }
  return lines;
}
