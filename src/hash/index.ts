import { crc16 } from './crc16.ts';
import { crc32, crc32a } from './crc32.ts';
import { fnv1_32, fnv1_64, fnv1a_32, fnv1a_64 } from './fnv.ts';
import { hsieh } from './hsieh.ts';
import { jenkins } from './jenkins.ts';
import { md5 } from './md5.ts';
import { murmur } from './murmur.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Hashes bytes [start, end) to an unsigned 32-bit number. */
export type Hash = (bytes: Uint8Array, start: number, end: number) => number;

/** The values of `hash:`; the position is the pool descriptor's POOL_HASH. */
export const HASH_NAMES = [
  'one_at_a_time',
  'md5',
  'crc16',
  'crc32',
  'crc32a',
  'fnv1_64',
  'fnv1a_64',
  'fnv1_32',
  'fnv1a_32',
  'hsieh',
  'murmur',
  'jenkins',
] as const;

export type HashName = (typeof HASH_NAMES)[number];

const HASHES: readonly Hash[] = [
  oneAtATime,
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
];

/** The hash at a position of HASH_NAMES. */
export function hashByIndex(index: number): Hash {
  return HASHES[index];
}

/** The hash of that name. */
export function hashByName(name: HashName): Hash {
  return HASHES[HASH_NAMES.indexOf(name)];
}
