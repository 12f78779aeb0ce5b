import { createHash } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { createCRC32, createMD5 } from 'hash-wasm';
import Murmur3 from 'imurmurhash';
import xxhash from 'xxhash-wasm';
import { HASH_NAMES, type HashName } from '../../src/hash/index.ts';
import { keysOfLength } from '../corpus.ts';
import { hashCase } from '../micro/hash-cases.ts';
import type { Case, Task } from '../micro/measure.ts';
import { type Subject, unshared } from '../micro/subjects.ts';

type HashOf = (key: Uint8Array) => unknown;

/** Hashes of other packages, by the hash of ringway that they stand beside. */
const LIBRARIES: Readonly<Record<string, readonly (readonly [string, () => Promise<HashOf>])[]>> = {
  md5: [
    ['node:crypto', async () => (key) => createHash('md5').update(key).digest()],
    [
      'hash-wasm',
      async () => {
        const md5 = await createMD5();
        return (key) => md5.init().update(key).digest('binary');
      },
    ],
  ],
  crc32a: [
    // Node 20.15 and 22.2 have it.
    ...(zlibCrc32 === undefined
      ? []
      : ([['node:zlib', async () => (key: Uint8Array) => zlibCrc32(key)]] as const)),
    [
      'hash-wasm',
      async () => {
        const crc32 = await createCRC32();
        return (key) => crc32.init().update(key).digest('binary');
      },
    ],
  ],
  murmur: [
    [
      'imurmurhash (murmur3, of a string)',
      async () => (key) =>
        Murmur3(Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')).result(),
    ],
    [
      'xxhash-wasm (xxh32)',
      async () => {
        const { h32Raw } = await xxhash();
        return (key) => h32Raw(key);
      },
    ],
  ],
};

export const COMPARED_HASHES = Object.keys(LIBRARIES);

/** One hash at one length: ringway's, and what packages offer for it. */
export async function libraryCase(
  hash: string,
  length: number,
  list: readonly Subject[],
): Promise<Case> {
  const kind = HASH_NAMES.indexOf(hash as HashName);
  const own = hashCase(hash, kind, length, list);
  const bytes = keysOfLength(length, own.items);
  const keys = Array.from({ length: own.items }, (_, i) =>
    bytes.subarray(i * length, (i + 1) * length),
  );
  const others: Task[] = [];
  for (const [codec, load] of LIBRARIES[hash]) {
    const hashOf = await load();
    const loop = unshared((one: HashOf, all: readonly Uint8Array[]) => {
      for (let i = 0; i < all.length; i++) one(all[i]);
    });
    others.push({ codec, before: () => {}, run: () => loop(hashOf, keys) });
  }
  return { ...own, name: `hash-of-others/${hash}/${length}`, tasks: [...own.tasks, ...others] };
}
