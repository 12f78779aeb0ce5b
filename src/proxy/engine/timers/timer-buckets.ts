const NONE = -1;
const FIRST_ENTRIES = 64;

/** What entries are of. */
export interface Held {
  /** Millisecond for which it is held; entries for another are stale. */
  readonly timerAt: number;
}

/**
 * The buckets of a timer wheel: each a list of entries (item, millisecond for which it was armed),
 * oldest first. The entries stand in tables that only grow, so one that comes and goes costs no
 * allocation.
 */
export class TimerBuckets<Item extends Held> {
  /** The newest entry of each bucket; its successor is the oldest. NONE = empty. */
  readonly #last: Int32Array;
  #items: (Item | null)[] = [];
  #times: Float64Array = new Float64Array(FIRST_ENTRIES);
  #next: Int32Array = new Int32Array(FIRST_ENTRIES);
  /** Entries that are in no bucket, and how many there ever were. */
  #free = NONE;
  #made = 0;
  count = 0;
  /** What shift() took out. */
  item: Item | null = null;
  at = 0;

  constructor(buckets: number) {
    this.#last = new Int32Array(buckets).fill(NONE);
  }

  push(bucket: number, item: Item, at: number): void {
    const entry = this.#take();
    this.#items[entry] = item;
    this.#times[entry] = at;
    this.#append(bucket, entry);
    this.count++;
  }

  #append(bucket: number, entry: number): void {
    const last = this.#last[bucket];
    const next = this.#next;
    next[entry] = last === NONE ? entry : next[last];
    if (last !== NONE) next[last] = entry;
    this.#last[bucket] = entry;
  }

  #take(): number {
    const free = this.#free;
    if (free !== NONE) {
      this.#free = this.#next[free];
      return free;
    }
    if (this.#made === this.#next.length) this.#grow();
    return this.#made++;
  }

  #grow(): void {
    const times = new Float64Array(this.#made * 2);
    const next = new Int32Array(this.#made * 2);
    times.set(this.#times);
    next.set(this.#next);
    this.#times = times;
    this.#next = next;
  }

  /** The newest entry of a bucket; below 0 = it is empty. */
  lastOf(bucket: number): number {
    return this.#last[bucket];
  }

  /** Takes the oldest entry of a bucket that has one: `item` and `at` are its. @returns which */
  shift(bucket: number): number {
    const entry = this.#unlink(bucket);
    this.item = this.#items[entry];
    this.at = this.#times[entry];
    this.#give(entry);
    return entry;
  }

  #unlink(bucket: number): number {
    const last = this.#last[bucket];
    const entry = this.#next[last];
    if (entry === last) this.#last[bucket] = NONE;
    else this.#next[last] = this.#next[entry];
    return entry;
  }

  #give(entry: number): void {
    this.#items[entry] = null;
    this.#next[entry] = this.#free;
    this.#free = entry;
    this.count--;
  }

  /** Drops the entries whose item is not held for their time. */
  dropStale(): void {
    for (let bucket = 0; bucket < this.#last.length; bucket++) {
      const last = this.#last[bucket];
      for (let entry = NONE; entry !== last; ) {
        entry = this.#unlink(bucket);
        if (this.#items[entry]?.timerAt === this.#times[entry]) this.#append(bucket, entry);
        else this.#give(entry);
      }
    }
  }

  clear(): void {
    this.#last.fill(NONE);
    this.#items = [];
    this.#free = NONE;
    this.#made = 0;
    this.count = 0;
    this.item = null;
  }
}
