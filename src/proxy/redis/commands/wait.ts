import { WAIT_POLL_MAX_MS, WAIT_POLL_MS, WAIT_UNREAD_MS } from '../../../limits.ts';
import { NO_SERVER } from '../../../protocol/frame-table.ts';
import { encodeText, integerReply } from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { integerOf } from '../../../protocol/redis/replies/reply-parts.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MUST_SEND } from '../../client/router.ts';
import { exactMillis } from '../../engine/clock.ts';
import { laneKey, laneOf } from '../../pool/lanes.ts';
import { forward } from '../../routing/forward.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import { type Answer, askAgain, askServers, type Question } from '../server-answers.ts';
import type { Words } from '../words.ts';

const DIGITS = 18;
/** More replicas than any server has. */
const MOST_REPLICAS = 1n << 31n;

/**
 * WAIT: the smallest count of replicas that have taken what this client wrote, over the servers
 * that are in the ring. Servers share their
 * connections, so they are asked again and again instead of letting them wait. As in Redis, what
 * the client sends behind it waits, so that a client has one WAIT at a time; one with so much
 * behind it that it is not read any more ends after WAIT_UNREAD_MS.
 */
export function wait(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const [replicas, timeout] = words.texts(1);
  if (!isIntegerWord(replicas, DIGITS)) return answer(client, replies.NOT_AN_INTEGER);
  if (!isIntegerWord(timeout, DIGITS)) {
    return answer(client, replies.NOT_A_TIMEOUT);
  }
  if (Number(timeout) < 0) return answer(client, replies.NEGATIVE_TIMEOUT);
  const wanted = Number(replicas);
  const until = Number(timeout) === 0 ? Infinity : exactMillis() + Number(timeout);
  const servers = client.pool.liveServers;
  if (client.pool.servers.length === 0) return forward(request, NO_SERVER);
  if (servers.length === 0) return client.failForward(client.pool.servers[0].lastFailure);
  const bytes = encodeText('WAIT', '0', '0');
  const madeOn = laneKey(laneOf(client));
  let pause = WAIT_POLL_MS;
  // To be asked puts a connection behind all that its server has written so far: what this client
  // wrote over another one counts from the second time on.
  let isFirst = client.session.leased;
  client.session.leased = false;
  const take = (answers: readonly Answer[], claim: Claim): void => {
    const least = leastOf(answers);
    if (typeof least !== 'number') return void claim.deliver(least);
    if (isFirst) {
      isFirst = false;
      const lane = client.pool.lanes.again(madeOn);
      const again: Question = { request: { ...request, intent: MUST_SEND }, servers, bytes, lane };
      if (lane >= 0 && askAgain(again, claim, (more) => take(more, claim))) return;
    }
    const left = until - exactMillis();
    const over = least >= wanted || left <= 0 || mayHaveLeft(client);
    if (over) return void claim.deliver(integerReply(least));
    setTimeout(
      client.pool.engine.guard.bind(client, () => {
        if (client.closed) return void claim.forget();
        // All that had come was read, and there was no end.
        if (!client.unread) client.session.unseen = false;
        const lane = client.pool.lanes.again(madeOn);
        const again: Question = {
          request: { ...request, intent: MUST_SEND },
          servers,
          bytes,
          lane,
        };
        const mayAsk = lane >= 0 && !mayHaveLeft(client);
        const asked = mayAsk && askAgain(again, claim, (more) => take(more, claim));
        if (!asked) claim.deliver(integerReply(least));
      }),
      Math.min(pause, left),
    );
    pause = Math.min(pause * 2, WAIT_POLL_MAX_MS);
  };
  const asked = askServers({ request, servers, bytes, lane: client.lane }, take);
  if (asked) client.barrier();
  return asked;
}

/**
 * Who has left, or may have while nothing is read, or is about to be closed, hears at once; so do
 * the WAITs behind that one, or each would hide the end for as long again.
 */
function mayHaveLeft(client: ClientConnection): boolean {
  if (client.leaves) return true;
  if (!client.unread) return false;
  const { session } = client;
  session.unseen ||= exactMillis() - client.lastRead >= WAIT_UNREAD_MS;
  return session.unseen;
}

/** The smallest number, or an error. */
function leastOf(answers: readonly Answer[]): number | Buffer {
  let least = MOST_REPLICAS;
  for (const { body, error } of answers) {
    if (error !== null) return error;
    const count = integerOf(body);
    if (count === null || count < 0n || count > MOST_REPLICAS) return INVALID;
    if (count < least) least = count;
  }
  return Number(least);
}
