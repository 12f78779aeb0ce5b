import { BackendConnection } from './backend-connection.ts';
import type { Engine } from './engine.ts';
import type { Server } from './server-pool.ts';

/** Someone who waits for a bulk connection. */
export interface BulkWaiter {
  onBulkConnection(connection: BackendConnection): void;
}

/**
 * Extra connections to one server, each leased for one large request at a time: half a request on a
 * shared connection would swallow the next client's.
 */
export class BulkConnections {
  readonly #engine: Engine;
  readonly #server: Server;
  readonly #limit: number;
  readonly #idle: BackendConnection[] = [];
  readonly #leased: Set<BackendConnection> = new Set();
  readonly #waiting: BulkWaiter[] = [];

  constructor(engine: Engine, server: Server, limit: number) {
    this.#engine = engine;
    this.#server = server;
    this.#limit = limit;
  }

  /** Gives `waiter` a connection now, or when one comes free. */
  lease(waiter: BulkWaiter): void {
    const connection = this.#take();
    if (connection === null) this.#waiting.push(waiter);
    else waiter.onBulkConnection(connection);
  }

  /** The waiter wants nothing any more. */
  cancel(waiter: BulkWaiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #take(): BackendConnection | null {
    let connection = this.#idle.pop() ?? null;
    if (connection === null) {
      if (this.#leased.size >= this.#limit) return null;
      connection = new BackendConnection(this.#engine, this.#server);
    }
    this.#leased.add(connection);
    return connection;
  }

  /** Nothing is in flight on `connection`: if its lease is over it serves the next. */
  onIdle(connection: BackendConnection): void {
    if (connection.onWritable !== null || !this.#leased.delete(connection)) return;
    this.#idle.push(connection);
    this.#serveNext();
  }

  forget(connection: BackendConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#leased.delete(connection)) setImmediate(() => this.#serveNext());
  }

  #serveNext(): void {
    if (this.#waiting.length === 0) return;
    const connection = this.#take();
    if (connection !== null) this.#waiting.shift()?.onBulkConnection(connection);
  }

  close(): void {
    for (const connection of [...this.#idle, ...this.#leased]) connection.close();
    this.#waiting.length = 0;
  }
}
