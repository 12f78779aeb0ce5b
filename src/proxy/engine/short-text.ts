// Short texts, written byte by byte: for a dozen bytes a call into Node costs more than the copy.

const ZERO = 0x30;

/** How many digits `value` has. @param value a whole number, at least 0 */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

/** Writes `value` in decimal at `at`. @returns where it ends */
export function writeDecimal(into: Uint8Array, at: number, value: number): number {
  const end = at + digitsOf(value);
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const quotient = Math.floor(rest / 10);
    into[i] = ZERO + (rest - quotient * 10);
    rest = quotient;
  }
  return end;
}

/** Writes `text` at `at`. @returns where it ends */
export function writeBytes(into: Uint8Array, at: number, text: Uint8Array): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text[i];
  return at + text.length;
}
