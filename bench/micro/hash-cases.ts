import { HASH_NAMES } from '../../src/hash/index.ts';
import { keysOfLength } from '../corpus.ts';
import type { Case } from './measure.ts';
import { FREE, type Subject } from './subjects.ts';

export const KEY_LENGTHS = [4, 8, 16, 23, 32, 64, 128, 256];
/** Keys per call of a task. */
const KEYS = 1024;

/** Each hash at each length of key. */
export function hashCases(list: readonly Subject[]): Case[] {
  return HASH_NAMES.flatMap((hash, kind) =>
    KEY_LENGTHS.map((length) => hashCase(hash, kind, length, list)),
  );
}

export function hashCase(
  hash: string,
  kind: number,
  length: number,
  list: readonly Subject[],
): Case {
  const keys = keysOfLength(length, KEYS);
  const tasks = list.map(({ name, codec, hashLoop }) => {
    const loop = hashLoop(kind);
    return {
      codec: name,
      before: () => codec.arena.bytes.set(keys, FREE),
      run: () => void loop(FREE, KEYS, length),
    };
  });
  return { name: `hash/${hash}/${length}`, items: KEYS, bytes: keys.length, tasks };
}
