// What every Redis command looks like and what ringway does with it, as data. The scanners' command
// table, the router and the documentation are all derived from here; a test compares the rows with
// the COMMAND output of a real server.

import { COMMAND_ROWS } from './command-rows.ts';
import type { Coalesce, CommandSpec, KeyRule, Merge, Row } from './command-spec.ts';
import { SUBCOMMAND_ROWS } from './subcommand-rows.ts';

export type { Access, Coalesce, CommandSpec, Handling, KeyRule, Merge } from './command-spec.ts';

function toSpec(row: Row): CommandSpec {
  const [name, arity, access, firstKey, lastKey, step, handling] = row;
  let keys: KeyRule = firstKey > 0 ? 'range' : 'none';
  let numkeys = 0;
  let coalesce: Coalesce = 'none';
  let merge: Merge = 'none';
  if (row[6] === 'same-server') {
    keys = row[7];
    if (row[7] === 'numkeys' || row[7] === 'numkeys-store') numkeys = row[8];
  } else if (row[6] === 'fragment') {
    coalesce = row[7];
  } else if (row[6] === 'all-servers') {
    merge = row[7];
  }
  return Object.freeze({
    name,
    arity,
    access,
    firstKey,
    lastKey,
    step,
    handling,
    keys,
    numkeys,
    coalesce,
    merge,
  });
}

/** Number 0 is that of a record that nobody wrote: no request has it, and nothing runs it. */
const NOTHING: Row = ['(none)', 1, '-', 0, 0, 0, 'unsupported'];

/** All commands that a request can name. */
export const KNOWN_COMMANDS: readonly CommandSpec[] = Object.freeze(COMMAND_ROWS.map(toSpec));

/** Commands by their number in frame records (always below 0xffff). */
export const COMMANDS: readonly CommandSpec[] = Object.freeze([toSpec(NOTHING), ...KNOWN_COMMANDS]);

/** The subcommands of containers, by "CONTAINER|SUBCOMMAND". */
export const SUBCOMMANDS: ReadonlyMap<string, CommandSpec> = new Map(
  SUBCOMMAND_ROWS.map((row) => [row[0], toSpec(row)]),
);

/** Index in COMMANDS by upper-case name. */
export const COMMAND_INDEX: ReadonlyMap<string, number> = new Map(
  KNOWN_COMMANDS.map((spec, index) => [spec.name, index + 1]),
);

/** @param name in any case */
export function findCommand(name: string): CommandSpec | undefined {
  const index = COMMAND_INDEX.get(name.toUpperCase());
  return index === undefined ? undefined : COMMANDS[index];
}

/**
 * @param container a command whose handling is 'container' @param name its second word, any case
 */
export function findSubcommand(container: CommandSpec, name: string): CommandSpec | undefined {
  return SUBCOMMANDS.get(`${container.name}|${name.toUpperCase()}`);
}

/** Whether a request of `words` words (the name counted) satisfies an arity. */
export function arityFits(arity: number, words: number): boolean {
  return arity < 0 ? words >= -arity : words === arity;
}
