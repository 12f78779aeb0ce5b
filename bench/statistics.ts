/** Middle and ends of a few measurements. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** @throws RangeError without values */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** Of so many values, at least, medianInterval() can say something. */
export const FEWEST_VALUES = 5;
const ERROR = 0.05;

/**
 * Where the true median lies, whatever the distribution: it is below `low` with a probability of at
 * most 5 %, and above `high` likewise. Half of all values are below the true median, so how many of
 * the smallest values may be left out is a matter of tossing coins.
 * @throws RangeError with fewer than FEWEST_VALUES values
 */
export function medianInterval(values: readonly number[]): Spread {
  const count = values.length;
  if (count < FEWEST_VALUES) throw new RangeError(`the interval of ${count} values`);
  const sorted = values.toSorted((a, b) => a - b);
  let outside = 0;
  let ways = 1;
  let error = 2 ** -count;
  while (error <= ERROR) {
    outside++;
    ways = (ways * (count - outside + 1)) / outside;
    error += ways * 2 ** -count;
  }
  return { median: median(values), low: sorted[outside - 1], high: sorted[count - outside] };
}

/** Spread of a[i] / b[i]; pairs are of the same round, so slow phases of the machine cancel out. */
export function ratioSpread(a: readonly number[], b: readonly number[]): Spread {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} rounds`);
  return spread(a.map((value, i) => value / b[i]));
}

/** A ratio below this may be chance: nobody should choose a codec for it. */
const CLEARLY = 1.02;

/**
 * The first of `steps` from which `ratios` stays clearly above 1.
 * @returns null when it is not above 1 at the last step
 */
export function crossover(steps: readonly number[], ratios: readonly number[]): number | null {
  let found: number | null = null;
  for (let i = steps.length - 1; i >= 0 && ratios[i] > CLEARLY; i--) found = steps[i];
  return found;
}
