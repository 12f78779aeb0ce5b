import { bench } from './bench/bench.ts';
import { check } from './check.ts';
import type { Command } from './command.ts';
import { ctl } from './ctl.ts';
import { doctor } from './doctor/doctor.ts';
import { explain } from './explain.ts';
import { top } from './top/top.ts';

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['top', top],
  ['explain', explain],
  ['check', check],
  ['bench', bench],
  ['doctor', doctor],
  ['ctl', ctl],
]);

/** The command of that name; null for nutcracker's own command line. */
export function commandByName(name: string | undefined): Command | null {
  return COMMANDS.get(name ?? '') ?? null;
}
