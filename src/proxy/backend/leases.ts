import { millis } from '../engine/clock.ts';
import type { Deadlines, Timed } from '../engine/deadlines.ts';
import type { BackendConnection } from './backend-connection.ts';
import type { Failure } from './failure.ts';
import type { Lane } from './lane.ts';
import { closeWithPool } from './lost-requests.ts';
import type { ConnectionOwner } from './owner.ts';

/** Someone who waits for a connection of its own. */
export interface LeaseWaiter<Server extends ConnectionOwner> {
  /** Whose connection. */
  readonly leasedFrom: Server;
  /** Its database and protocol version. */
  readonly lane: Lane;
  onLease(connection: BackendConnection): void;
  /** That went wrong. */
  onException(error: unknown): void;
}

/** How many connections there may be, and how long they stay. */
export interface LeaseRules {
  /** Connections in all, leased or idle. */
  readonly limit: number;
  /** Idle ones that a server keeps per lane. */
  readonly kept: number;
  /** For how long, in milliseconds; 0 = for ever. */
  readonly keptMs: number;
}

/**
 * Connections that serve one client at a time: half a request, a WATCH or a command that blocks
 * would harm everybody on a shared one. Whoever holds one (`holder`) gives it back in the state it
 * was in, or closes it. Who comes first is served first.
 */
export class Leases<Server extends ConnectionOwner> implements Timed {
  readonly #open: (server: Server, lane: Lane) => BackendConnection;
  readonly #rules: () => LeaseRules;
  readonly #deadlines: Deadlines;
  /** Since when each is idle: who was used longest ago comes first. */
  readonly #idle: Map<BackendConnection, number> = new Map();
  readonly #idleOf: Map<ConnectionOwner, BackendConnection[]> = new Map();
  readonly #leased: Set<BackendConnection> = new Set();
  readonly #waiting: Set<LeaseWaiter<Server>> = new Set();
  /** Servers that have left, or are drained: connections close when their leases are over. */
  readonly #left: WeakSet<ConnectionOwner> = new WeakSet();
  /** Servers whose waiters wait, whatever is free. */
  readonly #paused: Set<ConnectionOwner> = new Set();
  timerAt = 0;

  /** @param rules asked each time: a reload may change them */
  constructor(
    open: (server: Server, lane: Lane) => BackendConnection,
    rules: () => LeaseRules,
    deadlines: Deadlines,
  ) {
    this.#open = open;
    this.#rules = rules;
    this.#deadlines = deadlines;
  }

  /** Gives `waiter` a connection now, or when one comes free. */
  lease(waiter: LeaseWaiter<Server>): void {
    const connection = this.#take(waiter);
    if (connection === null) this.#waiting.add(waiter);
    else this.#give(connection, waiter);
  }

  /** The waiter wants nothing any more. */
  cancel(waiter: LeaseWaiter<Server>): void {
    this.#waiting.delete(waiter);
  }

