import { type NamedRing, ownerOf } from './moved.ts';

/** Made-up keys of one form. */
export interface SampleKeys {
  /** The form in words, short enough for the head of a column. */
  readonly form: string;
  readonly keys: readonly Uint8Array[];
}

/** Forms that keys often have, always the same ones: short, numbered, with a prefix, random. */
export function sampleForms(): SampleKeys[] {
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
  const numbered = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  return [
    form('a to z', letters),
    form('0 to 999', numbered('', 1000)),
    form('user:0 to 999', numbered('user:', 1000)),
    form(
      'random ids',
      Array.from({ length: 10_000 }, (_, i) => randomId(i)),
    ),
  ];
}

function form(name: string, keys: readonly string[]): SampleKeys {
  return { form: name, keys: keys.map((key) => Buffer.from(key)) };
}

/** 32 hexadecimal digits; the same for the same `seed`. */
function randomId(seed: number): string {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  let text = '';
  for (let i = 0; i < 4; i++) {
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35) + i;
    text += (state >>> 0).toString(16).padStart(8, '0');
  }
  return text;
}

/** Which part of `keys` each server of a ring has, by server index; 0 to 1. */
export function keyShares(named: NamedRing, keys: readonly Uint8Array[]): number[] {
  const index = new Map(named.names.map((name, i) => [name, i]));
  const counts = named.names.map(() => 0);
  for (const key of keys) {
    const owner = ownerOf(named, key);
    if (owner !== null) counts[index.get(owner)!]++;
  }
  return counts.map((count) => (keys.length === 0 ? 0 : count / keys.length));
}

/**
 * How much more than its part the fullest server has: 1 = none has more, 2 = one has twice as much.
 * @param shares of each server @param weights as many; what is fair goes by them
 */
export function excess(shares: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Math.max(...shares.map((share, i) => (share * total) / weights[i]));
}
