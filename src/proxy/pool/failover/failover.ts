import { FAILOVER_ASK_MS, FAILOVER_RETRY_MS } from '../../../limits.ts';
import { LOG_NOTICE } from '../../../log.ts';
import {
  FAILOVER_TIMEOUTS,
  HELD_SECONDS,
  SERVER_HOLDS,
  SERVER_MOVES,
  type ServerCounters,
} from '../../../stats/counters.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { type Failure, MOVED } from '../../backend/failure.ts';
import type { Leases } from '../../backend/leases.ts';
import type { ConnectionOwner } from '../../backend/owner.ts';
import { millis } from '../../engine/clock.ts';
import type { Deadlines, Timed } from '../../engine/deadlines.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Guard } from '../../engine/guard.ts';
import { RefusalBudget } from './refusal-budget.ts';

/** The server, as far as its failover goes. */
export interface FailingServer {
  readonly title: string;
  /** What clients are told when the time is over. */
  lastFailure: Failure;
  /** Its connections for the requests of many clients, dialed or not. */
  readonly places: {
    readonly placed: readonly BackendConnection[];
    /** Those that only finish what is in flight. */
    readonly retired: ReadonlySet<BackendConnection>;
  };
  readonly index: number;
  readonly counters: ServerCounters;
  readonly pool: {
    readonly config: { readonly failoverWaitMs: number };
    /** Requests begin to wait: whoever knows where the server has gone should be asked. */
    onHeld(server: number): void;
  };
}

/**
 * A server that cannot be used for a moment: it has failed, or it is about to hand its part over to
 * a replica. Requests that were not executed wait in connections that are not dialed, one for each
 * place, and their clients behind them. One connection at a time tries the server; when it is let
 * in the others follow. When `failover_wait` is over everybody gets an error, until the server is
 * back or has moved. One whose replacement is announced is sent nothing even then: what it would
 * still acknowledge is lost.
 */
export class Failover<Server extends FailingServer & ConnectionOwner> implements Timed {
  readonly #server: Server;
  /** Who has connections to the server for one client at a time. */
  readonly #leases: readonly Leases<Server>[];
  readonly #deadlines: Deadlines;
  readonly #guard: Guard;
  readonly #parked: Set<BackendConnection> = new Set();
  /** This server, and those in whose place it is, as long as they have connections. */
  #all: readonly Server[];
  readonly #refusals: RefusalBudget = new RefusalBudget();
  /** The connection that tries the server. */
  #trying: BackendConnection | null = null;
  /** When requests have waited enough; 0 = none wait. */
  #until = 0;
  /** Since when they do, in milliseconds. */
  #since = 0;
  /** When the server is tried again; 0 = not before something happens. */
  #tryAt = 0;
  /** When it was asked for last although nobody waited. */
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Somebody who knows more has said that it must wait: it is not tried. */
  #told = false;
  /** Requests have waited in vain, and the server was not back since. */
  #exhausted = false;
  #stopped = false;
  /** What requests get at once: its replacement is announced, and nobody waits for that. */
  refusal: Failure | null = null;
  /** The configuration epoch by which the server is where it is; 0 = not known. */
  epoch = 0;
  timerAt = 0;

  constructor(
    server: Server,
    leases: readonly Leases<Server>[],
    { deadlines, guard }: Pick<Engine, 'deadlines' | 'guard'>,
  ) {
    this.#server = server;
    this.#all = [server];
    this.#leases = leases;
    this.#deadlines = deadlines;
    this.#guard = guard;
  }

  /**
   * The server takes the place of another with the same address. What that one has in flight may
   * be answered, and it may have to wait as well.
   */
  follow(before: Failover<Server>): void {
    const left = before.#all.filter(
      (server) =>
        server.places.placed.length + server.places.retired.size > 0 ||
        this.#leases.some((leases) => !leases.isEmptyOf(server)),
    );
    this.#all = [this.#server, ...left];
    if (before.#told) this.hold();
  }

