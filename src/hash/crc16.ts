// CRC-16/XMODEM, polynomial 0x1021, one entry per byte value.
const TABLE = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  let h = i << 8;
  for (let bit = 0; bit < 8; bit++) h = h & 0x8000 ? (h << 1) ^ 0x1021 : h << 1;
  TABLE[i] = h & 0xffff;
}

/**
 * CRC-16 as twemproxy has it: the state is never masked to 16 bits, so keys of more than two bytes
 * give a 32-bit number.
 */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let h = 0;
  for (let i = start; i < end; i++) h = (h << 8) ^ TABLE[((h >>> 8) ^ bytes[i]) & 0xff];
  return h >>> 0;
}
