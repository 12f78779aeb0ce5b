import { GATHER_MICROS, GATHER_POLLS } from '../../limits.ts';

/** Something with bytes to write at the end of this event loop turn. */
export interface Flushable {
  flushPending: boolean;
  /** Writes, unless that should wait a little, and goes on with what had to wait for it. */
  flush(): void;
  /** Only writes: safe while a chunk lies in the receive window. */
  writeOut(): void;
  /** One of these went wrong. */
  onException(error: unknown): void;
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
  #next: Flushable[] = [];
  #scheduled = false;
  readonly #run = (): void => this.#afterPoll();
  /** Sockets that were read since the last poll. */
  #reads = 0;
  /** Polls that requests have waited for, and those of them that found nothing. */
  #polls = 0;
  #emptyPolls = 0;
  /** When the first and the last chunk of this turn came. */
  #begun = false;
  #since = 0;
  #micros = 0;

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

  /** As markClient(), in a turn of its own: it has more to do than one turn should take. */
  markNext(item: Flushable): void {
    this.#next.push(item);
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  /** A socket is being read. */
  onRead(): void {
    this.#reads++;
  }

  /** A chunk was handled in this turn. */
  get begun(): boolean {
    return this.#begun;
  }

  /** A chunk is about to be handled. @param micros when, on a clock that wraps at 32 bits */
  onChunk(micros: number): void {
    this.#micros = micros;
    if (this.#begun) return;
    this.#begun = true;
    this.#since = micros;
    // Also when nobody is written to: the turn ends.
    if (!this.#scheduled) this.#schedule();
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
    if (((this.#micros - this.#since) | 0) >= GATHER_MICROS) return false;
    if (this.#polls === 0) return this.#reads >= READS_TO_GATHER;
    if (this.#reads > 0) this.#emptyPolls = 0;
    else if (++this.#emptyPolls === EMPTY_POLLS) return false;
    return this.#polls < GATHER_POLLS;
  }

  /**
   * Writes what there is, so that its slabs come free; each is still flushed at the end of the
   * turn.
   */
  writeAll(): void {
    this.writeToServers();
    for (let i = 0; i < this.#clientCount; i++) writeOut(this.#clients[i]);
  }

  /** Writes what is for servers: who asked for it is about to go elsewhere. */
  writeToServers(): void {
    for (let i = 0; i < this.#backendCount; i++) writeOut(this.#backends[i]);
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
    this.#begun = false;
    if (this.#next.length === 0) return;
    const next = this.#next;
    this.#next = [];
    for (const item of next) this.markClient(item);
  }

  #flushBackends(): void {
    for (let i = 0; i < this.#backendCount; ) {
      try {
        while (i < this.#backendCount) {
          const item = this.#backends[i++];
          item.flushPending = false;
          item.flush();
        }
      } catch (error) {
        this.#backends[i - 1].onException(error);
      }
    }
    this.#backendCount = 0;
  }

  #flushClients(): void {
    for (let i = 0; i < this.#clientCount; ) {
      try {
        while (i < this.#clientCount) {
          const item = this.#clients[i++];
          item.flushPending = false;
          item.flush();
        }
      } catch (error) {
        this.#clients[i - 1].onException(error);
      }
    }
    this.#clientCount = 0;
  }
}

/** Writes for somebody else's sake, who needs room. */
function writeOut(item: Flushable): void {
  try {
    item.writeOut();
  } catch (error) {
    item.onException(error);
  }
}
