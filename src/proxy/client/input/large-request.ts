import { BULK_OUTPUT_LIMIT, BULK_STALL_MS } from '../../../limits.ts';
import { LOG_NOTICE } from '../../../log.ts';
import { FLAG_SPECIAL, NO_COMMAND, NO_SERVER } from '../../../protocol/frame-table.ts';
import { FORWARD_ERROR, REQUESTS_TOO_LARGE } from '../../../stats/counters.ts';
import type { BackendConnection, ConnectionHolder } from '../../backend/backend-connection.ts';
import { FAILURE_TIMEOUT, failureOf } from '../../backend/failure.ts';
import type { Lane } from '../../backend/lane.ts';
import type { LeaseWaiter } from '../../backend/leases.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Engine, SavedState } from '../../engine/engine.ts';
import {
  infoOf,
  missingBytes,
  scannedBytes,
  serverOf,
  setServer,
} from '../../engine/saved-scan.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Server } from '../../pool/server.ts';
import { FORWARD, type Gate } from '../access/gate.ts';
import type { Rates } from '../access/rates.ts';
import type { Sampler } from '../access/sampler.ts';
import type { Claims } from '../claims.ts';
import type { ClientPipeline } from '../client-pipeline.ts';
import type { BodyReply, ClientProtocol } from '../protocol.ts';
import type { Requester, Router } from '../router.ts';
import type { Session } from '../session/session.ts';
import { isKeyNowhere, OwnerWait } from './owner-wait.ts';

/** The client, as its large requests see it. */
export interface LargeRequester extends Requester {
  /** Its plain requests are simply forwarded. */
  readonly plain: boolean;
  /** By command: FORWARD where that is so all the same, though others are refused. */
  readonly forwards: Uint8Array;
  readonly gate: Gate | null;
  readonly rates: Rates | null;
  readonly audit: Sampler | null;
  readonly id: number;
  readonly pool: Pool;
  readonly protocol: ClientProtocol;
  readonly router: Router;
  readonly lane: number;
  readonly pipeline: ClientPipeline;
  readonly claims: Claims;
  readonly closed: boolean;
  readonly session: Session;
  updatePlain(): void;
  answer(reply: Buffer): void;
  destroy(reason: string, level?: number): void;
}

type Mode = 'assemble' | 'wait' | 'stream' | 'discard';

/** Whether plain requests of this command are forwarded, though others are refused. */
export function mayForward({ forwards }: Pick<LargeRequester, 'forwards'>, info: number): boolean {
  return forwards[info & NO_COMMAND] === FORWARD;
}

/**
 * A request too large for the receive window. It is assembled on the heap up to
 * `max_assembled_request`; beyond that the body of a plain command is streamed over a leased bulk
 * connection, and anything else is discarded with an error.
 */
export class LargeRequest implements LeaseWaiter<Server>, ConnectionHolder, Timed {
  readonly #engine: Engine;
  readonly #client: LargeRequester;
  #mode: Mode = 'assemble';
  #buffer: Buffer;
  #length = 0;
  #server: Server | null = null;
  #waitsFor: Server | null = null;
  #connection: BackendConnection | null = null;
  /** Takes the reply to its body, where that is not simply handed on. */
  #reply: BodyReply | null = null;
  /** The reply for a discarded request; null when one was already given. */
  #error: Buffer | null = null;
  #complete = false;
  readonly #ownerWait: OwnerWait;
  #progress: number;
  timerAt = 0;
  /** What the server had still to take at the last deadline. */
  #pendingBefore = -1;

