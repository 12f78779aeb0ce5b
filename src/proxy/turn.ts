import { GATHER_MICROS, GATHER_POLLS } from '../limits.ts';

/** Something with bytes to write at the end of this event loop turn. */
export interface Flushable {
  flushPending: boolean;
  /** Writes, unless that should wait a little, and goes on with what had to wait for it. */
  flush(): void;
  /** Only writes: safe while a chunk lies in the receive window. */
  writeOut(): void;
}

/** Of one read alone nobody knows that more will follow. */
const READS_TO_GATHER = 2;
/** Polls in a row that find nothing to read. */
const EMPTY_POLLS = 2;

/**
 * Collects the sockets that got bytes during a turn and flushes each once, after the poll phase:
 * one write per socket, however many requests or replies it got. Clients are written to at once;
 * what is for servers waits while the loop finds more to read, within GATHER_POLLS and
 * GATHER_MICROS. The client that is alone with its request does not wait.
 */
export class Turn {
  #backends: Flushable[] = [];
  #backendCount = 0;
  #clients: Flushable[] = [];
  #clientCount = 0;
  #scheduled = false;
  readonly #run = (): void => this.#afterPoll();
  /** Reads since the last poll, and when the last of them was. */
  #reads = 0;
  #micros = 0;
  /** Polls that requests have waited for, those of them that found nothing, since when. */
  #polls = 0;
  #emptyPolls = 0;
  #since = 0;

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

  /** A socket was read. @param micros when, on a clock that wraps at 32 bits */
  onRead(micros: number): void {
    this.#reads++;
    this.#micros = micros;
  }

  #afterPoll(): void {
    const waits = this.#backendCount > 0 && this.#mayGather();
    this.#reads = 0;
    if (!waits) {
      this.#flushAll();
      return;
    }
    this.#polls++;
    this.#flushClients();
    this.#schedule();
  }

  /** Whether requests wait for what the next poll finds. */
  #mayGather(): boolean {
    if (this.#polls === 0) {
      this.#since = this.#micros;
      return this.#reads >= READS_TO_GATHER;
    }
    if (this.#reads > 0) this.#emptyPolls = 0;
    else if (++this.#emptyPolls === EMPTY_POLLS) return false;
    return this.#polls < GATHER_POLLS && ((this.#micros - this.#since) | 0) < GATHER_MICROS;
  }

  /**
   * Writes what there is, so that its slabs come free; each is still flushed at the end of the
   * turn.
   */
  writeAll(): void {
    for (let i = 0; i < this.#backendCount; i++) this.#backends[i].writeOut();
    for (let i = 0; i < this.#clientCount; i++) this.#clients[i].writeOut();
  }

  /** Flushing may mark others, which are flushed in the same pass. */
  #flushAll(): void {
    do {
      this.#flushBackends();
      this.#flushClients();
    } while (this.#backendCount > 0);
    this.#scheduled = false;
    this.#polls = 0;
    this.#emptyPolls = 0;
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
