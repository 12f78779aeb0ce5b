import { FLAG_LAST, WHOLE } from '../../../protocol/frame-table.ts';
import { encodeText, integerReply } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  errorOf,
  integerOf,
  withoutAttributes,
} from '../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import { clientsOf } from '../../client/client-list.ts';
import { MUST_SEND } from '../../client/router.ts';
import type { Pool } from '../../pool/pool.ts';
import { failureReply, INVALID } from '../failure-reply.ts';
import { BlockingRequest } from './blocking.ts';

/** Told once, with a complete reply. */
type Settle = (reply: Buffer) => void;

/**
 * CLIENT UNBLOCK of a client of this process: the server that lets it wait is asked to stop.
 * @param number of the client @param reason TIMEOUT or ERROR
 * @returns false when no such client is blocked here
 */
export function unblockHere(pool: Pool, number: string, reason: string, settle: Settle): boolean {
  const target = clientsOf(pool).find(({ session }) => String(session.number) === number);
  const blocked = target?.session.detour;
  if (target === undefined || !(blocked instanceof BlockingRequest)) return false;
  const found = blocked.unblock(reason === 'ERROR' ? replies.UNBLOCKED : null);
  if (typeof found === 'boolean') {
    settle(integerReply(found ? 1 : 0));
    return true;
  }
  const { router } = target;
  const connection = router.choose(target, found.server.index, target.lane, MUST_SEND);
  if (connection === null) {
    settle(failureReply(router.reason));
    return true;
  }
  const bytes = encodeText('CLIENT', 'UNBLOCK', found.id, reason);
  const asked = new Unblock(connection, settle, blocked.onUnblocking());
  connection.out.append(bytes);
  connection.sentFor(asked, bytes.length, { bytes, start: 0, length: bytes.length });
  return true;
}

class Unblock implements ReplyTarget {
  readonly claim = null;
  readonly distrusts = false;
  readonly #connection: BackendConnection;
  readonly #settle: Settle;
  readonly #done: () => void;

  constructor(connection: BackendConnection, settle: Settle, done: () => void) {
    this.#connection = connection;
    this.#settle = settle;
    this.#done = done;
  }

  onReply(start: number, length: number, info: number): void {
    if ((info & FLAG_LAST) === 0) return;
    this.#done();
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
    this.#done();
    this.#settle(error);
  }
}
