/** Something with bytes to write at the end of this event loop turn. */
export interface Flushable {
  flushPending: boolean;
  /** Writes, unless that should wait a little, and goes on with what had to wait for it. */
  flush(): void;
  /** Only writes: safe while a chunk lies in the receive window. */
  writeOut(): void;
}

/**
 * Collects the sockets that got bytes during a turn and flushes each once, after the poll phase:
 * one write per socket, however many requests or replies it got. Servers come first, so that they
 * work while clients are written to.
 */
export class Turn {
  #backends: Flushable[] = [];
  #backendCount = 0;
  #clients: Flushable[] = [];
  #clientCount = 0;
  #scheduled = false;
  readonly #run = (): void => this.flushAll();

  markBackend(item: Flushable): void {
    if (item.flushPending) return;
    item.flushPending = true;
    this.#backends[this.#backendCount++] = item;
    if (!this.#scheduled) this.#schedule();
  }

  markClient(item: Flushable): void {
    if (item.flushPending) return;
    item.flushPending = true;
    this.#clients[this.#clientCount++] = item;
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  /**
   * Writes what there is, so that its slabs come free; each is still flushed at the end of the
   * turn.
   */
  writeAll(): void {
    for (let i = 0; i < this.#backendCount; i++) this.#backends[i].writeOut();
    for (let i = 0; i < this.#clientCount; i++) this.#clients[i].writeOut();
  }

  /** Flushes now; flushing may mark others, which are flushed in the same pass. */
  flushAll(): void {
    do {
      this.#flushBackends();
      this.#flushClients();
    } while (this.#backendCount > 0);
    this.#scheduled = false;
  }

  #flushBackends(): void {
    for (let i = 0; i < this.#backendCount; i++) {
      const item = this.#backends[i];
      item.flushPending = false;
      item.flush();
    }
    this.#backendCount = 0;
  }

  #flushClients(): void {
    for (let i = 0; i < this.#clientCount; i++) {
      const item = this.#clients[i];
      item.flushPending = false;
      item.flush();
    }
    this.#clientCount = 0;
  }
}
