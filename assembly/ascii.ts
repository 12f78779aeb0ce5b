// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// Bytes, numbers and line ends, shared by the scanners.

import { findBlank16, findByte16 } from './ascii.simd';
import { LIMIT_HEADER_BYTES } from './layout';

export const CR: u32 = 0x0d;
export const LF: u32 = 0x0a;
export const CRLF: u32 = 0x0a0d; // as a little-endian u16

// What readNumber returns instead of a number; no number it accepts comes near these.
export const LINE_PARTIAL: i64 = -0x10000000000;
export const LINE_TOO_LONG: i64 = -0x10000000001;
export const LINE_BROKEN: i64 = -0x10000000002; // CR not followed by LF
export const LINE_NOT_A_NUMBER: i64 = -0x10000000003;

const LOW_BITS: u64 = 0x0101010101010101;
const HIGH_BITS: u64 = 0x8080808080808080;
const DIGITS_MAX: u32 = 10; // enough for every limit, and never near overflow

/** Address behind the line that readNumber or shortNumber read last. */
export let lineEnd: u32 = 0;

/**
 * Reads "<type>NNN\r\n" at `line` as strictly as Redis: optional minus, no plus, no leading zero.
 * On success lineEnd is the address behind the line.
 */
export function readNumber(line: u32, end: u32): i64 {
  const stop = min<u32>(end, line + LIMIT_HEADER_BYTES - 1);
  let pos = line + 1;
  while (pos < stop && <u32>load<u8>(pos) !== CR) pos++;
  if (pos >= stop) return stop - line < LIMIT_HEADER_BYTES - 1 ? LINE_PARTIAL : LINE_TOO_LONG;
  if (pos + 1 === end) return LINE_PARTIAL;
  if (<u32>load<u8>(pos + 1) !== LF) return LINE_BROKEN;
  lineEnd = pos + 2;

  let digits = line + 1;
  const negative = load<u8>(digits) === 0x2d;
  if (negative) digits++;
  const count = pos - digits;
  if (count === 0 || count > DIGITS_MAX) return LINE_NOT_A_NUMBER;
  if (load<u8>(digits) === 0x30 && (negative || count > 1)) return LINE_NOT_A_NUMBER;
  let value: i64 = 0;
  for (; digits < pos; digits++) {
    const digit = <u32>load<u8>(digits) - 0x30;
    if (digit > 9) return LINE_NOT_A_NUMBER;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/**
 * The same for the common case: 1 to 6 digits and bytes to spare. Returns the number times 16 plus
 * the length of the line, or 0 when readNumber has to look.
 */
export function shortNumber(line: u32, end: u32): u32 {
  if (end - line < 10) return 0;
  const word = load<u32>(line + 1);
  const first = (word & 0xff) - 0x30;
  if (first > 9) return 0;
  if ((word & 0x00ffff00) === CRLF << 8) return (first << 4) | 4;
  if (first === 0) return 0;
  const second = ((word >>> 8) & 0xff) - 0x30;
  if (second > 9) return 0;
  let value = first * 10 + second;
  if (word >>> 16 === CRLF) return (value << 4) | 5;
  let pos = line + 3;
  while (pos < line + 7) {
    const digit = <u32>load<u8>(pos) - 0x30;
    if (digit > 9) break;
    value = value * 10 + digit;
    pos++;
  }
  return <u32>load<u16>(pos) === CRLF ? (value << 4) | (pos + 2 - line) : 0;
}

/** Address of the first `byte` in [pos, end), or `end`. */
export function findByte(pos: u32, end: u32, byte: u32): u32 {
  if (ASC_FEATURE_SIMD) return findByte16(pos, end, byte);
  const pattern = LOW_BITS * byte;
  while (end - pos >= 8) {
    const word = load<u64>(pos) ^ pattern;
    // The lowest set bit is exact; only bits above a true match can be false.
    const zero = (word - LOW_BITS) & ~word & HIGH_BITS;
    if (zero !== 0) return pos + <u32>(ctz(zero) >>> 3);
    pos += 8;
  }
  while (pos < end && <u32>load<u8>(pos) !== byte) pos++;
  return pos;
}

/** Address of the first byte in [pos, end) that is a blank or below, or `end`. */
export function findBlank(pos: u32, end: u32): u32 {
  if (ASC_FEATURE_SIMD) return findBlank16(pos, end);
  while (end - pos >= 8) {
    const word = load<u64>(pos);
    const low = (word - LOW_BITS * 0x21) & ~word & HIGH_BITS; // the lowest set bit is exact
    if (low !== 0) return pos + <u32>(ctz(low) >>> 3);
    pos += 8;
  }
  while (pos < end && load<u8>(pos) > 0x20) pos++;
  return pos;
}

/** As findBlank, for words that may hold any bytes but a blank, CR and LF. */
export function findWordEnd(pos: u32, end: u32): u32 {
  while (true) {
    pos = findBlank(pos, end);
    if (pos === end) return pos;
    const byte = <u32>load<u8>(pos);
    if (byte === 0x20 || byte === CR || byte === LF) return pos;
    pos++;
  }
}

/** ASCII letters of eight bytes to upper case; other bytes, also those above 0x7f, stay. */
export function toUpper8(word: u64): u64 {
  const low = word & ~HIGH_BITS;
  const fromA = low + LOW_BITS * (0x80 - 0x61);
  const afterZ = low + LOW_BITS * (0x7f - 0x7a);
  return word ^ ((~word & (fromA ^ afterZ) & HIGH_BITS) >> 2);
}
