import type { Case } from '../micro/measure.ts';

/** Which of the engine's compilers is looked at. */
export const TIERS = ['optimised', 'baseline', 'cold'] as const;
export type Tier = (typeof TIERS)[number];

/** One question of the lab. Its first contestant is what the others are compared with. */
export interface LabCase {
  readonly name: string;
  readonly group: string;
  /** What one item is. */
  readonly unit: string;
  /** What a reader must know of the contestants, where they do not do quite the same. */
  readonly note?: string;
  /** In which tiers; the rest are measured optimised alone. */
  readonly tiers: readonly Tier[];
  /** How often it happens in one request of a workload of `bench:e2e`. */
  readonly effect?: { readonly workload: string; readonly items: number };
  /** Sets all contestants up that this machine has. */
  readonly make: () => Promise<Case>;
}

/** Only when the code is as compiled as it gets. */
export const OPTIMISED: readonly Tier[] = ['optimised'];

/** What is measured on every version of Node; sweeps and the other tiers are of the first one. */
const EVERYWHERE: readonly string[] = ['main', 'decoders', 'hash libraries'];

/** In which tiers a case is measured on one of several versions of Node. */
export function tiersOf(
  it: Pick<LabCase, 'group' | 'tiers'>,
  asked: readonly Tier[],
  isFirst: boolean,
): readonly Tier[] {
  const tiers = asked.filter((one) => it.tiers.includes(one));
  if (isFirst) return tiers;
  return EVERYWHERE.includes(it.group) ? tiers.filter((one) => OPTIMISED.includes(one)) : [];
}
