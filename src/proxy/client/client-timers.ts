import { LINGER_MS } from '../../limits.ts';
import {
  CLIENT_IDLE_TIMEOUTS,
  CLIENT_WRITE_TIMEOUTS,
  REQUEST_READ_TIMEOUTS,
} from '../../stats/counters.ts';
import type { Deadlines, Timed } from '../engine/deadlines.ts';
import type { ClientConnection } from './client-connection.ts';

/**
 * What a client may not take for ever: asking for nothing, sending the rest of a request, reading
 * its replies, and closing after its last one.
 */
export class ClientTimers implements Timed {
  readonly #client: ClientConnection;
  readonly #deadlines: Deadlines;
  /** When bytes came in last. */
  lastRead: number;
  /** Since when the kernel takes no more of its replies; 0 = it takes them. */
  #blockedSince = 0;
  #lingerUntil = 0;
  timerAt = 0;

  constructor(client: ClientConnection, deadlines: Deadlines) {
    this.#client = client;
    this.#deadlines = deadlines;
    this.lastRead = Math.floor(performance.now());
    this.#arm();
  }

  /** The limits have changed. */
  restart(): void {
    this.#arm();
  }

  /** Bytes came in. */
  onRead(now: number, unfinished: boolean): void {
    this.lastRead = now;
    const idles = this.timerAt === 0 && this.#client.pool.config.clientIdleTimeoutMs !== 0;
    if (unfinished || idles) this.#arm();
  }

  /** A write was not taken whole. */
  onBlocked(): void {
    if (this.#blockedSince !== 0) return;
    this.#blockedSince = Math.floor(performance.now());
    this.#arm();
  }

  /** All that was written is taken. */
  onDrained(): void {
    this.#blockedSince = 0;
  }

  /** The last reply is written: some time to read it, then the connection is cut. */
  linger(): void {
    if (this.#client.closed) return;
    this.#lingerUntil = Math.floor(performance.now()) + LINGER_MS;
    this.#arm();
  }

  stop(): void {
    this.#deadlines.forget(this);
  }

  #arm(): void {
    const due = this.nextDeadline();
    if (due !== 0) this.#deadlines.arm(this, due);
  }

  nextDeadline(): number {
    const client = this.#client;
    if (client.closed) return 0;
    if (this.#lingerUntil !== 0) return this.#lingerUntil;
    const { config } = client.pool;
    if (this.#blockedSince !== 0 && config.clientWriteTimeoutMs !== 0) {
      return this.#blockedSince + config.clientWriteTimeoutMs;
    }
    const limit = client.unfinished ? config.requestReadTimeoutMs : config.clientIdleTimeoutMs;
    if (limit === 0) return 0;
    // While it waits for replies its own time stands still.
    return (client.waits ? Math.floor(performance.now()) : this.lastRead) + limit;
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  onDeadline(): void {
    const client = this.#client;
    const { counters, protocol } = client.pool;
    if (this.#lingerUntil !== 0) {
      this.#lingerUntil = 0;
      client.socket.destroy();
    } else if (this.#blockedSince !== 0) {
      counters[CLIENT_WRITE_TIMEOUTS]++;
      client.destroy('it takes none of its replies');
    } else if (client.unfinished) {
      counters[REQUEST_READ_TIMEOUTS]++;
      client.answer(protocol.unfinished);
      client.stopReading();
    } else {
      counters[CLIENT_IDLE_TIMEOUTS]++;
      client.destroy('it was idle too long');
    }
  }
}
