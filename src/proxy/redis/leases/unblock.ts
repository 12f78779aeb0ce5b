import { FLAG_LAST, WHOLE } from '../../../protocol/frame-table.ts';
import { encodeText, integerReply } from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  errorOf,
  integerOf,
  withoutAttributes,
} from '../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Claim } from '../../client/claims.ts';
import { clientsOf } from '../../client/client-list.ts';
import { WAIT } from '../../client/router.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import type { Words } from '../words.ts';
import { BlockingRequest } from './blocking.ts';

const NUMBER_DIGITS = 19;
const NOBODY = integerReply(0);

/** CLIENT UNBLOCK id [TIMEOUT|ERROR]: the server that lets that client wait is asked to stop. */
export function unblock(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const reason = words.count > 3 ? words.text(3).toUpperCase() : 'TIMEOUT';
  if (words.count > 4) return answer(client, replies.wrongArity('CLIENT|UNBLOCK'));
  if (reason !== 'TIMEOUT' && reason !== 'ERROR') return answer(client, replies.UNBLOCK_REASON);
  const number = words.text(2);
  if (!isIntegerWord(number, NUMBER_DIGITS)) return answer(client, replies.NOT_AN_INTEGER);
  const target = clientsOf(client.pool).find(({ session }) => String(session.number) === number);
  const blocked = target?.session.detour;
  if (!(blocked instanceof BlockingRequest)) return answer(client, NOBODY);
  const found = blocked.unblock(reason === 'ERROR' ? replies.UNBLOCKED : null);
  if (typeof found === 'boolean') return answer(client, integerReply(found ? 1 : 0));
  const { router } = client;
  const connection = router.choose(client, found.server.index, client.lane, request.intent);
  if (connection === null) return router.verdict !== WAIT && client.failForward(router.reason);
  const bytes = encodeText('CLIENT', 'UNBLOCK', found.id, reason);
  const asked = new Unblock(connection, client.claims.claim(), blocked.onUnblocking());
  connection.out.append(bytes);
  connection.sentFor(asked, bytes.length, { bytes, start: 0, length: bytes.length });
  return true;
}

class Unblock implements ReplyTarget {
  readonly claim: Claim;
  readonly distrusts = false;
  readonly #connection: BackendConnection;
  readonly #done: () => void;

  constructor(connection: BackendConnection, claim: Claim, done: () => void) {
    this.#connection = connection;
    this.claim = claim;
    this.#done = done;
  }

  onReply(start: number, length: number, info: number): void {
    if ((info & FLAG_LAST) === 0) return;
    this.#done();
    const { memory } = this.#connection.owner.pool.engine;
    const whole = (info & WHOLE) === WHOLE;
    const reply = whole ? Buffer.from(memory.subarray(start, start + length)) : INVALID;
    const body = withoutAttributes(reply);
    this.claim.deliver(integerOf(body) === null ? (errorOf(body) ?? INVALID) : body);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    this.#done();
    this.claim.deliver(error);
  }
}
