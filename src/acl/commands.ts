// The commands that rules can name: those of Redis 7.0, and those that ringway knows besides.

import type { CommandSpec } from '../protocol/redis/table/command-spec.ts';
import { KNOWN_COMMANDS } from '../protocol/redis/table/commands.ts';
import { CHANNEL_PATTERNS, CHANNELS, NO_CHANNELS, ONE_CHANNEL } from './access.ts';
import { categoryBit, categoryBits } from './categories.ts';
import { ACL_FACTS, type AclFact } from './facts.ts';
import { FIRST_WORDS } from './first-words.ts';
import { type KeyPlace, parseKeyPlace } from './key-places.ts';

/** A command or subcommand, as rules see it. Its `id` is its place in ACL_COMMANDS. */
export interface AclCommand {
  readonly id: number;
  /** Lower case; a subcommand is `container|subcommand`. */
  readonly name: string;
  /** As Redis counts it: n = exactly n words, -n = at least n. */
  readonly arity: number;
  /** Bits of CATEGORIES. */
  readonly categories: number;
  readonly places: readonly KeyPlace[];
  /** One of access.ts. */
  readonly channels: number;
  readonly isSubcommand: boolean;
  /** Whoever is not logged in may send it, so that no rule forbids it. */
  readonly open: boolean;
  /** Redis 7.0 has it. */
  readonly original: boolean;
}

const CHANNEL_KINDS: Readonly<Record<string, number>> = {
  publish: ONE_CHANNEL,
  spublish: ONE_CHANNEL,
  subscribe: CHANNELS,
  ssubscribe: CHANNELS,
  psubscribe: CHANNEL_PATTERNS,
};

function fromFact([name, arity, categories, keys]: AclFact, id: number): AclCommand {
  return Object.freeze({
    id,
    name,
    arity,
    categories: categoryBits(categories),
    places: (keys?.split(' ') ?? []).map(parseKeyPlace),
    channels: CHANNEL_KINDS[name] ?? NO_CHANNELS,
    isSubcommand: name.includes('|'),
    open: FIRST_WORDS.has(name.toUpperCase()),
    original: true,
  });
}

function lastText({ lastKey, firstKey }: CommandSpec): string {
  if (lastKey < 0) return `..${lastKey}`;
  return lastKey === firstKey ? '' : `..${lastKey - firstKey}`;
}

/** Of a command that writes nobody says whether it reads as well: both are wanted. */
function placeOf(spec: CommandSpec): string | undefined {
  const access = spec.access === 'r' ? 'r' : 'rw';
  if (spec.keys === 'numkeys') return `${access}:${spec.numkeys}#`;
  if (spec.firstKey === 0) return undefined;
  return `${access}:${spec.firstKey}${lastText(spec)}${spec.step > 1 ? `/${spec.step}` : ''}`;
}

function fromSpec(spec: CommandSpec, id: number): AclCommand {
  const kind = spec.access === 'w' ? 'write' : 'read';
  const categories = spec.access === '-' ? 'slow' : `${kind} slow`;
  const fact: AclFact = [spec.name.toLowerCase(), spec.arity, categories, placeOf(spec)];
  return Object.freeze({ ...fromFact(fact, id), original: false });
}

const ORIGINAL = ACL_FACTS.map(fromFact);
const NAMED: ReadonlySet<string> = new Set(ORIGINAL.map(({ name }) => name));
const LATER = KNOWN_COMMANDS.filter(({ name }) => !NAMED.has(name.toLowerCase()));

/** All of them, a container before its subcommands. */
export const ACL_COMMANDS: readonly AclCommand[] = Object.freeze([
  ...ORIGINAL,
  ...LATER.map((spec, i) => fromSpec(spec, ORIGINAL.length + i)),
]);

const BY_NAME: ReadonlyMap<string, AclCommand> = new Map(
  ACL_COMMANDS.map((command) => [command.name, command]),
);

const NONE: readonly AclCommand[] = [];
const SUBCOMMANDS: ReadonlyMap<string, readonly AclCommand[]> = subcommandLists();

function subcommandLists(): Map<string, AclCommand[]> {
  const lists = new Map<string, AclCommand[]>();
  for (const command of ACL_COMMANDS) {
    if (!command.isSubcommand) continue;
    const container = command.name.slice(0, command.name.indexOf('|'));
    const list = lists.get(container);
    if (list === undefined) lists.set(container, [command]);
    else list.push(command);
  }
  return lists;
}

/** @param name in any case; of a subcommand with its container's */
export function findAclCommand(name: string): AclCommand | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** Those of a container, in the order of the table. */
export function subcommandsOf(command: AclCommand): readonly AclCommand[] {
  return SUBCOMMANDS.get(command.name) ?? NONE;
}

/**
 * The command that a request calls.
 * @param second its second word, null when it has none @returns undefined when there is no such one
 */
export function calledCommand(first: string, second: string | null): AclCommand | undefined {
  const command = findAclCommand(first);
  if (command === undefined || command.isSubcommand) return undefined;
  if (second === null || subcommandsOf(command).length === 0) return command;
  return findAclCommand(`${first}|${second}`);
}

export const SCRIPTING: number = categoryBit('scripting');