  /** @param expected bytes the request has at least */
  constructor(engine: Engine, client: LargeRequester, expected: number) {
    this.#engine = engine;
    this.#client = client;
    const limit = client.pool.config.maxAssembledRequest;
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(expected, limit));
    this.#progress = engine.now;
    this.#ownerWait = new OwnerWait(client);
  }

  get lane(): Lane {
    return laneOf(this.#client);
  }

  get isStreaming(): boolean {
    return this.#mode === 'stream' || this.#mode === 'wait';
  }

  /** The client must not be read before the bulk connection is there or has taken more. */
  get mustWait(): boolean {
    if (this.#mode === 'wait' || this.#ownerWait.active) return true;
    const connection = this.#connection;
    if (this.#mode !== 'stream' || connection === null) return false;
    return connection.out.pendingBytes > BULK_OUTPUT_LIMIT;
  }

  get bufferedBytes(): number {
    return this.#mode === 'assemble' || this.#mode === 'wait' ? this.#length : 0;
  }

  /** Takes the next bytes of the request from the arena. */
  take(start: number, length: number): void {
    this.#progress = this.#engine.now;
    if (this.#mode === 'discard' || length === 0) return;
    if (this.#mode === 'stream') {
      this.#connection?.sendBody(start, length);
      if (this.mustWait) this.#engine.deadlines.arm(this, this.nextDeadline());
      return;
    }
    if (this.#length + length > this.#buffer.length) this.#grow(length);
    this.#engine.memory.copy(this.#buffer, this.#length, start, start + length);
    this.#length += length;
  }

  #grow(length: number): void {
    const size = Math.max(this.#length + length, this.#buffer.length * 2);
    const grown = Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }

  /**
   * What is known after a scan: the request has at least `missing` bytes more. Decides when it
   * becomes too large to assemble.
   * @param server where it goes, null when it is not a plain request or its key is not known
   */
  expect(missing: number, server: Server | null, info: number): void {
    if (!this.#isTooLong(missing)) return;
    const limit = this.#client.pool.config.maxAssembledRequest;
    if (server === null) {
      this.#client.pool.counters[REQUESTS_TOO_LARGE]++;
      this.discard(this.#client.protocol.tooLarge(limit, info));
      return;
    }
    this.#mode = 'wait';
    this.#server = server;
    this.tryStart();
  }

  /** As expect(), by the scan state of an unfinished request. */
  expectRest(saved: SavedState): void {
    if (this.#lacksOwner(saved)) return;
    const server = serverOf(saved);
    const info = infoOf(saved);
    const routed = this.#isPlain(info) && (info & FLAG_SPECIAL) === 0 && server !== NO_SERVER;
    const to = routed ? (this.#client.pool.servers[server] ?? null) : null;
    const rest = scannedBytes(saved) + missingBytes(saved);
    if (server === NO_SERVER && this.#isTooLong(rest) && this.#hasNoServer(saved)) {
      this.#client.pool.counters[FORWARD_ERROR]++;
      this.discard(this.#client.pool.protocol.failure(this.#client.pool.nowhere));
    } else {
      this.expect(rest, to, info);
    }
  }

  #lacksOwner(saved: SavedState): boolean {
    return this.#mode === 'assemble' && this.#ownerWait.look(saved, this.#isPlain(infoOf(saved)));
  }

  #isTooLong(rest: number): boolean {
    const { maxAssembledRequest } = this.#client.pool.config;
    return this.#mode === 'assemble' && this.#length + rest > maxAssembledRequest;
  }

  /** It would be streamed, but nobody has its slot, or all servers are out of the ring. */
  #hasNoServer(saved: SavedState): boolean {
    const { slots, liveServers } = this.#client.pool;
    const info = infoOf(saved);
    if ((info & FLAG_SPECIAL) !== 0 || !this.#isPlain(info)) return false;
    return liveServers.length === 0 || (slots !== null && isKeyNowhere(saved));
  }

  /** Its client may have it streamed: nothing needs to be looked at but its key. */
  #isPlain(info: number): boolean {
    const client = this.#client;
    if (client.plain || mayForward(client, info)) return true;
    const { head } = this;
    if (client.gate === null || !client.forwards[info & NO_COMMAND] || head === null) return false;
    return client.gate.passesHead(info & NO_COMMAND, head);
  }

  /** The beginning of a request whose server may still change; null when that is settled. */
  get head(): Buffer | null {
    const open = this.#mode === 'assemble' || this.#mode === 'wait';
    return open ? this.#buffer.subarray(0, this.#length) : null;
  }

  /** The configuration was read again: its key may go to another server. */
  reroute(saved: SavedState): void {
    const { head } = this;
    if (head === null || (serverOf(saved) === NO_SERVER && !this.#ownerWait.active)) return;
    const server = this.#client.pool.serverOfHead(head);
    setServer(saved, server);
    if (server !== NO_SERVER) this.redirect(this.#client.pool.servers[server]);
  }

  /** The request's key goes to another server. */
  redirect(server: Server): void {
    if (this.#mode !== 'wait' || this.#waitsFor === server) return;
    this.#waitsFor?.bulk.cancel(this);
    this.#waitsFor = null;
    this.#server = server;
    this.tryStart();
  }

  get leasedFrom(): Server {
    return this.#waitsFor as Server;
  }

  /** Its client has to log in first: only a body that is under way already may go on. */
  refuse(error: Buffer): void {
    if (this.head === null) return;
    this.#waitsFor?.bulk.cancel(this);
    this.#waitsFor = null;
    this.#server = null;
    this.discard(error);
  }

  discard(error: Buffer | null): void {
    this.#mode = 'discard';
    this.#ownerWait.end();
    this.#error = error;
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
  }

  /** Something was answered, or more is known. @param saved of the unfinished request */
  goOn(saved: SavedState | null): void {
    // What was not decided then is now: its end may be here.
    if (saved !== null && this.#ownerWait.isOver) this.expectRest(saved);
    this.tryStart();
  }

  /** Leases a connection once all earlier requests of the client are answered. */
  tryStart(): void {
    if (this.#mode !== 'wait' || this.#server === null) return;
    if (this.#client.pipeline.outstanding !== 0) return;
    const server = this.#server;
    this.#server = null;
    this.#waitsFor = server;
    const { router, pool } = this.#client;
    if (router.leaseBulk(this)) return;
    this.#waitsFor = null;
    pool.counters[FORWARD_ERROR]++;
    this.discard(pool.protocol.failure(router.reason));
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  onLease(connection: BackendConnection): void {
    const client = this.#client;
    if (client.closed) throw new Error('a client that is gone waits for a connection');
    this.#mode = 'stream';
    this.#connection = connection;
    connection.holder = this;
    const begun = this.#buffer.subarray(0, this.#length);
    client.audit?.noteLarge(client, begun);
    const target = client.protocol.bodyReply(client, connection);
    this.#reply = target;
    if (target === null) connection.sendBuffer(begun, client.id, client.claims.begin());
    else {
      connection.out.append(begun);
      connection.sentFor(target, begun.length, { bytes: begun, start: 0, length: begun.length });
    }
    this.#buffer = Buffer.alloc(0);
    this.#progress = millis();
    this.#engine.deadlines.arm(this, this.#progress + BULK_STALL_MS);
    this.#engine.turn.markClient(client);
  }

  onWritable(): void {
    const connection = this.#connection;
    if (connection?.closed) {
      // Its error was delivered with what was in flight; the rest of the body has no use.
      this.#release();
      if (!this.#complete) {
        this.#mode = 'discard';
        this.#error = null;
      }
    }
    this.#engine.turn.markClient(this.#client);
  }

  /** The server has answered all that it got of it. */
  onIdle(): void {
    this.#engine.turn.markClient(this.#client);
  }

  /** The server answered before it had the whole body: that reply stands, the rest is discarded. */
  checkEarlyReply(): void {
    const connection = this.#connection;
    if (this.#mode !== 'stream' || this.#complete || connection === null) return;
    if (connection.inFlight.count !== 0) return;
    this.#release();
    connection.close();
    this.#mode = 'discard';
    this.#error = null;
  }

  /** The last byte was taken. @returns the whole request when it was assembled */
  finish(): Buffer | null {
    // One that has answered without the last of it is about to end its connection.
    this.checkEarlyReply();
    this.#complete = true;
    if (this.#mode === 'assemble') return this.#buffer.subarray(0, this.#length);
    if (this.#mode === 'discard') {
      if (this.#error !== null) this.#refuse(this.#error);
      return null;
    }
    if (this.#mode === 'stream') {
      const connection = this.#connection as BackendConnection;
      this.#release();
      connection.bodyComplete();
    }
    return null;
  }

  /** The error for a request that was never looked into, unless the client hears no replies. */
  #refuse(error: Buffer): void {
    const client = this.#client;
    const { session } = client;
    session.failTransaction();
    if (session.replies === 'on') {
      client.answer(error);
    } else if (session.replies === 'skip') {
      session.replies = 'on';
      session.muted = false;
      client.updatePlain();
    }
  }

  #release(): void {
    if (this.#connection !== null) this.#connection.holder = null;
    this.#connection = null;
    this.#engine.deadlines.forget(this);
  }

  nextDeadline(): number {
    if (this.#mode !== 'stream' || this.#complete) return 0;
    const { timeoutMs } = this.#client.pool.config;
    return this.#progress + (this.mustWait && timeoutMs > 0 ? timeoutMs : BULK_STALL_MS);
  }

  onDeadline(): void {
    const connection = this.#connection;
    if (this.#client.rates?.waiting) {
      this.#progress = millis();
      return;
    }
    if (connection !== null && this.mustWait) {
      this.#progress = millis();
      const { pendingBytes } = connection.out;
      if (pendingBytes === this.#pendingBefore) {
        connection.fail(failureOf(FAILURE_TIMEOUT));
        return;
      }
      this.#pendingBefore = pendingBytes;
      return;
    }
    this.#client.destroy('the body of its large request stands still', LOG_NOTICE);
  }

  /** The client is gone: half a request must not stay on a connection. */
  drop(): void {
    const connection = this.#connection;
    this.#waitsFor?.bulk.cancel(this);
    this.#release();
    if (connection !== null && !this.#complete) {
      connection.abandon();
      this.#reply?.abandon();
    }
    this.#mode = 'discard';
    this.#ownerWait.end();
    this.#error = null;
    this.#buffer = Buffer.alloc(0);
  }
}
