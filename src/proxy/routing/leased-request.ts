import { FORWARD_ERROR, LEASES_REFUSED } from '../../stats/counters.ts';
import { type Redirection, SLOT_ASK, SLOT_MOVED } from '../backend/again/redirections.ts';
import type { BackendConnection, ConnectionHolder } from '../backend/backend-connection.ts';
import type { Lane } from '../backend/lane.ts';
import type { LeaseWaiter } from '../backend/leases.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Detour } from '../client/session/detour.ts';
import { millis } from '../engine/clock.ts';
import type { Timed } from '../engine/deadlines.ts';
import { awaitReturn } from '../pool/failover/await-return.ts';
import { laneOf } from '../pool/lanes.ts';
import type { Server } from '../pool/server.ts';
import { PassedReply } from './passed-reply.ts';
import { Patience } from './patience.ts';

const WAITS_FOR_TURN = 0;
/** Its server, or that of its slot, cannot have it for a moment. */
const PAUSES = 1;
const WAITS_FOR_LEASE = 2;
const RUNS = 3;
const OVER = 4;

/**
 * A request that has a connection for itself: it waits until all before it is answered, since two
 * connections have no order, then for the connection. Nothing behind it is sent before its reply is
 * there. Where masters are followed it waits for `failover_wait` as others do, if it was not sent,
 * or was certainly not carried out.
 */
