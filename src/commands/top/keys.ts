import { KEY_REST_MS } from '../../limits.ts';

/** Keys that were pressed together: some are more than one character, arrows among them. */
const KEY = /\p{Cc}\[[0-?]*[ -/]*[@-~]|\p{Cc}O.|\p{Cc}|./gsu;
/** What such a key may begin with, at the end of what has come; by itself it is Escape. */
const BEGUN = /\p{Cc}(\[[0-?]*[ -/]*|O)?$/u;
const ESCAPE = '\x1b';
/** Longer than what any key sends. */
const BEGUN_LENGTH = 32;

/**
 * Keys out of what a terminal sends, which may be cut anywhere: what looks like the beginning of a
 * key is kept for a moment, in which the rest of it comes if there is one.
 */
export class KeyReader {
  readonly #onKey: (key: string) => void;
  #begun = '';
  #timer: NodeJS.Timeout | null = null;

  constructor(onKey: (key: string) => void) {
    this.#onKey = onKey;
  }

  push(text: string): void {
    this.stop();
    const all = this.#begun + text;
    const begun = BEGUN.exec(all)?.[0] ?? '';
    const isKept = begun.startsWith(ESCAPE) && begun.length <= BEGUN_LENGTH;
    this.#begun = isKept ? begun : '';
    if (isKept) this.#timer = setTimeout(() => this.#end(), KEY_REST_MS);
    this.#tell(isKept ? all.slice(0, -begun.length) : all);
  }

  /** Nothing came behind it. */
  #end(): void {
    const begun = this.#begun;
    this.#begun = '';
    this.#tell(begun);
  }

  #tell(text: string): void {
    for (const [key] of text.matchAll(KEY)) this.#onKey(key);
  }

  /** What is begun does not end by itself. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
