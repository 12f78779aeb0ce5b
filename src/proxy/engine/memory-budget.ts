import { SHED_AT_LEAST_BYTES } from '../../limits.ts';
import { LOG_WARN, type Log } from '../../log.ts';

/** Somebody for whom bytes wait. */
export interface MemoryHolder {
  /** Bytes that were counted for it last. */
  heldBytes: number;
  destroy(reason: string): void;
}

/**
 * The bytes that wait for clients and servers in this process. Each connection reports what it
 * holds once per turn; over the limit, the client that holds most is closed, and the next, until
 * there is room.
 */
export class MemoryBudget {
  readonly limit: number;
  readonly #clients: readonly (MemoryHolder | null)[];
  readonly #log: Log;
  /** Bytes in use. */
  used = 0;
  /** Clients closed to make room. */
  closed = 0;

  /** @param limit in bytes, 0 = none */
  constructor(limit: number, clients: readonly (MemoryHolder | null)[], log: Log) {
    this.limit = limit;
    this.#clients = clients;
    this.#log = log;
  }

  /** What one connection holds has changed by `delta` bytes. */
  add(delta: number): void {
    this.used += delta;
    if (delta > 0 && this.limit !== 0 && this.used > this.limit) this.#makeRoom();
  }

  #makeRoom(): void {
    while (this.used > this.limit) {
      let largest: MemoryHolder | null = null;
      for (const client of this.#clients) {
        if (client !== null && client.heldBytes > (largest?.heldBytes ?? SHED_AT_LEAST_BYTES)) {
          largest = client;
        }
      }
      if (largest === null) return;
      const { heldBytes } = largest;
      this.closed++;
      this.#log.write(
        LOG_WARN,
        `${this.used} bytes wait for clients and servers, ${this.limit} may: the client that ` +
          `holds ${heldBytes} is closed`,
      );
      largest.destroy('the memory limit is reached and it holds most');
    }
  }
}
