import { readSmallInteger } from '../replies/integers.ts';
import { elementsOf, isNull, listOf, withoutAttributes, wordOf } from '../replies/reply-parts.ts';
import { type Access, type CommandSpec, findCommand } from './commands.ts';
import { isOptionRule, type OptionRule } from './key-words.ts';

const INTEGER = 0x3a; // ':'
/** More words than any request has. */
const MOST = 0x7fffffff;

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

/** What is known of a command that the table does not have; fields as in CommandSpec. */
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
    timeout: 'none',
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
  const forwarded = !['unsupported', 'local', 'blocking'].includes(spec.handling);
  return byKeys && forwarded ? null : spec.name;
}

/**
 * COMMAND GETKEYS searches for options where the command parses them: it takes each STORE of
 * `SORT key STORE STORE ASC` for one. Another name of such a command goes by its own grammar.
 */
function ownGrammar(original: string): CommandSpec | null {
  const spec = findCommand(original);
  return spec !== undefined && isOptionRule(spec.keys) ? spec : null;
}

/** Redis below 7 has no flag for it, only the category. */
function mayBlock(flags: readonly string[], categories: readonly string[]): boolean {
  return [...flags, ...categories].some((each) => /^@?(blocking|pubsub)$/.test(each));
}

/** A number that a command's description may have. */
function numberOf(reply: Buffer | undefined): number {
  if (reply === undefined || reply[0] !== INTEGER) return Number.NaN;
  const value = readSmallInteger(reply, 1, reply.length - 2);
  return Math.abs(value) <= MOST ? value : Number.NaN;
}

/** Whether keys can be where the numbers say. */
function isRange(firstKey: number, lastKey: number, step: number): boolean {
  if (firstKey === 0) return Number.isInteger(lastKey) && Number.isInteger(step);
  // Without a second key there is no step: some modules say 0.
  if (step === 0 && lastKey === firstKey) return firstKey > 0;
  return firstKey > 0 && step > 0 && (lastKey < 0 || lastKey >= firstKey);
}

/**
 * Reads the reply to COMMAND INFO with one name.
 * @returns null when the server has no such one, 'malformed' when it does not say what it is like
 */
export function learnCommand(name: string, reply: Buffer): LearnedCommand | null | 'malformed' {
  const entries = elementsOf(reply);
  if (entries === null || entries.length > 1) return isNull(reply) ? null : 'malformed';
  const entry = entries.length === 0 ? null : withoutAttributes(entries[0]);
  if (entry === null || isNull(entry)) return null;
  const parts = elementsOf(entry)?.map(withoutAttributes) ?? [];
  const [given, , flagList] = parts;
  const [arity, firstKey, lastKey, step] = [1, 3, 4, 5].map((i) => numberOf(parts[i]));
  const original = given === undefined ? null : wordOf(given);
  const flags = flagList === undefined ? null : listOf(flagList, wordOf);
  if (original === null || flags === null) return 'malformed';
  const grammar = ownGrammar(original);
  const places = [firstKey, lastKey, step].every(Number.isInteger);
  const fit = places && (grammar !== null || isRange(firstKey, lastKey, step));
  if (!(Math.abs(arity) > 0) || !fit) return 'malformed';
  const categories = parts[6] === undefined ? [] : (listOf(parts[6], wordOf) ?? []);
  const spec = specOf({
    name,
    arity: grammar?.arity ?? arity,
    access: flags.includes('write') ? 'w' : flags.includes('readonly') ? 'r' : '-',
    keys: (grammar?.keys as OptionRule | undefined) ?? (firstKey > 0 ? 'range' : 'none'),
    firstKey,
    lastKey,
    step: firstKey > 0 ? Math.max(1, step) : step,
    numkeys: 0,
  });
  const blocking = grammar === null && mayBlock(flags, categories);
  const administers =
    flags.includes('admin') || categories.some((each) => /^@(admin|connection)$/.test(each));
  // The keys of a container's request are where its subcommand has them.
  const container = parts.length > 9 && (elementsOf(parts[9]) ?? []).length > 0;
  const movable = container || (flags.includes('movablekeys') && grammar === null);
  return { spec, movable, blocking, administers, hides: hiddenName(original) };
}
