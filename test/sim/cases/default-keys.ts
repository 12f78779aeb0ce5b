import { POOL_KEYS } from '../../../src/config/index.ts';
import type { PoolKeys } from './case.ts';

/** What a pool has of a number, whether its configuration says it or not. */
export function numberOf(keys: PoolKeys, name: string): number {
  const usual = POOL_KEYS.find((key) => key.name === name)?.default;
  if (typeof usual !== 'number') throw new Error(`${name} is no number with a default`);
  return Number(keys[name] ?? usual);
}