export abstract class LeasedRequest
  implements Detour, LeaseWaiter<Server>, ConnectionHolder, Timed
{
  readonly client: ClientConnection;
  protected readonly claim: Claim;
  /** Its reply, once it is sent. */
  protected reply: PassedReply | null = null;
  #connection: BackendConnection | null = null;
  #state = WAITS_FOR_TURN;
  #server: Server | null = null;
  #waitsUntil = 0;
  readonly #patience: Patience;
  /** Milliseconds until it is placed again. */
  #restMs = 0;
  timerAt = 0;

  constructor(client: ClientConnection) {
    this.client = client;
    this.claim = client.claims.claim();
    this.#patience = new Patience(client.pool);
    client.session.detour = this;
    client.barrier();
  }

  /**
   * @returns the server that it goes to now, or the error that it is answered with; null when no
   * server has its key
   */
  protected abstract place(): Server | Buffer | null;

  /** Sends it: `reply` is what takes the reply. */
  protected abstract send(connection: BackendConnection): void;

  /** All that was sent is answered: it sends more, gives the connection back or closes it. */
  protected abstract answered(connection: BackendConnection): void;

  /** How long it waits for a connection, in milliseconds. */
  protected get leaseWaitMs(): number {
    return this.client.pool.config.leaseWaitMs;
  }

  /** The connection that the client has already; null = it leases one. */
  protected get owned(): BackendConnection | null {
    return null;
  }

  get leasedFrom(): Server {
    return this.#server as Server;
  }

  get lane(): Lane {
    return laneOf(this.client);
  }

  /** It waits for what others may do. */
  get blocked(): boolean {
    return false;
  }

  protected get waitsForTurn(): boolean {
    return this.#state === WAITS_FOR_TURN;
  }

  /** It has no connection yet, though it is its turn. */
  protected get waitsForLease(): boolean {
    return this.#state === WAITS_FOR_LEASE || this.#state === PAUSES;
  }

  protected get connection(): BackendConnection | null {
    return this.#connection;
  }

  protected get ended(): boolean {
    return this.#state === OVER;
  }

  protected get runs(): boolean {
    return this.#state === RUNS;
  }

  advance(): void {
    if (this.#state === WAITS_FOR_TURN && this.claim.isNext) this.#lease();
  }

  #lease(): void {
    const server = this.place();
    const { pool, router } = this.client;
    if (server === null && this.#awaitsOwner()) return;
    if (server === null || Buffer.isBuffer(server)) {
      this.refuse(server ?? pool.protocol.failure(pool.nowhere));
      return;
    }
    const { owned } = this;
    this.#server = server;
    if (owned !== null) {
      this.onLease(owned);
      return;
    }
    this.#state = WAITS_FOR_LEASE;
    if (!router.lease(this)) {
      pool.counters[FORWARD_ERROR]++;
      this.refuse(pool.protocol.failure(router.reason));
      return;
    }
    if (this.#state !== WAITS_FOR_LEASE) return;
    this.#waitsUntil = millis() + this.leaseWaitMs;
    pool.engine.deadlines.arm(this, this.#waitsUntil);
  }

  /** @returns whether it waits for somebody to have its slot */
  #awaitsOwner(): boolean {
    const { pool } = this.client;
    const ms = this.#patience.afterNobody;
    if (ms === null || pool.slots?.unowned.mayWait(pool.config.failoverWaitMs) !== true) {
      return false;
    }
    pool.onUnowned();
    this.#pause(ms);
    return true;
  }

  #pause(ms: number): void {
    this.#state = PAUSES;
    this.#waitsUntil = millis() + ms;
    this.client.pool.engine.deadlines.arm(this, this.#waitsUntil);
  }

  /** Ends pause(). */
  #goOn(): void {
    this.#state = WAITS_FOR_TURN;
    this.advance();
    if (this.waitsForTurn) this.client.onAnswered();
  }

  nextDeadline(): number {
    return this.waitsForLease ? this.#waitsUntil : 0;
  }

  onDeadline(): void {
    if (this.#state === PAUSES) {
      this.#goOn();
      return;
    }
    const { engine, counters } = this.client.pool;
    if (this.leasedFrom.failover?.holds) {
      this.#waitsUntil = millis() + this.leaseWaitMs;
      engine.deadlines.arm(this, this.#waitsUntil);
      return;
    }
    counters[LEASES_REFUSED]++;
    this.stopWaiting(this.leaseRefused);
  }

  /** What it is answered with when no connection comes free in time. */
  protected get leaseRefused(): Buffer {
    return this.client.protocol.noLease(this.leasedFrom.name);
  }

  /** It wants no connection for now. */
  protected stepBack(): void {
    if (!this.waitsForLease) return;
    if (this.#state === WAITS_FOR_LEASE) this.client.pool.leases.cancel(this);
    this.client.pool.engine.deadlines.forget(this);
    this.#state = WAITS_FOR_TURN;
  }

  /** What waits for nobody else is answered soon, and the client ends then. */
  endSoon(): void {}

  /** What others wait for too ends soon, and the client goes then. */
  part(): void {}

  get rest(): Buffer | null {
    return null;
  }

  get unheard(): boolean {
    return this.claim.unheard;
  }

  /** It is answered without having been sent. @returns false when it is sent already */
  protected stopWaiting(reply: Buffer): boolean {
    if (this.#state >= RUNS) return false;
    if (this.#state === WAITS_FOR_LEASE) this.client.pool.leases.cancel(this);
    this.refuse(reply);
    return true;
  }

  reroute(): void {
    if (this.#state === PAUSES) {
      this.#goOn();
      return;
    }
    if (this.#state !== WAITS_FOR_LEASE) return;
    this.client.pool.leases.cancel(this);
    this.#lease();
  }

  onException(error: unknown): void {
    this.client.onException(error);
  }

  onLease(connection: BackendConnection): void {
    if (this.client.closed) throw new Error('a client that is gone waits for a connection');
    this.#state = RUNS;
    this.client.session.leased = true;
    this.#connection = connection;
    connection.holder = this;
    const { engine } = this.client.pool;
    engine.deadlines.forget(this);
    // What is sent now has its time from now on.
    engine.readClock();
    this.send(connection);
  }

  onIdle(): void {
    if (this.#connection !== null) this.answered(this.#connection);
  }

  onWritable(): void {
    if (this.#state !== RUNS || !this.#connection?.closed) return;
    if (this.reply === null ? this.#lostUnsent() : this.reply.sentOn) {
      this.placeAgain(true);
      return;
    }
    const { leasedFrom, reply } = this;
    this.end();
    if (reply === null) {
      this.claim.deliver(this.client.protocol.failure(leasedFrom.lastFailure));
    }
  }

  /** The connection is as it was: somebody else may have it. */
  protected giveBack(): void {
    const connection = this.#connection as BackendConnection;
    this.end();
    connection.owner.onIdle(connection);
  }

  /**
   * It was sent elsewhere: its connection is given back, and it is placed anew.
   * @param closes the connection must not be anybody's
   */
  protected placeAgain(closes: boolean): void {
    const connection = this.#connection as BackendConnection;
    connection.holder = null;
    connection.patience = 0;
    this.#connection = null;
    this.reply = null;
    this.#state = WAITS_FOR_TURN;
    if (closes) connection.close();
    else connection.owner.onIdle(connection);
    const ms = this.#restMs;
    this.#restMs = 0;
    if (ms > 0) this.#pause(ms);
    else this.#goOn();
  }

  // --- what was not carried out ------------------------------------------------------------------

  /** Whether it does no harm to send it twice. */
  protected get repeatable(): boolean {
    return false;
  }

  /**
   * Its connection is lost.
   * @returns whether nothing was sent on it that matters, and it is placed again
   */
  #lostUnsent(): boolean {
    const connection = this.#connection;
    if (connection === null || connection.refused) return false;
    if (connection.ready && !this.repeatable) return false;
    const ms = this.client.closed ? null : this.#patience.afterRefusal();
    if (ms === null) return false;
    const server = this.leasedFrom;
    // One that has left its pool has an heir.
    if (server.index < 0) return true;
    if (!server.places.placed.some(({ ready }) => ready)) return awaitReturn(server);
    this.#restMs = ms;
    return true;
  }

  /** Its server says that it did not carry it out. @returns whether it is placed again */
  protected onRefusal(): boolean {
    const { pool, closed } = this.client;
    const ms = closed ? null : this.#patience.afterRefusal();
    if (ms === null) return false;
    pool.onHeld(this.leasedFrom.index);
    this.#restMs = ms;
    return true;
  }

  /** A node of its cluster says that it is not the one. @returns whether it is placed again */
  protected onRedirection({ kind }: Redirection): boolean {
    const isElsewhere = kind === SLOT_MOVED || kind === SLOT_ASK;
    const patience = this.#patience;
    const ms = isElsewhere ? patience.afterRedirection() : patience.afterSplit();
    if (ms === null || this.client.closed) return false;
    this.#restMs = ms;
    return true;
  }

  /** Nobody knows in which state the connection is. */
  protected close(): void {
    const connection = this.#connection;
    this.end();
    connection?.close();
  }

  /** It is answered with something of ringway's own. */
  protected refuse(reply: Buffer): void {
    this.end();
    this.claim.deliver(reply);
  }

  /** The client's next request may be sent once the reply is there. */
  protected end(): void {
    const { session, pool } = this.client;
    if (session.detour === this) session.detour = null;
    this.#state = OVER;
    pool.engine.deadlines.forget(this);
    if (this.#connection === null) return;
    this.#connection.holder = null;
    this.#connection.patience = 0;
    this.#connection = null;
  }

  drop(): void {
    const state = this.#state;
    const connection = this.#connection;
    if (state === WAITS_FOR_LEASE) this.client.pool.leases.cancel(this);
    this.end();
    // What a server still has to say is nobody's.
    connection?.abandon();
    if (this.reply !== null) this.reply.abandon();
    else if (state !== OVER) this.claim.forget();
  }

  /** @returns what takes the reply and gives it to the client */
  protected passReply(connection: BackendConnection): PassedReply {
    this.reply = this.replyOver(connection);
    this.reply.unsent = () => this.#lostUnsent();
    return this.reply;
  }

  protected replyOver(connection: BackendConnection): PassedReply {
    return new PassedReply(this.client, connection, this.claim);
  }
}
