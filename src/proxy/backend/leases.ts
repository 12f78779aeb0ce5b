import type { BackendConnection } from './backend-connection.ts';
import type { Failure } from './failure.ts';
import type { Lane } from './lane.ts';

/** Someone who waits for a connection of its own. */
export interface LeaseWaiter {
  /** Its database and protocol version. */
  readonly lane: Lane;
  onLease(connection: BackendConnection): void;
  /** That went wrong. */
  onException(error: unknown): void;
}

/**
 * Extra connections to one server, each leased for one large request at a time: half a request on a
 * shared connection would swallow the next client's.
 */
export class Leases {
  readonly #open: (lane: Lane) => BackendConnection;
  readonly #limit: number;
  readonly #idle: BackendConnection[] = [];
  readonly #leased: Set<BackendConnection> = new Set();
  readonly #waiting: LeaseWaiter[] = [];
  #leaving = false;
  #paused = false;

  constructor(open: (lane: Lane) => BackendConnection, limit: number) {
    this.#open = open;
    this.#limit = limit;
  }

  /** Gives `waiter` a connection now, or when one comes free. */
  lease(waiter: LeaseWaiter): void {
    const connection = this.#take(waiter.lane);
    if (connection === null) this.#waiting.push(waiter);
    else this.#give(connection, waiter);
  }

  /** The waiter wants nothing any more. */
  cancel(waiter: LeaseWaiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #take(lane: Lane): BackendConnection | null {
    if (this.#paused) return null;
    const at = this.#idle.findLastIndex((connection) => connection.lane === lane);
    let connection = at < 0 ? null : this.#idle.splice(at, 1)[0];
    if (connection === null) {
      if (this.#leased.size >= this.#limit) return null;
      if (this.#leased.size + this.#idle.length >= this.#limit) this.#idle[0].close();
      connection = this.#open(lane);
    }
    this.#leased.add(connection);
    return connection;
  }

  /** Nothing is in flight on `connection`: if its lease is over it serves the next. */
  onIdle(connection: BackendConnection): void {
    if (connection.holder !== null || !this.#leased.delete(connection)) return;
    this.#idle.push(connection);
    this.#serveNext();
    if (this.#leaving) this.#closeIdle();
  }

  /** The server has left its pool: connections close when their leases are over. */
  leave(): void {
    this.#leaving = true;
    this.#closeIdle();
  }

  /** Whoever wants a lease waits. */
  pause(): void {
    this.#paused = true;
  }

  /** Ends pause(). */
  goOn(): void {
    if (!this.#paused) return;
    this.#paused = false;
    for (let left = this.#waiting.length; left > 0; left--) this.#serveNext();
  }

  /** They lead to the wrong server: what is in flight on them gets an error. */
  closeAll(failure: Failure): void {
    for (const connection of [...this.#idle, ...this.#leased]) connection.fail(failure);
  }

  get isEmpty(): boolean {
    return this.#idle.length + this.#leased.size + this.#waiting.length === 0;
  }

  #closeIdle(): void {
    for (const connection of [...this.#idle]) connection.close();
  }

  forget(connection: BackendConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#leased.delete(connection)) setImmediate(() => this.#serveNext());
  }

  /** A connection that could be closed to make room, and none leased. */
  get idle(): readonly BackendConnection[] {
    return this.#idle;
  }

  hasLane(lane: Lane): boolean {
    for (const connection of this.#leased) if (connection.lane === lane) return true;
    return this.#idle.some((connection) => connection.lane === lane);
  }

  #serveNext(): void {
    if (this.#waiting.length === 0) return;
    const [waiter] = this.#waiting;
    try {
      const connection = this.#take(waiter.lane);
      if (connection === null) return;
      this.#waiting.shift();
      this.#give(connection, waiter);
    } catch (error) {
      this.cancel(waiter);
      waiter.onException(error);
    }
  }

  #give(connection: BackendConnection, waiter: LeaseWaiter): void {
    try {
      waiter.onLease(connection);
    } catch (error) {
      // Half a request may be on it, or nobody who ends the lease.
      connection.onException(error);
      throw error;
    }
  }

  close(): void {
    for (const connection of [...this.#idle, ...this.#leased]) connection.close();
    this.#waiting.length = 0;
  }
}
