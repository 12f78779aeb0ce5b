import { ACK_REQUEST_MS } from '../../../../limits.ts';
import { FLAG_LAST } from '../../../../protocol/frame-table.ts';
import { encodeText } from '../../../../protocol/redis/replies/encode.ts';
import type { BackendConnection, ConnectionHolder } from '../../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../../backend/in-flight.ts';
import type { Lane } from '../../../backend/lane.ts';
import type { LeaseWaiter } from '../../../backend/leases.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import type { Server } from '../../../pool/server.ts';
import { HeldConnection } from './held-connection.ts';
import { type Interrupted, Interruption } from './interruption.ts';
import type { BlockedConnection } from './unblock-order.ts';

/** More replicas than there are: a server that waits for them asks each how far it is. */
const REQUEST = encodeText('WAIT', '2147483647', String(ACK_REQUEST_MS));

const requests: WeakMap<Server, AckRequest> = new WeakMap();

/**
 * Has a server ask its replicas how far they are, behind all that it has told them by now: else
 * they say so once a second. Only a server that lets somebody wait asks them, so it does that for
 * a moment, on a connection of its own.
 * @param client for whose sake
 */
export function requestAcks(client: ClientConnection, server: Server): void {
  const known = requests.get(server);
  if (known !== undefined) {
    known.again(client);
    return;
  }
  const request = new AckRequest(client, server);
  requests.set(server, request);
  if (!client.router.lease(request)) requests.delete(server);
}

/** One per server at a time. */
class AckRequest implements LeaseWaiter<Server>, ConnectionHolder, ReplyTarget, Interrupted {
  readonly claim = null;
  readonly distrusts = false;
  readonly client: ClientConnection;
  readonly leasedFrom: Server;
  readonly #connection: HeldConnection;
  over = false;
  #interruption: Interruption | null = null;
  /** Who has written more since it was sent. */
  #next: ClientConnection | null = null;

  constructor(client: ClientConnection, server: Server) {
    this.client = client;
    this.leasedFrom = server;
    this.#connection = new HeldConnection(server);
  }

  /** Any user may have another database; what is asked here is about none. */
  get lane(): Lane {
    return this.leasedFrom.pool.lanes.first;
  }

  again(client: ClientConnection): void {
    if (this.#connection.current !== null) this.#next = client;
  }

  onLease(connection: BackendConnection): void {
    this.#connection.take(connection, this, ACK_REQUEST_MS);
    connection.out.append(REQUEST);
    connection.sentUnmeasured(this, REQUEST.length);
    this.#interruption = new Interruption(this);
  }

  onReply(_start: number, _length: number, info: number): void {
    if ((info & FLAG_LAST) !== 0) this.#end();
  }

  awaitsMore(): boolean {
    return false;
  }

  /** Replicas say by themselves how far they are, only later. */
  onFailure(): void {
    this.#end();
  }

  #end(): void {
    if (this.over) return;
    this.over = true;
    this.#interruption?.stop();
    requests.delete(this.leasedFrom);
    const next = this.#next;
    if (next !== null && !next.closed) requestAcks(next, this.leasedFrom);
  }

  get blockedAt(): BlockedConnection | null {
    return this.#connection.blockedAt;
  }

  onUnblocking(): () => void {
    return this.#connection.onUnblocking();
  }

  onException(error: unknown): void {
    const { engine } = this.leasedFrom.pool;
    engine.guard.note(
      `replicas of server ${this.leasedFrom.title} are asked how far they are`,
      error,
    );
    this.#end();
  }

  onWritable(): void {}

  onIdle(): void {
    if (this.over) this.#connection.giveBack();
  }
}
