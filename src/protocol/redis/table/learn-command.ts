import { elementsOf, isNull, textOf } from '../replies/reply-parts.ts';
import { type Access, type CommandSpec, findCommand, type KeyRule } from './commands.ts';

/** A command that is not in the table: from the configuration, or from a server. */
export interface LearnedCommand {
  readonly spec: CommandSpec;
  /** Only the server can tell where the keys of a request are. */
  readonly movable: boolean;
  readonly blocking: boolean;
  /** The command that ringway would not forward by its keys, if a server has this name for it. */
  readonly hides: string | null;
}

type OptionRule = Extract<KeyRule, 'sort' | 'georadius' | 'streams' | 'group-streams'>;

const OPTION_RULES: ReadonlySet<KeyRule> = new Set<OptionRule>([
  'sort',
  'georadius',
  'streams',
  'group-streams',
]);

export interface CommandShape {
  readonly name: string;
  readonly arity: number;
  readonly access: Access;
  readonly keys: 'none' | 'range' | 'numkeys' | OptionRule;
  readonly firstKey: number;
  readonly lastKey: number;
  readonly step: number;
  readonly numkeys: number;
}

/** The row of a command that has this shape. */
export function specOf(shape: CommandShape): CommandSpec {
  // What is forwarded has its key for certain; modules often leave all of the arity to themselves.
  const oneKey =
    shape.keys === 'range' &&
    shape.lastKey === shape.firstKey &&
    Math.abs(shape.arity) > shape.firstKey;
  const keyless = shape.keys === 'none';
  return Object.freeze({
    ...shape,
    handling: keyless ? 'placeholder' : oneKey ? 'forward' : 'same-server',
    coalesce: 'none',
    merge: 'none',
  });
}

/**
 * A server that has renamed a command tells what it was called. Under another name those that
 * change a connection or empty a server must not slip through to whichever server is asked.
 */
function hiddenName(original: string): string | null {
  const spec = findCommand(original);
  if (spec === undefined) return null;
  const byKeys = spec.keys !== 'none' || spec.firstKey > 0;
  return byKeys && spec.handling !== 'unsupported' ? null : spec.name;
}

/**
 * COMMAND GETKEYS searches for options where the command parses them: it takes each STORE of
 * `SORT key STORE STORE ASC` for one. Another name of such a command goes by its own grammar.
 */
function ownGrammar(original: string): CommandSpec | null {
  const spec = findCommand(original);
  return spec !== undefined && OPTION_RULES.has(spec.keys) ? spec : null;
}

/** Redis below 7 has no flag for it, only the category. */
function mayBlock(flags: readonly string[], categories: readonly string[]): boolean {
  return flags.includes('blocking') || flags.includes('pubsub') || categories.includes('@blocking');
}

/** Whether keys can stand there: looking for them in a request comes to an end. */
function isPlace(first: number, last: number, step: number): boolean {
  if (![first, last, step].every(Number.isSafeInteger)) return false;
  return first === 0 || (first > 0 && step > 0);
}

/** The texts of an array that an older server may not have. */
function textsOf(part: Buffer | undefined): string[] {
  return part === undefined ? [] : (elementsOf(part) ?? []).map(textOf);
}

/** Reads the reply to COMMAND INFO with one name. @returns null when the server has no such one */
export function learnCommand(name: string, reply: Buffer): LearnedCommand | null {
  const entry = elementsOf(reply)?.[0];
  if (entry === undefined || isNull(entry)) return null;
  const parts = elementsOf(entry);
  if (parts === null || parts.length < 6) return null;
  const flags = textsOf(parts[2]);
  const [firstKey, lastKey, step] = parts.slice(3, 6).map((part) => Number(textOf(part)));
  const arity = Number(textOf(parts[1]));
  if (!Number.isSafeInteger(arity) || !isPlace(firstKey, lastKey, step)) return null;
  const original = textOf(parts[0]);
  const grammar = ownGrammar(original);
  const spec = specOf({
    name,
    arity: grammar?.arity ?? arity,
    access: flags.includes('write') ? 'w' : flags.includes('readonly') ? 'r' : '-',
    keys: (grammar?.keys as OptionRule | undefined) ?? (firstKey > 0 ? 'range' : 'none'),
    firstKey,
    lastKey,
    step,
    numkeys: 0,
  });
  const blocking = grammar === null && mayBlock(flags, textsOf(parts[6]));
  // The keys of a container's request are where its subcommand has them.
  const container = textsOf(parts[9]).length > 0;
  const movable = container || (flags.includes('movablekeys') && grammar === null);
  return { spec, movable, blocking, hides: hiddenName(original) };
}
