import { elementsOf, isNull, textOf } from '../replies/reply-parts.ts';
import { type Access, type CommandSpec, findCommand, type KeyRule } from './commands.ts';

/** A command that is not in the table: from the configuration, or from a server. */
export interface LearnedCommand {
  readonly spec: CommandSpec;
  /** Only the server can tell where the keys of a request are. */
  readonly movable: boolean;
  readonly blocking: boolean;
  /** It is about the server or the connection, which are not the client's own. */
  readonly administers: boolean;
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
  return [...flags, ...categories].some((each) => /^@?(blocking|pubsub)$/.test(each));
}

/** The texts of an array that an older server may not have. */
function textsOf(part: Buffer | undefined): string[] {
  return part === undefined ? [] : (elementsOf(part) ?? []).map(textOf);
}

const WORDS_MAX = 0x7fffffff;

/** Arity, first key, last key and step; null when they are not numbers that fit together. */
function placesOf(parts: readonly Buffer[]): number[] | null {
  const numbers = [parts[1], ...parts.slice(3, 6)];
  if (!numbers.every((part) => /^:-?[0-9]{1,10}\r\n$/.test(part.toString('latin1')))) return null;
  const places = numbers.map((part) => Number(textOf(part)));
  const [arity, firstKey, lastKey, step] = places;
  if (arity === 0 || places.some((each) => Math.abs(each) > WORDS_MAX)) return null;
  if (firstKey < 0 || step < 0) return null;
  if (firstKey > 0 && (step === 0 || (lastKey >= 0 && lastKey < firstKey))) return null;
  return places;
}

/** Reads the reply to COMMAND INFO with one name. @returns null when the server has no such one */
export function learnCommand(name: string, reply: Buffer): LearnedCommand | null {
  const entry = elementsOf(reply)?.[0];
  if (entry === undefined || isNull(entry)) return null;
  const parts = elementsOf(entry);
  if (parts === null || parts.length < 6) return null;
  const places = placesOf(parts);
  if (places === null) return null;
  const [arity, firstKey, lastKey, step] = places;
  const flags = textsOf(parts[2]);
  const categories = textsOf(parts[6]);
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
  const blocking = grammar === null && mayBlock(flags, categories);
  const administers =
    flags.includes('admin') || categories.some((each) => /^@(admin|connection)$/.test(each));
  // The keys of a container's request are where its subcommand has them.
  const container = textsOf(parts[9]).length > 0;
  const movable = container || (flags.includes('movablekeys') && grammar === null);
  return { spec, movable, blocking, administers, hides: hiddenName(original) };
}
