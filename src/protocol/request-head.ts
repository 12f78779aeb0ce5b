import { SLOW_KEY_BYTES } from '../limits.ts';

/** What the first bytes of a request tell. */
export interface RequestHead {
  /** In upper case. */
  readonly command: string;
  /** As far as the head reaches, cut to SLOW_KEY_BYTES; null when it has none, or it is behind. */
  readonly key: string | null;
  /** Words of the request. */
  readonly words: number;
}

/** The head of a request that is a line of words, as memcached's and Redis's inline ones. */
export function lineHead(head: Buffer): RequestHead {
  const line = head.toString('latin1').split('\r\n', 1)[0];
  const words = line.trim().split(/[ \t]+/);
  const key = words.length > 1 ? words[1].slice(0, SLOW_KEY_BYTES) : null;
  return { command: words[0].slice(0, SLOW_KEY_BYTES).toUpperCase(), key, words: words.length };
}
