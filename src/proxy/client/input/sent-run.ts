import { LARGE_SLABS, SENT_RUN_BYTES, UNNOTED_REQUESTS } from '../../../limits.ts';
import { Stash } from '../../../net/stash.ts';
import type { Engine } from '../../engine/engine.ts';

/** Requests that were sent from one read, each with a slot of its own. */
export interface SentChunk {
  /** Of the first. */
  readonly slot: number;
  readonly count: number;
  /** Where their bytes are. */
  readonly at: number;
  readonly length: number;
}

type Writable = { -readonly [K in keyof SentChunk]: SentChunk[K] };

/** A client's requests, as its pipeline counts them. */
export interface Slots {
  readonly head: number;
  readonly tail: number;
  readonly outstanding: number;
}

/**
 * The latest plain requests of a client that are under way, without a gap, so that they can be
 * taken back. Noted by the read, not by the request, and only of clients with many under way.
 */
export class SentRun {
  readonly #engine: Engine;
  #stash: Stash | null = null;
  readonly #chunks: SentChunk[] = [];
  /** The one that was answered last: most clients have one under way, read by read. */
  #spare: Writable | null = null;
  /** The slot behind the last. */
  #end = 0;
  /** Something else is among the requests at hand: those before it stay where they are. */
  interrupted = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Valid until the next note() or prune(). */
  get chunks(): readonly SentChunk[] {
    return this.#chunks;
  }

  /**
   * `count` requests at [start, end) of the arena are done with. They were simply forwarded, the
   * first for `slot`, unless something `interrupted`.
   * @param always not only of a client with many under way
   */
  note(
    { head, tail, outstanding }: Slots,
    slot: number,
    count: number,
    start: number,
    end: number,
    always: boolean,
  ): void {
    if (!always && outstanding <= UNNOTED_REQUESTS && !this.interrupted) return;
    this.prune(head);
    if (this.interrupted || ((slot + count) | 0) !== tail) this.cut();
    else if (count > 0) this.#add(slot, count, start, end);
    this.interrupted = false;
  }

  #add(slot: number, count: number, start: number, end: number): void {
    if (slot !== this.#end) this.cut();
    const at = this.#keep(start, end - start);
    if (at === 0) {
      this.cut();
      return;
    }
    const chunk = this.#spare ?? { slot: 0, count: 0, at: 0, length: 0 };
    this.#spare = null;
    chunk.slot = slot;
    chunk.count = count;
    chunk.at = at;
    chunk.length = end - start;
    this.#chunks.push(chunk);
    this.#end = (slot + count) | 0;
  }

  #keep(start: number, length: number): number {
    const { bytes, slabs } = this.#engine;
    if (length > slabs.largeBytes || slabs.largeLeft < LARGE_SLABS >> 1) return 0;
    this.#stash ??= new Stash(slabs);
    if (this.#stash.bytes + length > SENT_RUN_BYTES) return 0;
    const at = this.#stash.take(length);
    if (at !== 0) bytes.copyWithin(at, start, start + length);
    return at;
  }

  /** Requests before slot `head` are answered. */
  prune(head: number): void {
    for (let first = this.#chunks.at(0); first !== undefined; first = this.#chunks.at(0)) {
      if (((first.slot + first.count - head) | 0) > 0) return;
      this.#stash?.give(first.at, first.length);
      this.#spare = this.#chunks.shift() as Writable;
    }
  }

  /** Whether the newest requests, up to slot `tail`, are noted, and more than that of `head`. */
  covers(head: number, tail: number): boolean {
    return this.#end === tail && !this.isEmpty && ((tail - head) | 0) > 1;
  }

  /** Whether the requests from `slot` to the newest, before slot `tail`, are noted. */
  reaches(slot: number, tail: number): boolean {
    if (this.#end !== tail || this.isEmpty) return false;
    return ((slot - this.#chunks[0].slot) | 0) >= 0 && ((slot - tail) | 0) < 0;
  }

  /** Nothing that was sent may be taken back any more. */
  cut(): void {
    if (this.isEmpty) return;
    this.#chunks.length = 0;
    this.#stash?.close();
  }
}
