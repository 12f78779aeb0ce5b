import { encodeRequest } from '../../../../protocol/redis/replies/encode.ts';
import { bulkOf, listOf } from '../../../../protocol/redis/replies/reply-parts.ts';
import type { CommandSpec } from '../../../../protocol/redis/table/commands.ts';
import { keyWords } from '../../../../protocol/redis/table/key-words.ts';

/** Longer than any wait that is told from one without end: 24 days. */
const LONGEST_MS = 0x7fffffff;
/** What a server takes for a number in other ways too, it is asked to wait for by itself. */
const PLAIN_NUMBER = /^[0-9]{1,10}(\.[0-9]{1,10})?$/;

/** How long a request may block. */
export interface BlockTime {
  /** How long its server may take, in milliseconds; Infinity = for ever, or as long as it likes. */
  readonly patience: number;
  /** How long it lasts, as far as anybody can tell; Infinity = for ever. */
  readonly lasts: number;
}

/** @param text of a timeout, which its server judges @param unit milliseconds */
export function blockTime(text: string, unit: number): BlockTime {
  const value = Math.ceil(Number(text) * unit);
  const lasts = value > 0 && value <= LONGEST_MS ? value : Infinity;
  return { patience: PLAIN_NUMBER.test(text) ? lasts : Infinity, lasts };
}

/** The words of a request that was kept, which is an array of bulks. */
export function wordsOfKept(request: Buffer): Buffer[] {
  return listOf(request, bulkOf) ?? [];
}

/**
 * A request that has blocked for a while and goes on elsewhere.
 * @param left milliseconds @returns it, with that as its time
 */
export function withTimeLeft(request: Buffer, spec: CommandSpec, left: number): Buffer {
  const words = wordsOfKept(request);
  if (left === Infinity || words.length === 0) return request;
  if (spec.timeout !== 'none') {
    const at = spec.timeout === 'first' ? 1 : words.length - 1;
    words[at] = Buffer.from((left / 1000).toFixed(3));
  } else {
    const { block } = keyWords(spec, words.length, (index) => words[index].toString('latin1'));
    words[block] = Buffer.from(String(left));
  }
  return encodeRequest(words);
}
