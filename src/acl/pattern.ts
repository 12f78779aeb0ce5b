import { matchesGlobIn } from '../protocol/redis/replies/glob.ts';

const SPECIAL = /[*?[\\]/;

/** A glob of a rule, ready to be compared with bytes where they are. */
export class Pattern {
  /** One character per byte. */
  readonly text: string;
  /** Bits of access.ts that it grants; of no meaning for channels. */
  access: number;
  readonly #bytes: Buffer;
  /** What a text must begin with, if that is all; its length, or -1. */
  readonly #prefix: number;
  /** Only this text fits. */
  readonly exact: boolean;
  /** The text that fits, or the beginning of all that do; null = none is known, or it is empty. */
  readonly literal: Buffer | null;

  constructor(text: string, access: number) {
    this.text = text;
    this.access = access;
    this.#bytes = Buffer.from(text, 'latin1');
    const head = text.slice(0, -1);
    this.exact = !SPECIAL.test(text);
    this.#prefix = text.endsWith('*') && !SPECIAL.test(head) ? head.length : -1;
    const length = this.exact ? text.length : this.#prefix;
    this.literal = length > 0 ? this.#bytes.subarray(0, length) : null;
  }

  /** Whether the bytes in [start, start + length) have its form. */
  matches(bytes: Uint8Array, start: number, length: number): boolean {
    const own = this.#bytes;
    const same = this.exact ? own.length : this.#prefix;
    if (same < 0) return matchesGlobIn(own, bytes, start, start + length, false);
    // Redis does not look at a pattern when there is no text.
    if (this.exact ? length !== same : length < same || length === 0) return false;
    for (let i = 0; i < same; i++) if (own[i] !== bytes[start + i]) return false;
    return true;
  }

  /** Whether its literal stands behind the bytes in [start, start + length) in their order. */
  isBehind(bytes: Uint8Array, start: number, length: number): boolean {
    const own = this.literal as Buffer;
    const most = Math.min(own.length, length);
    for (let i = 0; i < most; i++) {
      if (own[i] !== bytes[start + i]) return own[i] > bytes[start + i];
    }
    return own.length > length;
  }

  /** Whether the bytes are those of the pattern itself, up to a NUL. */
  isWritten(bytes: Uint8Array, start: number, length: number): boolean {
    const own = this.#bytes;
    for (let i = 0; ; i++) {
      const here = i < length ? bytes[start + i] : 0;
      if (here !== (own[i] ?? 0)) return false;
      if (here === 0) return true;
    }
  }
}