  get #connections(): BackendConnection[] {
    return this.#all.flatMap(({ places }) => [...places.placed, ...places.retired]);
  }

  /** Requests wait: a new connection is not dialed, but parked. */
  get holds(): boolean {
    return this.#until !== 0;
  }

  /** A connection is lost, or not had. @returns whether its requests go on in another one */
  onLost(): boolean {
    const waits = !this.#exhausted && this.#mayWait;
    if (waits) this.#hold();
    else this.#ask();
    return waits;
  }

  /** The server says that it cannot execute a request. @returns whether that is to be sent again */
  onRefusal(): boolean {
    const waits = this.#mayWait && this.#refusals.allows(millis(), this.#waitMs);
    if (waits) this.#hold();
    else this.#ask();
    return waits;
  }

  /** Nobody waits, and yet it may have been replaced. */
  #ask(): void {
    const now = millis();
    if (this.#stopped || this.refusal !== null || now - this.#askedAt < FAILOVER_ASK_MS) return;
    this.#askedAt = now;
    const { pool, index } = this.#server;
    pool.onHeld(index);
  }

  get #waitMs(): number {
    return this.#server.pool.config.failoverWaitMs;
  }

  get #mayWait(): boolean {
    return this.#waitMs > 0 && !this.#stopped && this.refusal === null;
  }

  #begin(): void {
    if (!this.holds) {
      this.#since = millis();
      this.#server.counters[SERVER_HOLDS]++;
    }
    this.#until = millis() + this.#waitMs;
    this.#deadlines.arm(this, this.#until);
    for (const leases of this.#leases) for (const each of this.#all) leases.pause(each);
  }

  #hold(): void {
    if (this.holds) return;
    this.#begin();
    const { pool, index } = this.#server;
    pool.onHeld(index);
  }

  /** A connection is made and not dialed: it is tried when its turn comes. */
  park(connection: BackendConnection): void {
    this.#parked.add(connection);
    if (!this.#told && this.#trying === null && this.#tryAt === 0) this.#tryLater();
  }

  #tryLater(): void {
    this.#tryAt = millis() + Math.ceil(FAILOVER_RETRY_MS * (0.75 + Math.random() / 2));
    this.#deadlines.arm(this, this.#tryAt);
  }

  #tryNow(): void {
    this.#tryAt = 0;
    if (this.#told || this.#trying !== null) return;
    for (const connection of this.#parked) {
      this.#trying = connection;
      this.#dial(connection);
      return;
    }
  }

  #dial(connection: BackendConnection): void {
    this.#parked.delete(connection);
    try {
      connection.dial();
    } catch (error) {
      this.#guard.backend(connection, error);
    }
  }

  /** A connection is open: the server serves. */
  onReady(): void {
    this.#exhausted = false;
    // What it was tried for is over; it is sent nothing before it is released.
    if (this.#told) this.#trying = null;
    else this.#end();
  }

  /** Nobody waits any more: those who did go on, or have an error. */
  #note(): void {
    if (this.#since === 0) return;
    const ms = millis() - this.#since;
    this.#since = 0;
    const server = this.#server;
    server.counters[HELD_SECONDS] += ms / 1000;
    const count = this.#connections.reduce((sum, { unwritten }) => sum + unwritten, 0);
    if (count === 0) return;
    const text = `server ${server.title}: ${count} requests have waited ${Math.round(ms)} ms`;
    server.log(LOG_NOTICE, text, { event: 'failover', waited: count, ms: Math.round(ms) });
  }

  #end(): void {
    this.#until = 0;
    this.#note();
    this.#tryAt = 0;
    this.#trying = null;
    this.#deadlines.forget(this);
    for (const connection of [...this.#parked]) this.#dial(connection);
    for (const connection of this.#connections) connection.goOnSending();
    for (const leases of this.#leases) for (const each of this.#all) leases.goOn(each);
  }

  /** A connection is closed. */
  forget(connection: BackendConnection): void {
    this.#parked.delete(connection);
    if (this.#trying !== connection) return;
    this.#trying = null;
    if (this.holds && !this.#told && this.#tryAt === 0) this.#tryLater();
  }

  // --- what is known from elsewhere --------------------------------------------------------------

  /** The server is about to be replaced: it is sent nothing until released or moved. */
  hold(): void {
    // Said again, it lets nobody wait any longer.
    if (this.#told || this.#stopped) return;
    this.#told = true;
    this.#tryAt = 0;
    if (this.#waitMs === 0) {
      this.#refuse();
      return;
    }
    this.#begin();
    for (const connection of this.#connections) {
      if (!connection.parked) connection.stopSending();
    }
  }

  /** It stays as it is. */
  release(): void {
    if (!this.#told) return;
    this.#told = false;
    this.refusal = null;
    if (this.#parked.size === 0) this.#end();
    else this.#tryNow();
  }

  /**
   * The server is another one now. Connections to the old one are closed: what it has not answered
   * may be in its socket still, and is not worth an answer.
   * @param failure what is told to whose requests may have been executed there
   */
  moved(failure: Failure): void {
    this.#server.counters[SERVER_MOVES]++;
    this.#told = false;
    this.refusal = null;
    this.#exhausted = false;
    this.#refusals.clear();
    if (this.#waitMs > 0) this.#begin();
    // Not tried before all are parked.
    this.#tryAt = this.#until;
    for (const leases of this.#leases) for (const each of this.#all) leases.fail(each, failure);
    for (const connection of this.#connections) {
      if (!connection.parked) connection.fail(failure);
    }
    this.#trying = null;
    if (this.#parked.size === 0) this.#end();
    else this.#tryNow();
  }

  /** Things have changed: what it refused until now was another outage. */
  forgive(): void {
    this.#refusals.clear();
  }

  // --- time ------------------------------------------------------------------------------------

  nextDeadline(): number {
    if (this.#tryAt === 0 || this.#until === 0) return this.#until;
    return Math.min(this.#tryAt, this.#until);
  }

  onDeadline(now: number): void {
    if (now >= this.#until) this.#giveUp();
    else this.#tryNow();
  }

  /** Everybody who waits gets an error. */
  #giveUp(): void {
    this.#until = 0;
    this.#server.counters[FAILOVER_TIMEOUTS]++;
    if (this.#told) {
      this.#refuse();
      return;
    }
    this.#exhausted = true;
    const { lastFailure, places } = this.#server;
    for (const connection of places.placed) {
      if (this.#parked.has(connection) || connection === this.#trying) {
        connection.fail(lastFailure);
      }
    }
    this.#end();
  }

  /** Whoever waits gets an error, and whoever comes, until the server is released or has moved. */
  #refuse(): void {
    const server = this.#server;
    this.refusal = MOVED;
    server.lastFailure = MOVED;
    for (const leases of this.#leases) for (const each of this.#all) leases.fail(each, MOVED);
    for (const connection of this.#connections) connection.fail(MOVED);
    this.#end();
  }

  /** The server has left its pool: nobody waits for it any more. */
  stop(): void {
    this.#stopped = true;
    if (this.holds) this.#giveUp();
  }

  onException(error: unknown): void {
    this.#guard.note(`requests for server ${this.#server.title} wait no more`, error);
  }
}
