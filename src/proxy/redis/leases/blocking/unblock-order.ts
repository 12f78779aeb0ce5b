import { FLAG_LAST, WHOLE } from '../../../../protocol/frame-table.ts';
import { encodeText, integerReply } from '../../../../protocol/redis/replies/encode.ts';
import {
  errorOf,
  integerOf,
  withoutAttributes,
} from '../../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../../backend/in-flight.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import type { Server } from '../../../pool/server.ts';
import { failureReply, INVALID } from '../../failure-reply.ts';

/** Told once, with a complete reply. */
export type Settle = (reply: Buffer) => void;

/** A connection that its server lets wait. */
export interface BlockedConnection {
  readonly server: Server;
  /** Which the server has given to it. */
  readonly id: string;
}

/**
 * Asks a server to end what it lets a connection wait for. It may have left its pool: then it still
 * has connections as long as somebody waits there.
 * @param client for whose sake @param reason TIMEOUT or ERROR
 */
export function orderUnblock(
  client: ClientConnection,
  { server, id }: BlockedConnection,
  reason: string,
  settle: Settle,
): void {
  const { router, pool } = client;
  const connection = router.reach(client, server, pool.lanes.first.index);
  if (connection === null) {
    settle(failureReply(router.reason));
    return;
  }
  const bytes = encodeText('CLIENT', 'UNBLOCK', id, reason);
  connection.out.append(bytes);
  const head = { bytes, start: 0, length: bytes.length };
  connection.sentFor(new Unblock(connection, settle), bytes.length, head);
}

/** What is answered to who wants something unblocked that waits for no server. */
export function unblocked(yes: boolean): Buffer {
  return integerReply(yes ? 1 : 0);
}

class Unblock implements ReplyTarget {
  readonly claim = null;
  readonly distrusts = false;
  readonly #connection: BackendConnection;
  readonly #settle: Settle;

  constructor(connection: BackendConnection, settle: Settle) {
    this.#connection = connection;
    this.#settle = settle;
  }

  onReply(start: number, length: number, info: number): void {
    if ((info & FLAG_LAST) === 0) return;
    const { memory } = this.#connection.owner.pool.engine;
    const whole = (info & WHOLE) === WHOLE;
    const reply = whole ? Buffer.from(memory.subarray(start, start + length)) : INVALID;
    const body = withoutAttributes(reply);
    this.#settle(integerOf(body) === null ? (errorOf(body) ?? INVALID) : body);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    this.#settle(error);
  }
}
