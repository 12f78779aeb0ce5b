/** What a server tells of keys, in RESP3: `>2 invalidate` and the keys, or null for all of them. */
const HEAD = Buffer.from('>2\r\n$10\r\ninvalidate\r\n');
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const NINE = 0x39;
const CR = 0x0d;
const LF = 0x0a;
const DIGITS = 9;

/** All keys are meant. */
export const ALL_KEYS = 'all';
/** Which keys, as bytes. */
export type Keys = readonly Buffer[] | typeof ALL_KEYS;

/** Reads lengths and bulks, and no byte beyond the end. */
class Cursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#end = end;
    this.at = start;
  }

  get atEnd(): boolean {
    return this.at === this.#end;
  }

  /** @returns -1 when no line of this type with a number stands here */
  length(type: number): number {
    const bytes = this.#bytes;
    if (this.at >= this.#end || bytes[this.at] !== type) return -1;
    const from = this.at + 1;
    let at = from;
    let value = 0;
    for (; at < this.#end && bytes[at] >= ZERO && bytes[at] <= NINE; at++) {
      if (at - from === DIGITS) return -1;
      value = value * 10 + (bytes[at] - ZERO);
    }
    if (at === from || at + 2 > this.#end || bytes[at] !== CR || bytes[at + 1] !== LF) return -1;
    this.at = at + 2;
    return value;
  }

  /** @returns a copy; null when no bulk stands here */
  bulk(): Buffer | null {
    const length = this.length(DOLLAR);
    const end = this.at + length;
    if (length < 0 || end + 2 > this.#end) return null;
    if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== LF) return null;
    const bulk = Buffer.from(this.#bytes.subarray(this.at, end));
    this.at = end + 2;
    return bulk;
  }
}

/**
 * Reads the push at [start, end) of `bytes`.
 * @returns null when it tells of no keys; all keys when it does not make sense
 */
export function keysOfPush(bytes: Buffer, start: number, end: number): Keys | null {
  const head = start + HEAD.length;
  if (end < head || HEAD.compare(bytes, start, head) !== 0) return null;
  const cursor = new Cursor(bytes, head, end);
  const count = cursor.length(STAR);
  const keys: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const key = cursor.bulk();
    if (key === null) return ALL_KEYS;
    keys.push(key);
  }
  return count < 0 || !cursor.atEnd ? ALL_KEYS : keys;
}
