import type { Pattern } from './pattern.ts';

/** Fewer are tried one by one: that is quicker than a search. */
const SEARCHED = 6;

/** -1, 0 or 1, as two strings of bytes are ordered. */
function order(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return Math.sign(a.length - b.length);
}

/**
 * Patterns one of which a text must fit. Those that are a text, or its beginning and `*`, stand in
 * their order, without those that another covers: the last that is not behind a text is the only
 * one of them that can fit it.
 */
export class PatternSet {
  readonly #sorted: readonly Pattern[];
  /** These are tried one by one. */
  readonly #others: readonly Pattern[];

  constructor(patterns: readonly Pattern[]) {
    const found =
      patterns.length < SEARCHED ? [] : patterns.filter(({ literal }) => literal !== null);
    const sorted: Pattern[] = [];
    const inOrder = found.sort((a, b) => {
      return order(a.literal as Buffer, b.literal as Buffer) || Number(a.exact) - Number(b.exact);
    });
    for (const pattern of inOrder) if (!isCovered(pattern, sorted.at(-1))) sorted.push(pattern);
    this.#sorted = sorted;
    this.#others = patterns.filter((each) => !found.includes(each));
  }

  /** Whether one of them fits the bytes in [start, start + length). */
  matches(bytes: Uint8Array, start: number, length: number): boolean {
    const others = this.#others;
    for (let i = 0; i < others.length; i++) {
      if (others[i].matches(bytes, start, length)) return true;
    }
    const sorted = this.#sorted;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle].isBehind(bytes, start, length)) high = middle;
      else low = middle + 1;
    }
    return low > 0 && sorted[low - 1].matches(bytes, start, length);
  }
}

/** What fits `pattern` fits the one before it as well. */
function isCovered({ literal }: Pattern, before: Pattern | undefined): boolean {
  if (before === undefined || literal === null) return false;
  const beginning = before.literal as Buffer;
  if (before.exact) return false;
  return order(literal.subarray(0, beginning.length), beginning) === 0;
}