  #take({ leasedFrom, lane }: LeaseWaiter<Server>): BackendConnection | null {
    if (this.#paused.has(leasedFrom)) return null;
    const idle = this.#idleOf.get(leasedFrom)?.findLast((each) => each.lane === lane);
    if (idle !== undefined) {
      this.#forgetIdle(idle);
      this.#leased.add(idle);
      return idle;
    }
    const { limit } = this.#rules();
    if (this.#leased.size >= limit) return null;
    if (this.#leased.size + this.#idle.size >= limit) {
      for (const oldest of this.#idle.keys()) {
        oldest.close();
        break;
      }
    }
    const connection = this.#open(leasedFrom, lane);
    this.#leased.add(connection);
    return connection;
  }

  /** Nothing is in flight on `connection`: if its lease is over it serves the next. */
  onIdle(connection: BackendConnection): void {
    if (!this.#leased.has(connection)) return;
    if (connection.holder !== null) {
      connection.holder.onIdle();
      return;
    }
    this.#leased.delete(connection);
    this.#keep(connection);
    this.serveNext();
  }

  #keep(connection: BackendConnection): void {
    const { owner, lane } = connection;
    const { kept, keptMs } = this.#rules();
    const others = this.#idleOf.get(owner) ?? [];
    if (this.#left.has(owner) || others.filter((each) => each.lane === lane).length >= kept) {
      connection.close();
      return;
    }
    const now = millis();
    this.#idle.set(connection, now);
    this.#idleOf.set(owner, others);
    others.push(connection);
    if (keptMs > 0) this.#deadlines.arm(this, now + keptMs);
  }

  #forgetIdle(connection: BackendConnection): void {
    if (!this.#idle.delete(connection)) return;
    const { owner } = connection;
    const left = (this.#idleOf.get(owner) ?? []).filter((each) => each !== connection);
    if (left.length === 0) this.#idleOf.delete(owner);
    else this.#idleOf.set(owner, left);
  }

  /** Whoever wants a connection of the server waits, and those who have one send nothing. */
  pause(server: Server): void {
    this.#paused.add(server);
    for (const connection of this.#of(server)) if (!connection.parked) connection.stopSending();
  }

  /** Ends pause(). */
  goOn(server: Server): void {
    if (!this.#paused.delete(server)) return;
    for (const connection of this.#of(server)) connection.goOnSending();
    this.serveNext();
  }

  /** They lead to the wrong place: what is in flight on them gets an error. */
  fail(server: Server, failure: Failure): void {
    for (const connection of this.#of(server)) connection.fail(failure);
  }

  #of(server: Server): BackendConnection[] {
    const leased = [...this.#leased].filter(({ owner }) => owner === server);
    return [...leased, ...(this.#idleOf.get(server) ?? [])];
  }

  /** The server has left its pool. */
  leave(server: Server): void {
    this.#left.add(server);
    this.closeIdle(server);
  }

  /** Nobody is given a connection of the server that was open before. */
  closeIdle(server: Server): void {
    for (const connection of [...(this.#idleOf.get(server) ?? [])]) connection.close();
  }

  /** Ends leave(). */
  comeBack(server: Server): void {
    this.#left.delete(server);
  }

  /** Nobody has or wants a connection of this server. */
  isEmptyOf(server: Server): boolean {
    if (this.#idleOf.has(server)) return false;
    for (const connection of this.#leased) if (connection.owner === server) return false;
    for (const waiter of this.#waiting) if (waiter.leasedFrom === server) return false;
    return true;
  }

  /** It is closed. */
  forget(connection: BackendConnection): void {
    this.#forgetIdle(connection);
    if (this.#leased.delete(connection)) setImmediate(() => this.serveNext());
  }

  /** Connections of a server that could be closed to make room, and none leased. */
  idleOf(server: Server): readonly BackendConnection[] {
    return this.#idleOf.get(server) ?? [];
  }

  /** Connections that somebody has now. */
  get leased(): number {
    return this.#leased.size;
  }

  hasLane(lane: Lane): boolean {
    for (const connection of this.#leased) if (connection.lane === lane) return true;
    for (const connection of this.#idle.keys()) if (connection.lane === lane) return true;
    return false;
  }

  /** There may be room for who waits. */
  serveNext(): void {
    for (const waiter of this.#waiting) {
      if (this.#paused.has(waiter.leasedFrom)) continue;
      try {
        const connection = this.#take(waiter);
        if (connection === null) return;
        this.#waiting.delete(waiter);
        this.#give(connection, waiter);
      } catch (error) {
        this.cancel(waiter);
        waiter.onException(error);
      }
    }
  }

  #give(connection: BackendConnection, waiter: LeaseWaiter<Server>): void {
    try {
      waiter.onLease(connection);
    } catch (error) {
      // Half a request may be on it, or nobody who ends the lease.
      connection.onException(error);
      throw error;
    }
  }

  nextDeadline(): number {
    const { keptMs } = this.#rules();
    for (const since of this.#idle.values()) return keptMs === 0 ? 0 : since + keptMs;
    return 0;
  }

  /** Those that nobody has wanted for long are closed. */
  onDeadline(now: number): void {
    const { keptMs } = this.#rules();
    for (const [connection, since] of [...this.#idle]) {
      if (since + keptMs > now) return;
      connection.close();
    }
  }

  onException(error: unknown): void {
    throw error;
  }

  close(): void {
    this.#deadlines.forget(this);
    for (const each of [...this.#idle.keys(), ...this.#leased]) closeWithPool(each);
    this.#waiting.clear();
  }
}
