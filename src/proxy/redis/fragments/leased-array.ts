import { FLAG_FIRST, FLAG_LAST } from '../../../protocol/frame-table.ts';
import { serverSaid } from '../../../protocol/redis/replies/replies.ts';
import { errorOf } from '../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection, ConnectionHolder } from '../../backend/backend-connection.ts';
import type { NotedRequest } from '../../backend/flight/noted-request.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Lane } from '../../backend/lane.ts';
import type { LeaseWaiter } from '../../backend/leases.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { wallMicros } from '../../engine/clock.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Server } from '../../pool/server.ts';
import { INVALID } from '../failure-reply.ts';

const ARRAY = 0x2a; // '*'
const LF = 0x0a;

/** The request that the array is a part of the reply to. */
export interface ArrayTaker {
  readonly claim: Claim;
  /** How many elements it has is known, or more of it is there. */
  onPart(): void;
  /** It will not come; `error` is a complete error reply. */
  onLost(error: Buffer): void;
  /** Its server took long until it began. */
  onNoted(part: NotedRequest): void;
  onException(error: unknown): void;
}

/**
 * An array that one server gives over a connection of its own. That stands still whenever nobody
 * takes the elements, so that no more is kept than one read brings.
 */
export class LeasedArray implements LeaseWaiter<Server>, ConnectionHolder, ReplyTarget {
  readonly distrusts = false;
  readonly leasedFrom: Server;
  readonly #client: ClientConnection;
  readonly #request: Buffer;
  readonly #taker: ArrayTaker;
  #connection: BackendConnection | null = null;
  /** Elements; -1 = not known yet. */
  count = -1;
  /** Elements, without the head, that wait for their turn. */
  #kept: Buffer[] = [];
  /** Bytes of it that have come. */
  bytes = 0;
  #over = false;
  /** When it was asked for, and sent, in microseconds. */
  readonly #asked: number;
  #sent = 0;

  /** @param request must not change any more */
  constructor(client: ClientConnection, server: Server, request: Buffer, taker: ArrayTaker) {
    this.#client = client;
    this.leasedFrom = server;
    this.#request = request;
    this.#taker = taker;
    this.#asked = client.pool.engine.micros;
  }

  get lane(): Lane {
    return laneOf(this.#client);
  }

  get claim(): Claim {
    return this.#taker.claim;
  }

  /** All of it has come, and been taken. */
  get isTaken(): boolean {
    return this.#over && this.#kept.length === 0;
  }

  get waits(): boolean {
    return this.#connection === null && !this.#over;
  }

  onLease(connection: BackendConnection): void {
    if (this.#client.closed) throw new Error('a client that is gone waits for a connection');
    const request = this.#request;
    this.#connection = connection;
    connection.holder = this;
    const { engine } = this.#client.pool;
    engine.readClock();
    this.#sent = engine.micros;
    connection.out.append(request);
    const head = { bytes: request, start: 0, length: request.length };
    connection.sentFor(this, request.length, head);
  }

  onReply(start: number, length: number, info: number, count: number): void {
    if (this.#over) return;
    const last = (info & FLAG_LAST) !== 0;
    const { engine } = this.#client.pool;
    let from = start;
    this.bytes += length;
    if ((info & FLAG_FIRST) !== 0) {
      this.#tellTimes();
      if ((info & 0xff) !== ARRAY || engine.bytes[start] !== ARRAY) {
        this.#fail(last ? engine.copyOf(start, length) : INVALID);
        return;
      }
      this.count = count;
      from = engine.bytes.indexOf(LF, start) + 1;
    }
    if (start + length > from) this.#kept.push(engine.copyOf(from, start + length - from));
    this.#client.pipeline.hold(start + length - from);
    if (last) this.#over = true;
    else this.#connection?.standStill();
    this.#taker.onPart();
  }

  #fail(reply: Buffer): void {
    this.drop();
    const error = errorOf(reply);
    this.#taker.onLost(error === null ? INVALID : serverSaid(this.leasedFrom.name, error));
  }

  /** What a server takes until it begins is its own time; the rest is its client's pace. */
  #tellTimes(): void {
    const { engine, notes } = this.#client.pool;
    const totalMicros = (engine.micros - this.#asked) | 0;
    if (notes === null) return;
    const traced = notes.traces && notes.samples(this.#asked, this.#client.id, 0);
    if (!traced && totalMicros < notes.slowMicros) return;
    const { host, port, path } = this.leasedFrom.config;
    this.#taker.onNoted({
      head: this.#request,
      client: this.#client.address,
      clientName: this.#client.name,
      server: this.leasedFrom.name,
      host: path === '' ? host : path,
      port,
      totalMicros,
      serverMicros: (engine.micros - this.#sent) | 0,
      endedAt: wallMicros(),
      traced,
      failure: null,
    });
  }

  /** Queues for the client what is there, and lets more come. */
  pass(): void {
    const { pipeline } = this.#client;
    for (const piece of this.#kept) {
      pipeline.free(piece.length);
      pipeline.out.append(piece);
    }
    this.#kept = [];
    if (!this.#over) this.#connection?.resume();
  }

  /** Said when it began: this goes at its client's pace. */
  onNoted(): void {}

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    if (this.#over) return;
    this.#release();
    this.#taker.onLost(error);
  }

  onException(error: unknown): void {
    this.#taker.onException(error);
  }

  onWritable(): void {}

  /** All that was asked for is there: somebody else may have the connection. */
  onIdle(): void {
    const connection = this.#connection;
    this.#release();
    connection?.owner.onIdle(connection);
  }

  #release(): void {
    this.#over = true;
    if (this.#connection !== null) this.#connection.holder = null;
    this.#connection = null;
  }

  /** Nobody wants it any more. */
  drop(): void {
    const connection = this.#connection;
    if (this.waits) this.#client.pool.leases.cancel(this);
    this.#release();
    for (const piece of this.#kept) this.#client.pipeline.free(piece.length);
    this.#kept = [];
    connection?.abandon();
  }
}
