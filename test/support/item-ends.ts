import {
  FLAG_LAST,
  ITEM_ENDS,
  MC_REPLY_VALUES,
  RECORD_COUNT,
  RECORD_INFO,
  RECORD_KEY,
  RECORD_LENGTH,
  RECORD_START,
  WHOLE,
} from '../../src/protocol/frame-table.ts';
import { itemEnds } from '../../src/protocol/memcache/items.ts';

/** Checks what one scan of memcached replies says about where items end. */
export class ItemEndsCheck {
  readonly #words: Uint32Array;
  readonly #memory: Buffer;
  #resumed: boolean;
  #next = ITEM_ENDS;

  /** @param resumed the scan begins behind the first line of an item */
  constructor(words: Uint32Array, memory: Buffer, resumed: boolean) {
    this.#words = words;
    this.#memory = memory;
    this.#resumed = resumed;
  }

  /** Takes the next record, of which `record` is the word index. */
  take(record: number): void {
    const words = this.#words;
    const kind = words[record + RECORD_INFO];
    const known = !this.#resumed && kind === (MC_REPLY_VALUES | WHOLE);
    if ((kind & FLAG_LAST) !== 0) this.#resumed = false;
    const key = words[record + RECORD_KEY];
    const count = words[record + RECORD_COUNT];
    if (key !== (known && count > 0 ? this.#next : 0))
      throw new Error(`the ends of items are at ${key}`);
    if (key === 0) return;
    const start = words[record + RECORD_START];
    const reply = this.#memory.subarray(start, start + words[record + RECORD_LENGTH]);
    const ends = [...words.subarray(key / 4, key / 4 + count)].map((end) => end - start);
    const expected = itemEnds(reply).slice(1);
    if (ends.join() !== expected.join()) throw new Error(`items end at ${ends}, not ${expected}`);
    this.#next += count * 4;
  }
}
