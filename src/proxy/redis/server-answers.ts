import { NO_SERVER } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { errorOf, withoutAttributes } from '../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { Claim } from '../client/claims.ts';
import { MUST_SEND } from '../client/router.ts';
import type { Kept } from '../client/stored-reply.ts';
import type { Server } from '../pool/server.ts';
import { forward } from '../routing/forward.ts';
import { type GatheredReply, Gathering } from '../routing/gathering.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { failureReply, INVALID } from './failure-reply.ts';

/** What one server said. */
export interface Answer {
  readonly server: Server;
  /** A complete reply, as it came; an error when the server could not be asked. */
  readonly reply: Buffer;
  /** The reply without RESP3's attributes in front of it. */
  readonly body: Buffer;
  /** The error line that it is; null when it is none. */
  readonly error: Buffer | null;
  /** The connection was lost before the reply came. */
  readonly lost: boolean;
}

/** What a server said, as it was gathered. */
export function answerOf(gathered: GatheredReply): Answer {
  const { server, lost, bytes: reply } = gathered;
  const body = withoutAttributes(reply);
  return { server, reply, body, error: errorOf(body), lost };
}

/** A request that several servers are asked for, and the slot its reply goes to. */
export interface Question {
  readonly request: SpecialRequest;
  readonly servers: readonly Server[];
  /** One request; must not change any more. */
  readonly bytes: Buffer;
  /** Index of the lane to ask on. */
  readonly lane: number;
  /** Of its keys in a cluster, where its words do not tell it. */
  readonly slot?: number | null;
  /** What is kept of the request until it is answered, and its bytes. */
  readonly kept?: readonly [Kept, number];
  /** Bytes of the answers that are kept; the client's output limit unless given. */
  readonly most?: number;
}

/** Whether it is what stands for an answer that was not kept. */
export function wasTooLarge({ reply }: Answer): boolean {
  return reply === replies.REPLY_TOO_LARGE;
}

/**
 * Asks the servers again for a request that was claimed already. `done` gets the answers, and must
 * see to it that the claim is settled; it is not called when the client has gone.
 * @returns null; or why one of them cannot be asked now, and then none of them is
 */
export function askAgain(
  question: Question,
  claim: Claim,
  done: (answers: Answer[]) => void,
): Buffer | null {
  const { request, servers, lane } = question;
  const { client } = request;
  // What was claimed cannot be put back, so that nobody is waited for.
  const chosen = client.router.chooseAll(client, servers, lane, MUST_SEND)!;
  const missing = chosen.indexOf(null);
  if (missing >= 0) return failureReply(client.router.reasons[missing]);
  send(question, chosen as BackendConnection[], claim, done);
  return null;
}

function send(
  { request, servers, bytes, most, slot = null }: Question,
  connections: readonly BackendConnection[],
  claim: Claim,
  done: (answers: Answer[]) => void,
): void {
  const head = { bytes, start: 0, length: bytes.length };
  const { client } = request;
  const tell = (gathered: readonly GatheredReply[]): void => done(gathered.map(answerOf));
  const gathering = new Gathering(client, claim, servers, replies.REPLY_TOO_LARGE, tell, most);
  connections.forEach((connection, i) => {
    gathering.replies[i].slot = slot;
    connection.out.append(bytes);
    connection.sentFor(gathering.replies[i], bytes.length, head);
  });
  gathering.asked();
}

/** No server is in the ring: the client hears what the first is out for, or that there is none. */
function askNobody(request: SpecialRequest): boolean {
  const { client } = request;
  const first = client.pool.servers.at(0);
  return first === undefined ? forward(request, NO_SERVER) : client.failForward(first.lastFailure);
}

/**
 * Whether a request that nodes of a cluster are asked whatever its slot has to wait: what its
 * client has asked before may be sent on to a node that has answered this one by then.
 */
export function mustBeAlone({ client, intent }: SpecialRequest): boolean {
  const { pool, pipeline } = client;
  if (pool.slots === null || intent === MUST_SEND || pipeline.outstanding === 0) return false;
  client.barrier();
  return true;
}

/**
 * Asks the servers; `done` gets what they said and the claim of the request, which it settles, at
 * once or later. It is not called when the client has gone.
 * @returns false when one of them has to take more before it can be asked
 */
export function askServers(
  question: Question,
  done: (answers: readonly Answer[], claim: Claim) => void,
): boolean {
  const { request, servers, lane } = question;
  const { client } = request;
  if (servers.length === 0) return askNobody(request);
  const chosen = client.router.chooseAll(client, servers, lane, request.intent);
  if (chosen === null) return false;
  const missing = chosen.indexOf(null);
  if (missing >= 0) return client.failForward(client.router.reasons[missing]);
  const claim = client.claims.claim();
  if (question.kept !== undefined) claim.keep(...question.kept);
  send(question, chosen as BackendConnection[], claim, (answers) => done(answers, claim));
  return true;
}

/**
 * Asks the servers and answers with what `join` makes of their replies.
 * @param join null = they do not say what such a request is answered with
 */
export function joinServers(
  question: Question,
  join: (answers: readonly Answer[]) => Buffer | null,
): boolean {
  return askServers(question, (answers, claim) => claim.deliver(join(answers) ?? INVALID));
}
