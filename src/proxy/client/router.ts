import type { BackendConnection } from '../backend/backend-connection.ts';
import type { Failure } from '../backend/failure.ts';
import type { LeaseWaiter } from '../backend/leases.ts';
import type { ReplyReceiver } from '../engine/receiver.ts';
import type { Pool } from '../pool/pool.ts';
import type { Server } from '../pool/server.ts';
import type { LastWrite } from './session/last-write.ts';

/** Whoever has a request to send. */
export interface Requester extends ReplyReceiver {
  readonly pool: Pool;
  /** Index of its lane: which connections of a server its requests take. */
  readonly lane: number;
}

/** Whoever has one that a replica may answer. */
export interface Reader extends Requester {
  /** It has logged in, and its requests mean what they usually do. */
  readonly usual: boolean;
  readonly protocol: { isRead(command: number): boolean };
  readonly session: { lastWrite: LastWrite | null; readonly watch: number };
  readonly pipeline: { readonly head: number; readonly tail: number };
}

/**
 * A connection that has to take more first is waited for, and a server of which it will be known in
 * a moment whether it is back: the request stays where it is.
 */
export const MAY_WAIT = 0;
/**
 * The request cannot be put back: it is sent even to a connection that has much to take, and fails
 * where there is none.
 */
export const MUST_SEND = 1;

/** The connection has to take more first, or to be there; the client goes on when that is so. */
export const WAIT = 1;
/** No server has the key. */
export const NOWHERE = 2;
/** There is no connection to the server. */
export const FAILED = 3;

/** Decides where a request goes, and whether it may go now. The only place that does. */
export interface Router {
  /** Why the last call gave no connection: WAIT, NOWHERE or FAILED. */
  readonly verdict: number;
  /** Why, unless the client waits. */
  readonly reason: Failure;
  /** Of the last chooseAll() or chooseParts(), by the place of a server: why it gave none. */
  readonly reasons: readonly Failure[];
  /** Of a request that is cut at once: the server of each part. Null but while it is sent. */
  readonly partServers: (Server | null)[];
  /** The connection to each of them, or null. */
  readonly partConnections: (BackendConnection | null)[];
  /**
   * The connection for a request to one server of the client's pool.
   * @param server its index, or NO_SERVER @param lane index @param intent MAY_WAIT or MUST_SEND
   * @returns null when it cannot go now; `verdict` says why
   */
  choose(client: Requester, server: number, lane: number, intent: number): BackendConnection | null;
  /** To a server of the client's pool, or one that has left it and still has connections. */
  reach(client: Requester, server: Server, lane: number): BackendConnection | null;
  /** As choose(), for a request that only reads: a replica may answer it. */
  chooseReader(
    client: Reader,
    server: number,
    lane: number,
    intent: number,
  ): BackendConnection | null;
  /**
   * As choose(), where replicas are read: a command that does may go to one, any other is noted.
   * @param command its index, or NO_COMMAND
   */
  chooseFor(client: Reader, server: number, command: number): BackendConnection | null;
  /**
   * The next request of the client may write: where replicas are read, what it reads for a while
   * comes from the master.
   */
  noteWrite(client: Reader): void;
  /**
   * The connection to each of the servers of one request, null where there is none; none of them is
   * closed to make room for another. `reasons` says why. @param reads replicas may answer it
   * @returns null when one of them has to take more first, or all that are missing are looked for
   */
  chooseAll(
    client: Reader,
    servers: readonly Server[],
    lane: number,
    intent: number,
    reads?: boolean,
  ): (BackendConnection | null)[] | null;
  /**
   * As chooseAll() on the client's own lane, of the first `count` of `partServers`, into
   * `partConnections`.
   * @returns false when the request has to wait
   */
  chooseParts(client: Reader, count: number, intent: number, reads: boolean): boolean;
  /**
   * Asks a server for a connection of its own for a client's request.
   * @returns false when there is none to be had; `reason` says why
   */
  lease(waiter: LeaseWaiter<Server>): boolean;
  /** As lease(), for what a server hears while it is busy: also of one that keeps failing. */
  leaseForOrder(waiter: LeaseWaiter<Server>): boolean;
  /**
   * As lease(), of the server's connections for large requests.
   * @throws what the waiter or an attempt to connect does
   */
  leaseBulk(waiter: LeaseWaiter<Server>): boolean;
  /** Sends a read, described by the record at this word index, so that it can be sent again. */
  sendRepeatable(client: Requester, connection: BackendConnection, record: number): void;
}
