import { findAclCommand } from '../../acl/commands.ts';
import { FIRST_WORDS } from '../../acl/first-words.ts';
import { DENIED_COMMANDS } from '../../limits.ts';
import type { Scalar } from '../file/document.ts';
import type { RenamedCommand } from '../types.ts';
import type { CustomCommand } from './custom-commands.ts';
import type { PoolSource } from './logins.ts';
import { quote } from './values.ts';

const KEY = 'rename_commands';
const NAME = /^[a-z][a-z0-9._-]{0,63}$/i;
/** A request of a browser begins with it. */
const HTTP_WORD = 'POST';
const EXPECTED = 'expected "COMMAND NAME", such as "FLUSHALL empty-it-all"';

/** @returns what is wrong with a line behind others, or null */
function mistakeIn(
  { command, name }: RenamedCommand,
  before: readonly RenamedCommand[],
  custom: readonly CustomCommand[],
): string | null {
  const known = findAclCommand(command);
  if (known === undefined || known.isSubcommand) return `${quote(command)} is no command`;
  if (FIRST_WORDS.has(command)) return `${command} must keep its name: clients log in with it`;
  if (!NAME.test(name)) return `${quote(name)} can be no name of a command`;
  if (name === HTTP_WORD) return `${name} is a word of HTTP, and whoever says it is closed`;
  const taken = findAclCommand(name) !== undefined || custom.some((each) => each.name === name);
  if (taken) return `${name} is a command`;
  if (before.some((each) => each.command === command)) return `${command} is renamed twice`;
  if (before.some((each) => each.name === name)) return `${quote(name)} is there twice`;
  return null;
}

/** The lines of `rename_commands`. */
export function readRenamedCommands(
  { pool, problems, values, positions }: PoolSource,
  list: readonly Scalar[],
): readonly RenamedCommand[] {
  const add = (at: Scalar['at'], message: string): void =>
    problems.add(at, `${pool}.${KEY}`, `${message}; ${EXPECTED}`);
  const custom = (values.get('custom_commands') ?? []) as readonly CustomCommand[];
  const renamed: RenamedCommand[] = [];
  if (list.length > DENIED_COMMANDS) {
    add(positions.get(KEY) ?? list[0]!.at, `there are more than ${DENIED_COMMANDS} lines`);
    return renamed;
  }
  for (const { text, at } of list) {
    const [command = '', name = '', ...more] = text.trim().toUpperCase().split(/\s+/);
    const line = Object.freeze({ command, name });
    const mistake = more.length > 0 ? `${quote(text)} has too many words` : null;
    const wrong = mistake ?? mistakeIn(line, renamed, custom);
    if (wrong === null) renamed.push(line);
    else add(at, wrong);
  }
  return Object.freeze(renamed);
}
