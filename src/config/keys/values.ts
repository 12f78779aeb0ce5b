import { withoutPassword } from '../file/secrets.ts';
import type { KeySpec } from './key-spec.ts';

/**
 * nutcracker's number: ASCII digits only, 32-bit signed arithmetic that wraps. Null where it says
 * "not a number", which a negative result of the wrapping is as well.
 */
export function wrappingNumber(text: string): number | null {
  if (!/^[0-9]+$/.test(text)) return null;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    value = (Math.imul(value, 10) + (text.charCodeAt(i) - 48)) | 0;
  }
  return value < 0 ? null : value;
}

export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** A value as a problem shows it. */
export function quote(text: string): string {
  return JSON.stringify(withoutPassword(text));
}

/** A number in the range of its key; nutcracker's keys wrap as they do there. */
export function parseNumber(spec: KeySpec, text: string): Parsed<number> {
  const [min, max] = spec.range!;
  const expected = `expected a number from ${min} to ${max}${spec.unit ? ` (${spec.unit})` : ''}`;
  const digits = /^[0-9]+$/.test(text);
  // ringway's own keys have no old files to honour, so they do not wrap.
  const value = spec.since === 'nutcracker' ? wrappingNumber(text) : digits ? Number(text) : null;
  if (value === null) {
    const what = digits ? 'is too large' : 'is not a number of plain digits';
    return { problem: `${quote(text)} ${what}; ${expected}` };
  }
  if (value < min || value > max) return { problem: `${text} is out of range; ${expected}` };
  return { value };
}

/** `true` or `false`, as nutcracker takes them. */
export function parseBool(text: string): Parsed<boolean> {
  if (text === 'true') return { value: true };
  if (text === 'false') return { value: false };
  return { problem: `${quote(text)} is not a boolean; expected true or false` };
}

/** The two characters of `hash_tag`, of one byte each. */
export function parseTwoBytes(text: string): Parsed<readonly [number, number]> {
  const bytes = Buffer.from(text);
  if (bytes.length === 2) return { value: [bytes[0]!, bytes[1]!] };
  return { problem: `${quote(text)} has ${bytes.length} bytes; expected exactly two, like "{}"` };
}
