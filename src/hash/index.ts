import { crc16 } from './crc16.ts';
import { crc32, crc32a } from './crc32.ts';
import { fnv1_32, fnv1_64, fnv1a_32, fnv1a_64 } from './fnv.ts';
import { hsieh } from './hsieh.ts';
import { jenkins } from './jenkins.ts';
import { md5 } from './md5.ts';
import { murmur } from './murmur.ts';
import { HASH_NAMES, type HashName } from './names.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Hashes bytes [start, end) to an unsigned 32-bit number. */
export type Hash = (bytes: Uint8Array, start: number, end: number) => number;

export { HASH_NAMES, type HashName } from './names.ts';

const HASHES: Readonly<Record<HashName, Hash>> = {
  one_at_a_time: oneAtATime,
  md5,
  crc16,
  crc32,
  crc32a,
  fnv1_64,
  fnv1a_64,
  fnv1_32,
  fnv1a_32,
  hsieh,
  murmur,
  jenkins,
};

const BY_INDEX: readonly Hash[] = HASH_NAMES.map((name) => HASHES[name]);

/** The hash at a position of HASH_NAMES. */
export function hashByIndex(index: number): Hash {
  return BY_INDEX[index];
}

/** The hash of that name. */
export function hashByName(name: HashName): Hash {
  return HASHES[name];
}
