import {
  type LabelledCodec,
  TEST_POOL,
  TEST_POOL_SLOTS,
  TEST_POOL_TAG,
} from '../support/codec-all.ts';
import { type Direction, type Outcome, replay, twoChunks } from '../support/codec-replay.ts';

export const RINGS = { plain: TEST_POOL, tag: TEST_POOL_TAG, slots: TEST_POOL_SLOTS } as const;

/** One input of a scanner and how it arrives: what a regression keeps. */
export interface ScannerCase {
  readonly direction: Direction;
  /** latin1. */
  readonly input: string;
  /** Sizes of the chunks; what is left over is the last. */
  readonly chunks: readonly number[];
  /** A bit per scan (modulo 16): whether the finished part of a large frame is taken away. */
  readonly detach: number;
  /** Records per call. */
  readonly limit: number;
  /** What keys are routed by. */
  readonly ring: keyof typeof RINGS;
}

function cut(input: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= input.length) break;
    chunks.push(input.subarray(at, at + size));
    at += size;
  }
  if (at < input.length) chunks.push(input.subarray(at));
  return chunks;
}

/**
 * Runs a case through every codec, as its chunks say and whole; with `everySplit` also cut in two at
 * every byte. All must tell the same.
 * @returns the outcome, for coverage
 * @throws Error that says who differs
 */
export function runScannerCase(
  codecs: readonly LabelledCodec[],
  each: ScannerCase,
  everySplit: boolean,
): Outcome {
  const input = Buffer.from(each.input, 'latin1');
  const chunks = cut(input, each.chunks);
  const pool = RINGS[each.ring];
  const detach = (scan: number): boolean => ((each.detach >>> (scan & 15)) & 1) === 1;
  const { direction, limit } = each;
  const options = { detach, limit, pool };
  const first = replay(codecs[0].codec, direction, chunks, options);
  for (const { label, codec } of codecs.slice(1)) {
    const other = replay(codec, direction, chunks, options);
    if (other.log !== first.log) throw new Error(`${label} differs from ${codecs[0].label}`);
  }
  const whole = replay(codecs[0].codec, direction, [input], { pool });
  compare(whole, first, 'the chunks');
  if (everySplit) {
    for (const { label, codec } of codecs) {
      let at = 0;
      for (const two of twoChunks(input, 200)) {
        compare(whole, replay(codec, direction, two, { pool }), `${label}, split ${++at}`);
      }
    }
  }
  return whole;
}

function compare(whole: Outcome, other: Outcome, what: string): void {
  const same =
    other.status === whole.status &&
    other.error === whole.error &&
    other.frames.length === whole.frames.length &&
    JSON.stringify(other.frames) === JSON.stringify(whole.frames);
  if (!same) throw new Error(`${what}: other frames than the whole input`);
}

/** What a case reached, in few words: inputs that reach something new are worth keeping. */
export function reached(direction: Direction, outcome: Outcome): string[] {
  const words = [`${direction} ${outcome.status} ${outcome.error} ${outcome.errorByte >>> 5}`];
  let before = 0;
  for (const { info, count, server, keyLength } of outcome.frames) {
    const size = Math.min(3, Math.ceil(Math.log2(count + 1)));
    words.push(`${direction} ${info} ${size} ${server > 9 ? 'x' : 's'} ${keyLength === 0}`);
    words.push(`${direction} ${before} then ${info}`);
    before = info;
  }
  // The state words behind the last scan: phase, error, what is missing (coarsely).
  const state = outcome.log.slice(outcome.log.lastIndexOf('\n') + 1).split(',');
  words.push(`${direction} end ${state.slice(0, 1)} ${state.slice(4, 7).map((w) => w.length)}`);
  return words;
}
