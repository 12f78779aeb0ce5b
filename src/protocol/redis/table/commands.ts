// What every Redis command looks like and what ringway does with it, as data. The scanners' command
// table, the router and the documentation are all derived from here; a test compares the rows with
// the COMMAND output of a real server.

import { COMMAND_ROWS, type Row } from './command-rows.ts';
import { SUBCOMMAND_ROWS } from './subcommand-rows.ts';

/** 'r' reads, 'w' writes, '-' neither (Redis gives it no key space flag). */
export type Access = 'r' | 'w' | '-';

/** What ringway does with a command. */
export type Handling =
  | 'forward' // one key, at word `firstKey`: sent as it is to that key's server
  | 'container' // the second word decides: look up "NAME|SUBCOMMAND" with findSubcommand()
  | 'same-server' // several keys, which must all live on one server; `keys` says where they are
  | 'fragment' // cut into one request per server; `coalesce` says how the replies are joined
  | 'local' // answered by ringway itself
  | 'all-servers' // sent to every server; `merge` says how the replies are joined
  | 'placeholder' // no key: sent to the server of the key "placeholder", as twemproxy does
  | 'unsupported'; // answered with an error; the connection stays usable

/** Where the keys are. Words count from 0, the command name. */
export type KeyRule =
  | 'none'
  | 'range' // firstKey … lastKey by step; a negative lastKey counts from the end, -1 = last word
  | 'numkeys' // word `numkeys` holds n; n keys follow it, `step` words apart (0 means 1)
  | 'numkeys-store' // word 1 is the destination, a key like the others; then as 'numkeys'
  | 'sort' // word 1, and the word after each STORE option
  | 'georadius' // word 1, and the word after each STORE or STOREDIST option
  | 'streams'; // the first half of the words after STREAMS; an option BLOCK makes it unsupported

/** How the replies of all servers become one. */
export type Merge =
  | 'none'
  | 'same' // they must be equal, else an error says who differs
  | 'same-set' // as 'same', but the order of the elements says nothing
  | 'sum'
  | 'concat'
  | 'every' // per element 1 when every server says 1
  | 'any' // one good reply is enough
  | 'random'; // one of the replies that are not null

/** How the replies of fragments become one: elements in request order, a sum, or one "OK". */
export type Coalesce = 'none' | 'array' | 'sum' | 'ok';

export interface CommandSpec {
  /** Upper case; a subcommand is "CONTAINER|SUBCOMMAND". */
  readonly name: string;
  /** As in Redis, the name counted: n = exactly n words, -n = at least n words. */
  readonly arity: number;
  readonly access: Access;
  /** firstKey, lastKey, step: as COMMAND prints them; 0 when keys have no fixed place. */
  readonly firstKey: number;
  readonly lastKey: number;
  readonly step: number;
  readonly handling: Handling;
  readonly keys: KeyRule;
  /** Word that holds the number of keys, 0 = none. */
  readonly numkeys: number;
  readonly coalesce: Coalesce;
  readonly merge: Merge;
}

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

/** All commands; a command's index here is its number in frame records (always below 0xffff). */
export const COMMANDS: readonly CommandSpec[] = Object.freeze(COMMAND_ROWS.map(toSpec));

/** The subcommands of containers, by "CONTAINER|SUBCOMMAND". */
export const SUBCOMMANDS: ReadonlyMap<string, CommandSpec> = new Map(
  SUBCOMMAND_ROWS.map((row) => [row[0], toSpec(row)]),
);

/** Index in COMMANDS by upper-case name. */
export const COMMAND_INDEX: ReadonlyMap<string, number> = new Map(
  COMMANDS.map((spec, index) => [spec.name, index]),
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
