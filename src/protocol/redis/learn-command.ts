import type { Access, CommandSpec, KeyRule } from './commands.ts';
import { elementsOf, isNull, textOf } from './reply-parts.ts';

/** A command that is not in the table: from the configuration, or from a server. */
export interface LearnedCommand {
  readonly spec: CommandSpec;
  /** Only the server can tell where the keys of a request are. */
  readonly movable: boolean;
  readonly blocking: boolean;
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
  return { spec, movable: flags.includes('movablekeys'), blocking };
}
