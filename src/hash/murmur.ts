const M = 0x5bd1e995;
const SEED = 0xdeadbeef;

/** MurmurHash2; the seed is 0xdeadbeef times the length. */
export function murmur(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let h = Math.imul(SEED, length) ^ length;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    const k = Math.imul(word, M);
    h = Math.imul(h, M) ^ Math.imul(k ^ (k >>> 24), M);
  }
  const rest = end - i;
  if (rest !== 0) {
    if (rest === 3) h ^= bytes[i + 2] << 16;
    if (rest >= 2) h ^= bytes[i + 1] << 8;
    h = Math.imul(h ^ bytes[i], M);
  }
  h = Math.imul(h ^ (h >>> 13), M);
  return (h ^ (h >>> 15)) >>> 0;
}
