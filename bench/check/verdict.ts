import { medianInterval, type Spread } from '../statistics.ts';

/** What is measured side by side: the working tree, the reference, and the reference once more. */
export const SIDES = ['tree', 'ref', 'again'] as const;
export type Side = (typeof SIDES)[number];

/** One figure in every round; the lower the better. */
export type Rounds = Readonly<Record<Side, readonly number[]>>;

export interface Verdict {
  /** The tree's figure divided by the reference's, with the interval of its median. */
  readonly ratio: Spread;
  /** How far from 1 the ratio of the reference to itself may be, as its own rounds say. */
  readonly noise: number;
  readonly change: 'slower' | 'faster' | 'none';
}

/** A smaller change is not reported, however sure it is: other code, other addresses. */
export const FLOOR = 0.03;

/**
 * Compares the tree with the reference, round by round. A change must pass both of two tests:
 *
 * - its median ratio is beyond the noise, which is what the reference beside its own copy shows in
 *   the same rounds: the interval of the median of their ratios, or FLOOR if that is more;
 * - the interval of its own median leaves out 1, which is a sign test: of nine rounds at least eight
 *   must be slower (or faster).
 *
 * Medians and signs do not care how large an outlier is, and a busy machine makes large ones.
 */
export function judge({ tree, ref, again }: Rounds): Verdict {
  const ratio = medianInterval(tree.map((value, i) => value / Math.sqrt(ref[i] * again[i])));
  const self = medianInterval(again.map((value, i) => value / ref[i]));
  const noise = Math.max(self.high, 1 / self.low) - 1;
  const limit = 1 + Math.max(noise, FLOOR);
  if (ratio.median > limit && ratio.low > 1) return { ratio, noise, change: 'slower' };
  if (ratio.median < 1 / limit && ratio.high < 1) return { ratio, noise, change: 'faster' };
  return { ratio, noise, change: 'none' };
}
