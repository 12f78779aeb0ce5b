// What every Redis command looks like and what ringway does with it: two tables, joined by name.
// The scanners' command table, the router and the documentation are all derived from here.

import { COMMAND_FACTS } from './command-facts.ts';
import type { CommandSpec, Decision, Fact } from './command-spec.ts';
import { DECISIONS } from './decisions.ts';
import { SUBCOMMAND_FACTS } from './subcommand-facts.ts';

export type { Access, Coalesce, CommandSpec, Handling, KeyRule, Merge } from './command-spec.ts';

const DECIDED: ReadonlyMap<string, Decision> = new Map(
  DECISIONS.flatMap((decision) =>
    decision[1].match(/\S+/g)!.map((name): [string, Decision] => [name, decision]),
  ),
);

/** A command that nothing is decided of is refused; unsupported.ts says why. */
function toSpec(fact: Fact): CommandSpec {
  const [name, arity, access, firstKey, lastKey, step, keys, numkeys] = fact;
  const decision = DECIDED.get(name);
  return Object.freeze({
    name,
    arity,
    access,
    firstKey,
    lastKey,
    step,
    handling: decision?.[0] ?? 'unsupported',
    keys: keys ?? (firstKey > 0 ? 'range' : 'none'),
    numkeys: numkeys ?? 0,
    coalesce: decision?.[0] === 'fragment' ? decision[2] : 'none',
    merge: decision?.[0] === 'all-servers' ? decision[2] : 'none',
    timeout: decision?.[0] === 'blocking' ? decision[2] : 'none',
  });
}

/** Number 0 is that of a record that nobody wrote: no request has it, and nothing runs it. */
const NOTHING: Fact = ['(none)', 1, '-', 0, 0, 0];

/** All commands that a request can name. */
export const KNOWN_COMMANDS: readonly CommandSpec[] = Object.freeze(COMMAND_FACTS.map(toSpec));

/** Commands by their number in frame records (always below 0xffff). */
export const COMMANDS: readonly CommandSpec[] = Object.freeze([toSpec(NOTHING), ...KNOWN_COMMANDS]);

/** The subcommands of containers, by "CONTAINER|SUBCOMMAND". */
export const SUBCOMMANDS: ReadonlyMap<string, CommandSpec> = new Map(
  SUBCOMMAND_FACTS.map((fact) => [fact[0], toSpec(fact)]),
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
