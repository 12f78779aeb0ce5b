const STAR = 0x2a; // '*'
const QUESTION = 0x3f; // '?'
const OPEN = 0x5b; // '['
const CLOSE = 0x5d; // ']'
const CARET = 0x5e; // '^'
const DASH = 0x2d; // '-'
const BACKSLASH = 0x5c;

/** In the order of C's signed characters, which Redis compares. */
function signed(byte: number): number {
  return (byte << 24) >> 24;
}

/** Of ASCII letters; others stay as they are. */
function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function fold(byte: number, ignoreCase: boolean): number {
  return ignoreCase ? lower(byte) : byte;
}

function inRange(from: number, to: number, byte: number, ignoreCase: boolean): boolean {
  let [low, high] = [signed(from), signed(to)];
  // Redis takes a range that is written the wrong way round the other way.
  if (low > high) [low, high] = [high, low];
  const value = signed(fold(byte, ignoreCase));
  return (
    value >= signed(fold(low & 0xff, ignoreCase)) && value <= signed(fold(high & 0xff, ignoreCase))
  );
}

/**
 * One set, `[` at `at`. A set that is not closed ends with the pattern.
 * @returns the position behind it when it holds `byte`, else -1
 */
function matchSet(pattern: Uint8Array, at: number, byte: number, ignoreCase: boolean): number {
  const { length } = pattern;
  let i = at + 1;
  const not = pattern[i] === CARET;
  if (not) i++;
  let found = false;
  for (; i < length && pattern[i] !== CLOSE; i++) {
    if (pattern[i] === BACKSLASH && i + 1 < length) {
      // An escaped character is compared as it is, whatever the case.
      if (pattern[++i] === byte) found = true;
    } else if (pattern[i + 1] === DASH && i + 2 < length) {
      if (inRange(pattern[i], pattern[i + 2], byte, ignoreCase)) found = true;
      i += 2;
    } else if (fold(pattern[i], ignoreCase) === fold(byte, ignoreCase)) {
      found = true;
    }
  }
  if (found === not) return -1;
  return Math.min(i + 1, length);
}

/** @returns the position behind the element at `at` when it stands for `byte`, else -1 */
function matchOne(pattern: Uint8Array, at: number, byte: number, ignoreCase: boolean): number {
  const element = pattern[at];
  if (element === QUESTION) return at + 1;
  if (element === OPEN) return matchSet(pattern, at, byte, ignoreCase);
  const literal = element === BACKSLASH && at + 1 < pattern.length ? at + 1 : at;
  return fold(pattern[literal], ignoreCase) === fold(byte, ignoreCase) ? literal + 1 : -1;
}

/**
 * Whether `text` has the form of `pattern`: Redis's globs, with `*`, `?`, sets and backslashes.
 * Only the last star is ever tried again, so it takes at most text times pattern steps.
 */
export function matchesGlob(pattern: Uint8Array, text: Uint8Array, ignoreCase: boolean): boolean {
  return matchesGlobIn(pattern, text, 0, text.length, ignoreCase);
}

/** matchesGlob() of the bytes in [start, end). */
export function matchesGlobIn(
  pattern: Uint8Array,
  text: Uint8Array,
  start: number,
  end: number,
  ignoreCase: boolean,
): boolean {
  // Redis does not look at a pattern when there is no text, not even at `*`.
  if (start === end) return pattern.length === 0;
  let at = 0;
  let behindStar = -1;
  let starEnd = start;
  for (let i = start; i < end; ) {
    if (pattern[at] === STAR) {
      while (pattern[at] === STAR) at++;
      if (at === pattern.length) return true;
      behindStar = at;
      starEnd = i;
      continue;
    }
    const next = at < pattern.length ? matchOne(pattern, at, text[i], ignoreCase) : -1;
    if (next >= 0) {
      at = next;
      i++;
    } else if (behindStar < 0) {
      return false;
    } else {
      at = behindStar;
      i = ++starEnd;
    }
  }
  while (pattern[at] === STAR) at++;
  return at === pattern.length;
}
