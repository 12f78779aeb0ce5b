import { REDIRECTIONS, SLOT_RETRY_MAX_MS, SLOT_RETRY_MS } from '../../limits.ts';
import { FORWARD_ERROR, LEASES_REFUSED } from '../../stats/counters.ts';
import { type Redirection, SLOT_MOVED } from '../backend/again/redirections.ts';
import type { BackendConnection, ConnectionHolder } from '../backend/backend-connection.ts';
import type { Lane } from '../backend/lane.ts';
import type { LeaseWaiter } from '../backend/leases.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Detour } from '../client/session/detour.ts';
import { millis } from '../engine/clock.ts';
import type { Timed } from '../engine/deadlines.ts';
import { laneOf } from '../pool/lanes.ts';
import type { Server } from '../pool/server.ts';
import { PassedReply } from './passed-reply.ts';

const WAITS_FOR_TURN = 0;
const WAITS_FOR_LEASE = 1;
const RUNS = 2;
const OVER = 3;

/**
 * A request that has a connection for itself: it waits until all before it is answered, since two
 * connections have no order, then for the connection. Nothing behind it is sent before its reply is
 * there.
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
  /** How often a node of a cluster has sent it on for good, or its slot was on the move. */
  #moves = 0;
  #tries = 0;
  /** Until when it waits for its slot. */
  #triesUntil = 0;
  /** What it waits before it is placed again; 0 = nothing. */
  #pauseMs = 0;
  timerAt = 0;

  constructor(client: ClientConnection) {
    this.client = client;
    this.claim = client.claims.claim();
    client.session.detour = this;
    client.barrier();
  }

  /** @returns the server that it goes to now, or the error that it is answered with */
  protected abstract place(): Server | Buffer;

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

  /** Whether its client is gone when it sends no more: what it asked for would be lost. */
  get endsWithClient(): boolean {
    return false;
  }

  /** It waits for what others may do. */
  get blocked(): boolean {
    return false;
  }

  protected get waitsForTurn(): boolean {
    return this.#state === WAITS_FOR_TURN;
  }

  protected get waitsForLease(): boolean {
    return this.#state === WAITS_FOR_LEASE;
  }

  protected get connection(): BackendConnection | null {
    return this.#connection;
  }

  protected get runs(): boolean {
    return this.#state === RUNS;
  }

  advance(): void {
    if (this.#state === WAITS_FOR_TURN && this.#pauseMs === 0 && this.claim.isNext) this.#lease();
  }

  /**
   * A node of a cluster has sent it on.
   * @returns whether it is placed again: at once, or in a moment while its slot is on the move
   */
  protected follows({ kind }: Redirection): boolean {
    if (kind === SLOT_MOVED) return this.#moves++ < REDIRECTIONS;
    const now = millis();
    if (this.#tries === 0) this.#triesUntil = now + this.client.pool.config.failoverWaitMs;
    if (now >= this.#triesUntil) return false;
    // What is watched, or waited for, must be where it stays.
    const wait = SLOT_RETRY_MS << Math.min(this.#tries++, REDIRECTIONS);
    this.#pauseMs = Math.min(SLOT_RETRY_MAX_MS, wait);
    return true;
  }

  #pause(): void {
    const { guard } = this.client.pool.engine;
    const goOn = guard.bind(this.client, () => {
      this.#pauseMs = 0;
      this.client.pool.engine.readClock();
      this.advance();
    });
    setTimeout(goOn, this.#pauseMs);
  }

  #lease(): void {
    const server = this.place();
    if (Buffer.isBuffer(server)) {
      this.refuse(server);
      return;
    }
    const { pool, router } = this.client;
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

  nextDeadline(): number {
    return this.#state === WAITS_FOR_LEASE ? this.#waitsUntil : 0;
  }

  onDeadline(): void {
    this.client.pool.counters[LEASES_REFUSED]++;
    this.stopWaiting(this.leaseRefused);
  }

  /** What it is answered with when no connection comes free in time. */
  protected get leaseRefused(): Buffer {
    return this.client.protocol.noLease(this.leasedFrom.name);
  }

  /** It wants no connection for now. */
  protected stepBack(): void {
    if (this.#state !== WAITS_FOR_LEASE) return;
    this.client.pool.leases.cancel(this);
    this.client.pool.engine.deadlines.forget(this);
    this.#state = WAITS_FOR_TURN;
  }

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
    if (this.#pauseMs === 0) this.advance();
    else this.#pause();
    if (this.waitsForTurn) this.client.onAnswered();
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
    return this.reply;
  }

  protected replyOver(connection: BackendConnection): PassedReply {
    return new PassedReply(this.client, connection, this.claim);
  }
}
