import { ACK_REQUEST_MS } from '../../../../limits.ts';
import { FLAG_LAST } from '../../../../protocol/frame-table.ts';
import { encodeText } from '../../../../protocol/redis/replies/encode.ts';
import type { BackendConnection, ConnectionHolder } from '../../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../../backend/in-flight.ts';
import type { Lane } from '../../../backend/lane.ts';
import type { LeaseWaiter } from '../../../backend/leases.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import type { Server } from '../../../pool/server.ts';
import { type Interrupted, Interruption } from './interruption.ts';
import { ServerId } from './server-id.ts';
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
  #connection: BackendConnection | null = null;
  over = false;
  #interruption: Interruption | null = null;
  #unblocking = 0;
  /** Who has written more since it was sent. */
  #next: ClientConnection | null = null;

  constructor(client: ClientConnection, server: Server) {
    this.client = client;
    this.leasedFrom = server;
  }

  /** Any user may have another database; what is asked here is about none. */
  get lane(): Lane {
    return this.leasedFrom.pool.lanes.first;
  }

  again(client: ClientConnection): void {
    if (this.#connection !== null) this.#next = client;
  }

  onLease(connection: BackendConnection): void {
    this.#connection = connection;
    connection.holder = this;
    ServerId.of(connection);
    connection.patience = ACK_REQUEST_MS;
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
    const id = ServerId.known(this.#connection);
    return id === null ? null : { server: this.leasedFrom, id };
  }

  onUnblocking(): () => void {
    this.#unblocking++;
    return () => {
      this.#unblocking--;
    };
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

  /** Somebody else may have the connection, unless he would be unblocked in its place. */
  onIdle(): void {
    const connection = this.#connection;
    if (!this.over || connection === null) return;
    this.#connection = null;
    connection.holder = null;
    connection.patience = 0;
    if (this.#unblocking > 0) connection.close();
    else connection.owner.onIdle(connection);
  }
}
