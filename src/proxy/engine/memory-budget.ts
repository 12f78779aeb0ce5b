import { ASSERTS, assert } from '../../assert.ts';
import { SHED_AT_LEAST_BYTES } from '../../limits.ts';
import { LOG_WARN, type Log } from '../../log.ts';

/** Somebody for whom bytes wait. */
export interface MemoryHolder {
  /** Bytes that were counted for it last. */
  heldBytes: number;
  /** One that has not logged in is closed before those that have. */
  readonly authenticated: boolean;
  /** @param level of the line that the log has about it; LOG_INFO when none is given */
  destroy(reason: string, level?: number): void;
}

/**
 * The bytes that wait for clients and servers in this process. Each connection reports what it
 * holds once per turn; over the limit, the client that holds most is closed, and the next, until
 * there is room. Whoever has not logged in goes first, whatever it holds.
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
    this.count(delta);
    if (delta > 0 && this.limit !== 0 && this.used > this.limit) this.#makeRoom();
  }

  /**
   * As add(), of what belongs to no connection: room is made when the next one reports, so that no
   * client is closed in the middle of a walk.
   */
  count(delta: number): void {
    this.used += delta;
    if (ASSERTS) assert(this.used >= 0, 'no more is given back than was counted');
  }

  #makeRoom(): void {
    this.#closeStrangers();
    while (this.used > this.limit) {
      let largest: MemoryHolder | null = null;
      for (const client of this.#clients) {
        if (client !== null && client.heldBytes > (largest?.heldBytes ?? SHED_AT_LEAST_BYTES)) {
          largest = client;
        }
      }
      if (largest === null) return;
      this.#close(largest, 'the client that holds', 'it holds most');
    }
  }

  #closeStrangers(): void {
    const strangers: MemoryHolder[] = [];
    for (const client of this.#clients) {
      if (client !== null && !client.authenticated && client.heldBytes > 0) strangers.push(client);
    }
    strangers.sort((a, b) => b.heldBytes - a.heldBytes);
    for (const stranger of strangers) {
      if (this.used <= this.limit) return;
      this.#close(stranger, 'a client that has not logged in and holds', 'it has not logged in');
    }
  }

  #close(client: MemoryHolder, who: string, why: string): void {
    this.closed++;
    this.#log.write(
      LOG_WARN,
      `${this.used} bytes wait for clients and servers, ${this.limit} may: ${who} ` +
        `${client.heldBytes} is closed`,
    );
    client.destroy(`the memory limit is reached and ${why}`);
  }
}
