const MINUS = 0x2d;
const ZERO = 0x30;
/** The most digits that a 64-bit integer has. */
const MOST_DIGITS = 19;
const MOST_SAFE_DIGITS = 15;
const MIN = -(1n << 63n);
const MAX = (1n << 63n) - 1n;
const MAX_UNSIGNED = (1n << 64n) - 1n;
const UNSIGNED = /^[0-9]{1,20}$/;
/** Redis takes no leading zeros, no plus and no minus zero in a request. */
const WORD = /^(?:0|-?[1-9][0-9]{0,18})$/;

/**
 * The integer that the text [start, end) is, as far as a double holds every one: -10^15 to 10^15.
 * @returns NaN for any other text
 */
export function readSmallInteger(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (end <= first || end - first > MOST_SAFE_DIGITS) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return first === start ? value : -value;
}

/** The signed 64-bit integer that the text [start, end) is; null for any other text. */
export function readInteger(bytes: Buffer, start: number, end: number): bigint | null {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (end <= first || end - first > MOST_DIGITS) return null;
  for (let at = first; at < end; at++) {
    if (bytes[at] < ZERO || bytes[at] > ZERO + 9) return null;
  }
  const value = BigInt(bytes.toString('latin1', start, end));
  return value < MIN || value > MAX ? null : value;
}

/** Whether Redis takes the word of a request for an integer of at most so many digits. */
export function isIntegerWord(text: string, digits: number = MOST_DIGITS): boolean {
  return text.length <= digits + (text.startsWith('-') ? 1 : 0) && WORD.test(text);
}

/** The unsigned 64-bit integer that the text is, as SCAN's cursors are; null for any other. */
export function parseUnsigned(text: string): bigint | null {
  if (!UNSIGNED.test(text)) return null;
  const value = BigInt(text);
  return value > MAX_UNSIGNED ? null : value;
}
