import { JsCodec } from '../../src/codec/js-codec.ts';
import { selectCodec } from '../../src/codec/select.ts';
import { type LabelledCodec, prepareCodec, TEST_ARENA_BYTES } from '../support/codec-all.ts';
import type { Direction } from '../support/codec-replay.ts';
import { frames, SEEDS } from './grammar.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import { reached, runScannerCase, type ScannerCase } from './scanner-case.ts';

const DIRECTIONS: readonly Direction[] = [
  'requests',
  'replies',
  'memcache requests',
  'memcache replies',
];
const CORPUS_LIMIT = 4_000;
const EVERY_SPLIT_BELOW = 120;

/** The codecs as they are shipped. */
export function shippedCodecs(): LabelledCodec[] {
  const options = { arenaBytes: TEST_ARENA_BYTES, log: () => {} };
  const codecs: LabelledCodec[] = [
    { label: 'js', codec: new JsCodec(TEST_ARENA_BYTES) },
    { label: 'wasm-scalar', codec: selectCodec({ wanted: 'wasm-scalar', ...options }) },
    { label: 'wasm-simd', codec: selectCodec({ wanted: 'wasm', ...options }) },
  ];
  for (const { codec } of codecs) prepareCodec(codec);
  return codecs;
}

export interface Finding {
  readonly message: string;
  readonly found: ScannerCase;
}

/** Inputs for the scanners; those that reach something new are kept and mutated further. */
export class ScannerFuzzer {
  readonly #random: Random;
  readonly #codecs: readonly LabelledCodec[];
  readonly #corpus: Record<Direction, Buffer[]>;
  readonly #reached: Set<string> = new Set();
  cases = 0;

  constructor(random: Random, codecs: readonly LabelledCodec[]) {
    this.#random = random;
    this.#codecs = codecs;
    this.#corpus = {
      requests: [...SEEDS.requests],
      replies: [...SEEDS.replies],
      'memcache requests': [...SEEDS['memcache requests']],
      'memcache replies': [...SEEDS['memcache replies']],
    };
  }

  /** How many different things were reached. */
  get coverage(): number {
    return this.#reached.size;
  }

  /** Runs one case. @returns what was found, made small, or null */
  step(): Finding | null {
    const random = this.#random;
    const direction = random.pick(DIRECTIONS);
    const input = this.#input(direction);
    const each: ScannerCase = {
      direction,
      input: input.toString('latin1'),
      chunks: this.#chunks(input.length),
      detach: random.once(2) ? 0 : random.below(0x10000),
      limit: random.pick([4096, 4096, 3, 1]),
      ring: random.pick(['plain', 'tag', 'slots'] as const),
    };
    this.cases++;
    const everySplit = input.length < EVERY_SPLIT_BELOW && random.once(16);
    try {
      const outcome = runScannerCase(this.#codecs, each, everySplit);
      this.#learn(direction, input, reached(direction, outcome));
      return null;
    } catch (error) {
      return this.#smaller(each, everySplit, (error as Error).message);
    }
  }

  #input(direction: Direction): Buffer {
    const random = this.#random;
    const corpus = this.#corpus[direction];
    const kind = random.below(10);
    if (kind < 3) return mutate(random, frames(random, direction, 4));
    if (kind < 8) return mutate(random, random.pick(corpus));
    // The first part of one input, then another.
    const first = random.pick(corpus);
    const head = first.subarray(0, random.below(first.length + 1));
    return mutate(random, Buffer.concat([head, random.pick(corpus)]));
  }

  #chunks(length: number): number[] {
    const random = this.#random;
    const most = random.pick([1, 4, 20, 200, length + 1]);
    const sizes: number[] = [];
    for (let left = Math.min(length, most * 60); left > 0; ) {
      const size = random.below(most) + 1;
      sizes.push(size);
      left -= size;
    }
    return sizes;
  }

  #learn(direction: Direction, input: Buffer, words: readonly string[]): void {
    let fresh = false;
    for (const word of words) {
      if (this.#reached.has(word)) continue;
      this.#reached.add(word);
      fresh = true;
    }
    const corpus = this.#corpus[direction];
    if (fresh && corpus.length < CORPUS_LIMIT) corpus.push(Buffer.from(input));
  }

  /** Takes bytes away as long as it still fails. */
  #smaller(each: ScannerCase, everySplit: boolean, message: string): Finding {
    let found = each;
    let last = message;
    for (let size = each.input.length >> 1; size >= 1; size = size >> 1) {
      for (let at = 0; at < found.input.length; ) {
        const input = found.input.slice(0, at) + found.input.slice(at + size);
        const smaller = { ...found, input };
        const failure = this.#failure(smaller, everySplit);
        if (failure === null) at += size;
        else [found, last] = [smaller, failure];
      }
    }
    return { message: last, found };
  }

  #failure(each: ScannerCase, everySplit: boolean): string | null {
    try {
      runScannerCase(this.#codecs, each, everySplit);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
