/** Something with bytes to write at the end of this event loop turn. */
export interface Flushable {
  flushPending: boolean;
  /** Writes, and goes on with what had to wait for that. */
  flush(): void;
  /** Only writes: safe while a chunk lies in the receive window. */
  writeOut(): void;
}

/**
 * Collects the sockets that got bytes during a turn and flushes each once, after the poll phase: one write per
 * socket, however many requests or replies it got.
 */
export class Turn {
  #queue: Flushable[] = [];
  #count = 0;
  #scheduled = false;
  readonly #run = (): void => this.flushAll();

  mark(item: Flushable): void {
    if (item.flushPending) return;
    item.flushPending = true;
    this.#queue[this.#count++] = item;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#run);
    }
  }

  /** Writes what there is, so that its slabs come free; each is still flushed at the end of the turn. */
  writeAll(): void {
    for (let i = 0; i < this.#count; i++) this.#queue[i].writeOut();
  }

  /** Flushes now; flushing may mark others, which are flushed in the same pass. */
  flushAll(): void {
    this.#scheduled = false;
    const queue = this.#queue;
    for (let i = 0; i < this.#count; i++) {
      const item = queue[i];
      item.flushPending = false;
      item.flush();
    }
    this.#count = 0;
    if (queue.length > 4096) queue.length = 0;
  }
}
