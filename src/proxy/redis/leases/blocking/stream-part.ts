import { FLAG_LAST } from '../../../../protocol/frame-table.ts';
import * as replies from '../../../../protocol/redis/replies/replies.ts';
import { withoutAttributes } from '../../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection, ConnectionHolder } from '../../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../../backend/in-flight.ts';
import type { Lane } from '../../../backend/lane.ts';
import type { LeaseWaiter } from '../../../backend/leases.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import type { ReplyClaim } from '../../../engine/receiver.ts';
import { laneOf } from '../../../pool/lanes.ts';
import type { Server } from '../../../pool/server.ts';
import { HeldConnection } from './held-connection.ts';
import { type Interrupted, Interruption } from './interruption.ts';
import type { LastIds } from './last-ids.ts';
import type { BlockedConnection } from './unblock-order.ts';

/** The request of which it is a part. */
export interface PartOwner {
  readonly client: ClientConnection;
  readonly claim: ReplyClaim;
  readonly time: { readonly patience: number };
  /** Null when it names no newest entry. */
  readonly lastIds: LastIds | null;
  /** @returns a copy, null when no more may be kept */
  keep(start: number, length: number): Buffer | null;
  /** A part is over. */
  onSettled(): void;
  onException(error: unknown): void;
}

/** What one server is asked of a request that waits at several. */
export class StreamPart implements LeaseWaiter<Server>, ConnectionHolder, ReplyTarget, Interrupted {
  readonly distrusts = false;
  readonly leasedFrom: Server;
  readonly #owner: PartOwner;
  readonly #request: Buffer;
  readonly #connection: HeldConnection;
  #pieces: Buffer[] = [];
  /** Instead of what has come. */
  #failure: Buffer | null = null;
  /** It has its reply, or nobody wants one. */
  over = false;
  #interruption: Interruption | null = null;

  /** @param request must not change any more */
  constructor(owner: PartOwner, server: Server, request: Buffer) {
    this.#owner = owner;
    this.leasedFrom = server;
    this.#request = request;
    this.#connection = new HeldConnection(server);
  }

  get client(): ClientConnection {
    return this.#owner.client;
  }

  get claim(): ReplyClaim {
    return this.#owner.claim;
  }

  get lane(): Lane {
    return laneOf(this.client);
  }

  /** It has no connection yet. */
  get waits(): boolean {
    return this.#connection.current === null && !this.over;
  }

  /** A complete reply, or the error in its place. */
  get reply(): Buffer {
    return this.#failure ?? withoutAttributes(Buffer.concat(this.#pieces));
  }

  onLease(connection: BackendConnection): void {
    if (this.client.closed) throw new Error('a client that is gone waits for a connection');
    this.#connection.take(connection, this, this.#owner.time.patience);
    this.#owner.lastIds?.ask(connection, this.leasedFrom, this.#request, () => {});
    connection.out.append(this.#request);
    connection.sentUnmeasured(this, this.#request.length);
  }

  onReply(start: number, length: number, info: number): void {
    if (this.over) return;
    const piece = this.#failure === null ? this.#owner.keep(start, length) : null;
    if (piece === null) this.#fail(replies.REPLY_TOO_LARGE);
    else this.#pieces.push(piece);
    if ((info & FLAG_LAST) !== 0) this.#settled();
  }

  #fail(error: Buffer): void {
    this.#failure = error;
    this.#pieces = [];
  }

  #settled(): void {
    this.over = true;
    this.#interruption?.stop();
    this.#owner.onSettled();
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    if (!this.over) this.settle(error);
  }

  /** It is answered with something of ringway's own. */
  settle(reply: Buffer): void {
    this.#fail(reply);
    this.#settled();
  }

  /** Its server is to say what it has. @param unsent its reply when it was not asked yet */
  interrupt(unsent: Buffer): void {
    if (this.over) return;
    if (this.waits) {
      this.client.pool.leases.cancel(this);
      this.settle(unsent);
    } else {
      this.#interruption ??= new Interruption(this);
    }
  }

  /** Its client is to end: see Interruption. */
  hurry(): void {
    this.#interruption?.hurry();
  }

  get blockedAt(): BlockedConnection | null {
    return this.#connection.blockedAt;
  }

  onUnblocking(): () => void {
    return this.#connection.onUnblocking();
  }

  onException(error: unknown): void {
    this.#owner.onException(error);
  }

  onWritable(): void {}

  /** All that was asked for is there: somebody else may have the connection. */
  onIdle(): void {
    if (this.over) this.#connection.giveBack();
  }

  /** Nobody wants it any more. */
  drop(): void {
    if (this.waits) this.client.pool.leases.cancel(this);
    const runs = !this.over;
    this.over = true;
    this.#interruption?.stop();
    // What a server still has to say is nobody's; what it has said is there.
    if (runs) this.#connection.release()?.abandon();
  }
}
