const SLOT_LIMIT = 2 ** 32;

/**
 * The last slot of each server, when every server gets `weight` slots in turn.
 *
 * Weights go up to 2^31 - 1, so the number of slots can exceed 2^32, more than a hash can reach
 * (and more than twemproxy can allocate). Sums are exact: slots from 2^32 on exist but are never
 * drawn.
 */
export function lastSlots(weights: readonly number[]): Uint32Array {
  const last = new Uint32Array(weights.length);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i];
    last[i] = Math.min(sum, SLOT_LIMIT) - 1;
  }
  return last;
}

/** POOL_TOTAL_WEIGHT: the number of slots, or 0 for 2^32 and more, when the hash is the slot. */
export function slotCount(weights: readonly number[]): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum < SLOT_LIMIT ? sum : 0;
}

/**
 * Position of the live server that holds slot `h` modulo the number of slots.
 * @param last position of the `lastSlots` in `words`
 */
export function slotOwner(
  words: Uint32Array,
  last: number,
  count: number,
  slots: number,
  h: number,
): number {
  const slot = slots !== 0 ? h % slots : h;
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (words[last + middle] < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
