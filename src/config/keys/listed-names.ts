import { FIRST_WORDS } from '../../acl/first-words.ts';
import { DENIED_COMMANDS } from '../../limits.ts';
import { type Parsed, quote } from './values.ts';

const NAME = /^[a-z][a-z0-9._-]{0,63}(\|[a-z][a-z0-9_-]{0,63})?$/i;
const FORMS = 'expected names like KEYS or CONFIG|SET, separated by commas';

/** Names of commands and subcommands, separated by commas; the result is in upper case. */
export function parseCommandNames(text: string): Parsed<readonly string[]> {
  const names = text.split(',').map((name) => name.trim());
  if (names.length > DENIED_COMMANDS) {
    return { problem: `there are ${names.length} names; expected at most ${DENIED_COMMANDS}` };
  }
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong !== undefined) return { problem: `${quote(wrong)} is no command; ${FORMS}` };
  const upper = names.map((name) => name.toUpperCase());
  const needed = upper.find((name) => FIRST_WORDS.has(name));
  if (needed !== undefined) {
    return { problem: `${needed} is never refused: clients log in with it; expected others` };
  }
  return { value: Object.freeze(upper) };
}

/**
 * Parameters of servers that clients may be allowed to set: none of them writes a file, opens a
 * door, or shuts one that ringway comes in by.
 */
export const SETTABLE: readonly string[] = [
  'busy-reply-threshold',
  'latency-monitor-threshold',
  'lua-time-limit',
  'maxmemory',
  'maxmemory-policy',
  'maxmemory-samples',
  'notify-keyspace-events',
  'slowlog-log-slower-than',
  'slowlog-max-len',
];

/** Names of parameters, separated by commas; the result is in lower case. */
export function parseParameters(text: string): Parsed<readonly string[]> {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const wrong = names.find((name) => !SETTABLE.includes(name));
  if (wrong === undefined) return { value: Object.freeze([...new Set(names)]) };
  const choices = SETTABLE.join(', ');
  return { problem: `${quote(wrong)} cannot be allowed; expected some of ${choices}` };
}
