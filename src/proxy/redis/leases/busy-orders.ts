import { REPLY_TOO_LARGE } from '../../../protocol/redis/replies/replies.ts';
import { LEASES_REFUSED } from '../../../stats/counters.ts';
import type { BackendConnection, ConnectionHolder } from '../../backend/backend-connection.ts';
import type { Lane } from '../../backend/lane.ts';
import type { LeaseWaiter } from '../../backend/leases.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Detour } from '../../client/session/detour.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Server } from '../../pool/server.ts';
import { type GatheredReply, Gathering } from '../../routing/gathering.ts';
import { failureReply } from '../failure-reply.ts';

const WAITS_FOR_TURN = 0;
const RUNS = 1;
const OVER = 2;

/** One server's part: a connection for it alone, which nobody else gets afterwards. */
class OrderPart implements LeaseWaiter<Server>, ConnectionHolder {
  readonly leasedFrom: Server;
  readonly #client: ClientConnection;
  readonly #request: Buffer;
  readonly #reply: GatheredReply;
  #connection: BackendConnection | null = null;
  /** It has no connection yet. */
  waits = true;

  constructor(client: ClientConnection, request: Buffer, reply: GatheredReply) {
    this.#client = client;
    this.#request = request;
    this.#reply = reply;
    this.leasedFrom = reply.server;
  }

  get lane(): Lane {
    return laneOf(this.#client);
  }

  lease(): void {
    const { router } = this.#client;
    if (!router.leaseForOrder(this)) this.refuse(failureReply(router.reason));
  }

  onLease(connection: BackendConnection): void {
    if (this.#client.closed) throw new Error('a client that is gone waits for a connection');
    const request = this.#request;
    this.waits = false;
    this.#connection = connection;
    connection.holder = this;
    connection.out.append(request);
    const head = { bytes: request, start: 0, length: request.length };
    connection.sentFor(this.#reply, request.length, head);
  }

  /** It is answered so, and not asked. */
  refuse(error: Buffer): void {
    if (!this.waits) return;
    this.waits = false;
    this.#client.pool.orders.cancel(this);
    this.#reply.onFailure(error);
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  onWritable(): void {}

  onIdle(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    connection.holder = null;
    connection.owner.onIdle(connection);
  }

  /** Nobody hears what the server says. */
  drop(): void {
    if (this.waits) this.#client.pool.orders.cancel(this);
    this.waits = false;
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    connection.holder = null;
    connection.abandon();
  }
}

/**
 * A request that servers hear even while they are busy with a script: on the connection that the
 * script came by they read nothing, so each is asked over a connection of its own. Servers that
 * keep failing are asked as well: that may be why.
 */
export class BusyOrders implements Detour, Timed {
  readonly blocked = false;
  readonly claim: Claim;
  readonly #client: ClientConnection;
  readonly #parts: readonly OrderPart[];
  #state = WAITS_FOR_TURN;
  #waitsUntil = 0;
  timerAt = 0;

  /**
   * @param request must not change any more
   * @param done gets what the servers say, and settles the claim; not called for one that is gone
   */
  constructor(
    client: ClientConnection,
    servers: readonly Server[],
    request: Buffer,
    done: (replies: readonly GatheredReply[], claim: Claim) => void,
  ) {
    this.#client = client;
    this.claim = client.claims.claim();
    const all = new Gathering(client, this.claim, servers, REPLY_TOO_LARGE, (replies) => {
      this.#end();
      done(replies, this.claim);
    });
    this.#parts = all.replies.map((reply) => new OrderPart(client, request, reply));
    all.asked();
    client.barrier();
    client.session.detour = this;
    client.onAnswered();
  }

  advance(): void {
    if (this.#state !== WAITS_FOR_TURN || !this.claim.isNext) return;
    const { pool } = this.#client;
    this.#state = RUNS;
    this.#waitsUntil = millis() + pool.config.leaseWaitMs;
    pool.engine.deadlines.arm(this, this.#waitsUntil);
    for (const part of this.#parts) part.lease();
  }

  nextDeadline(): number {
    return this.#state === RUNS ? this.#waitsUntil : 0;
  }

  onDeadline(): void {
    const { pool, protocol } = this.#client;
    this.#waitsUntil = 0;
    for (const part of this.#parts) {
      if (!part.waits) continue;
      pool.counters[LEASES_REFUSED]++;
      part.refuse(protocol.noLease(part.leasedFrom.name));
    }
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  /** All is answered: the client's next request may be sent. */
  #end(): void {
    const { session, pool } = this.#client;
    if (session.detour === this) session.detour = null;
    this.#state = OVER;
    pool.engine.deadlines.forget(this);
  }

  reroute(): void {}

  endSoon(): void {}

  part(): void {}

  get rest(): null {
    return null;
  }

  get unheard(): boolean {
    return this.claim.unheard;
  }

  drop(): void {
    if (this.#state === OVER) return;
    this.#end();
    for (const part of this.#parts) part.drop();
    this.claim.forget();
  }
}
