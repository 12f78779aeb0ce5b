/** The words of a request, for whoever judges it: where they are, and what they say. */
export interface RequestWords {
  /** With the name. */
  readonly count: number;
  readonly bytes: Uint8Array;
  /** Where a word begins in `bytes`; until the next call. */
  startOf(index: number): number;
  lengthOf(index: number): number;
  /** One character per byte. */
  text(index: number): string;
}

/** A word as C's strcasecmp() reads it: up to a NUL, in lower case. */
export function lowerWord(words: RequestWords, index: number): string {
  const text = words.text(index);
  const end = text.indexOf('\0');
  return (end < 0 ? text : text.slice(0, end)).toLowerCase();
}
