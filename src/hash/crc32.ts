// Reflected CRC-32, polynomial 0xedb88320, one entry per byte value.
const TABLE = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  let h = i;
  for (let bit = 0; bit < 8; bit++) h = h & 1 ? (h >>> 1) ^ 0xedb88320 : h >>> 1;
  TABLE[i] = h;
}

/** Standard CRC-32, all 32 bits. */
export function crc32a(bytes: Uint8Array, start: number, end: number): number {
  let h = -1;
  for (let i = start; i < end; i++) h = (h >>> 8) ^ TABLE[(h ^ bytes[i]) & 0xff];
  return ~h >>> 0;
}

/** twemproxy's "crc32", as libmemcached has it: only 15 bits of the CRC. */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  return (crc32a(bytes, start, end) >>> 16) & 0x7fff;
}
