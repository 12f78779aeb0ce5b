const BULK = 0x24; // '$'
const CR = 0x0d;
const LINE_END_BYTES = 2;
/** More digits than any length has. */
const MOST_DIGITS = 10;

/**
 * Bytes of the bulk string reply that begins in [start, end), its head and end among them; -1 when
 * it is none, or its head is not all there.
 */
export function bulkReplyBytes(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== BULK) return -1;
  let size = 0;
  let at = start + 1;
  for (; at < end && at - start <= MOST_DIGITS; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) break;
    size = size * 10 + digit;
  }
  if (at === start + 1 || at >= end || bytes[at] !== CR) return -1;
  return at - start + LINE_END_BYTES + size + LINE_END_BYTES;
}
