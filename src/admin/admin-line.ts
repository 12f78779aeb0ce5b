import { RingwayError } from '../errors.ts';

/** A word as it is, or a string of JSON: names may have blanks and quotes in them. */
const WORDS = /"(?:[^"\\]|\\.)*"(?!\S)|\S+/g;
const PLAIN = /^[^\s"]+$/;
const QUOTE = '"';

/** The line that says these words to an admin socket. */
export function adminLine(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : JSON.stringify(word))).join(' ');
}

/** @throws RingwayError RINGWAY_USAGE for quotes around what is no string of JSON */
export function adminWords(line: string): string[] {
  return (line.match(WORDS) ?? ['']).map((word) => (word.startsWith(QUOTE) ? quoted(word) : word));
}

function quoted(word: string): string {
  try {
    return JSON.parse(word) as string;
  } catch {
    throw new RingwayError('RINGWAY_USAGE', `${word} is no word; expected a string of JSON`);
  }
}
