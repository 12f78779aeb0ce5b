/**
 * SuperFastHash as twemproxy has it: it starts from 0 instead of the length, and only the third
 * byte of a three-byte rest is sign-extended.
 */
export function hsieh(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  let h = 0;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    h = (h + (bytes[i] | (bytes[i + 1] << 8))) | 0;
    h = (h << 16) ^ (((bytes[i + 2] | (bytes[i + 3] << 8)) << 11) ^ h);
    h = (h + (h >>> 11)) | 0;
  }
  const rest = end - i;
  if (rest === 3) {
    h = (h + (bytes[i] | (bytes[i + 1] << 8))) | 0;
    h ^= h << 16;
    h ^= ((bytes[i + 2] << 24) >> 24) << 18;
    h = (h + (h >>> 11)) | 0;
  } else if (rest === 2) {
    h = (h + (bytes[i] | (bytes[i + 1] << 8))) | 0;
    h ^= h << 11;
    h = (h + (h >>> 17)) | 0;
  } else if (rest === 1) {
    h = (h + bytes[i]) | 0;
    h ^= h << 10;
    h = (h + (h >>> 1)) | 0;
  }
  h ^= h << 3;
  h = (h + (h >>> 5)) | 0;
  h ^= h << 4;
  h = (h + (h >>> 17)) | 0;
  h ^= h << 25;
  return (h + (h >>> 6)) >>> 0;
}
