// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// The tag of a key in a Redis Cluster: what is between its first `{` and the next `}`, if anything.

export const OPEN: u32 = 0x7b; // '{'
export const CLOSE: u32 = 0x7d; // '}'
const ONES: u64 = 0x0101010101010101;
const HIGHS: u64 = 0x8080808080808080;
const OPENS: u64 = 0x7b7b7b7b7b7b7b7b;

/** What is hashed of the key at [start, start + length): its address, and its length above it. */
export function tagged(start: u32, length: u32): u64 {
  const end = start + length;
  let pos = start;
  for (; pos + 8 <= end; pos += 8) {
    const eight = load<u64>(pos) ^ OPENS;
    if (((eight - ONES) & ~eight & HIGHS) !== 0) break;
  }
  while (pos < end && <u32>load<u8>(pos) !== OPEN) pos++;
  if (pos < end) {
    const open = pos + 1;
    let close = open;
    while (close < end && <u32>load<u8>(close) !== CLOSE) close++;
    if (close < end && close > open) return ((<u64>(close - open)) << 32) | open;
  }
  return ((<u64>length) << 32) | start;
}
