import { fileURLToPath } from 'node:url';
import { runToEnd } from '../check/children.ts';
import type { Tier } from './case.ts';

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** V8's flags for a tier: Sparkplug and Liftoff are its baseline compilers. */
const FLAGS: Readonly<Record<Tier, readonly string[]>> = {
  optimised: [],
  baseline: ['--always-sparkplug', '--no-opt', '--no-maglev', '--liftoff-only'],
  cold: [],
};

/** What a child prints. */
export interface ChildResult {
  readonly contestants: readonly {
    readonly name: string;
    /** ns per item, a value per round. */
    readonly ns: readonly number[];
  }[];
}

export interface Measured {
  readonly node: string;
  readonly name: string;
  readonly tier: Tier;
  /** Which of the processes; each begins with another contestant. */
  readonly turn: number;
  readonly quick: boolean;
}

/** Measures a case in a process of its own. @throws ChildError when it fails */
export async function measureApart(what: Measured): Promise<ChildResult> {
  const { node, name, tier, turn, quick } = what;
  const args = [...FLAGS[tier], CHILD, name, tier, String(turn), String(quick)];
  return JSON.parse(await runToEnd(node, args, process.cwd())) as ChildResult;
}
