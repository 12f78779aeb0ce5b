import { check } from './check.ts';
import { ctl } from './ctl.ts';
import { explain } from './explain.ts';
import { top } from './top.ts';

/** A stream that text goes to. */
export interface Out {
  write(text: string): unknown;
}

/** One of `ringway NAME ...`. @returns the exit status */
export type Command = (argv: readonly string[], out: Out, err: Out) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['top', top],
  ['explain', explain],
  ['check', check],
  ['ctl', ctl],
]);

/** The command of that name; null for nutcracker's own command line. */
export function commandByName(name: string | undefined): Command | null {
  return COMMANDS.get(name ?? '') ?? null;
}
