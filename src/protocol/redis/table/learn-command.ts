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

export interface CommandShape {
  readonly name: string;
  readonly arity: number;
  readonly access: Access;
  readonly keys: Extract<KeyRule, 'none' | 'range' | 'numkeys'>;
  readonly firstKey: number;
  readonly lastKey: number;
  readonly step: number;
  readonly numkeys: number;
}

/** The row of a command that has this shape. */
export function specOf(shape: CommandShape): CommandSpec {
  const oneKey = shape.keys === 'range' && shape.lastKey === shape.firstKey;
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

/** Reads the reply to COMMAND INFO with one name. @returns null when the server has no such one */
export function learnCommand(name: string, reply: Buffer): LearnedCommand | null {
  const entry = elementsOf(reply)?.[0];
  if (entry === undefined || isNull(entry)) return null;
  const parts = elementsOf(entry);
  if (parts === null || parts.length < 6) return null;
  const flags = (elementsOf(parts[2]) ?? []).map(textOf);
  const [firstKey, lastKey, step] = parts.slice(3, 6).map((part) => Number(textOf(part)));
  const spec = specOf({
    name,
    arity: Number(textOf(parts[1])),
    access: flags.includes('write') ? 'w' : flags.includes('readonly') ? 'r' : '-',
    keys: firstKey > 0 ? 'range' : 'none',
    firstKey,
    lastKey,
    step,
    numkeys: 0,
  });
  const blocking = flags.includes('blocking') || flags.includes('pubsub');
  // The keys of a container's request are where its subcommand has them.
  const container = (elementsOf(parts[9] ?? Buffer.alloc(0)) ?? []).length > 0;
  const movable = container || flags.includes('movablekeys');
  return { spec, movable, blocking, hides: hiddenName(textOf(parts[0])) };
}
