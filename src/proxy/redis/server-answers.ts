import { FLAG_LAST } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { errorOf, withoutAttributes } from '../../protocol/redis/replies/reply-parts.ts';
import { FORWARD_ERROR } from '../../stats/counters.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Kept } from '../client/client-pipeline.ts';
import { MAY_WAIT, MUST_SEND } from '../client/router.ts';
import type { Server } from '../pool/server.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { INVALID } from './failure-reply.ts';

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

class Part implements ReplyTarget {
  readonly distrusts = false;
  readonly #all: ServerAnswers;
  readonly #server: Server;
  pieces: Buffer[] = [];
  error: Buffer | null = null;
  lost = false;

  constructor(all: ServerAnswers, server: Server) {
    this.#all = all;
    this.#server = server;
  }

  get claim(): Claim {
    return this.#all.claim;
  }

  onReply(start: number, length: number, info: number): void {
    this.#all.take(this, start, length);
    if ((info & FLAG_LAST) !== 0) this.#all.complete();
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    this.error = error;
    this.lost = true;
    this.#all.complete();
  }

  get answer(): Answer {
    const reply = this.error ?? Buffer.concat(this.pieces);
    const body = withoutAttributes(reply);
    return { server: this.#server, reply, body, error: errorOf(body), lost: this.lost };
  }
}

/** Takes the answers of several servers and gives them to `done` when all are there. */
class ServerAnswers implements Kept {
  readonly claim: Claim;
  readonly #client: ClientConnection;
  readonly #done: (answers: Answer[]) => void;
  readonly #parts: Part[] = [];
  #left: number;
  #bytes = 0;

  /** @param claim of the client's request; not settled here */
  constructor(
    client: ClientConnection,
    claim: Claim,
    count: number,
    done: (answers: Answer[]) => void,
  ) {
    this.#client = client;
    this.claim = claim;
    this.#left = count;
    this.#done = done;
  }

  part(server: Server): ReplyTarget {
    const part = new Part(this, server);
    this.#parts.push(part);
    return part;
  }

  take(part: Part, start: number, length: number): void {
    const { pool, pipeline } = this.#client;
    if (this.claim.closed || part.error !== null) return;
    this.#bytes += length;
    pipeline.keep(this, length);
    if (this.#bytes > pool.config.clientOutputLimit) part.error = replies.REPLY_TOO_LARGE;
    else part.pieces.push(Buffer.from(pool.engine.memory.subarray(start, start + length)));
  }

  /** The client is gone: a server may owe its answer for ever. */
  drop(): void {
    for (const part of this.#parts) part.pieces = [];
  }

  complete(): void {
    if (--this.#left > 0) return;
    const client = this.#client;
    client.pipeline.release(this, this.#bytes);
    if (this.claim.closed) {
      this.claim.forget();
      return;
    }
    if (this.#parts.some((part) => part.lost)) client.pool.counters[FORWARD_ERROR]++;
    this.#done(this.#parts.map((part) => part.answer));
  }
}

/** A request that several servers are asked for, and the slot its reply goes to. */
export interface Question {
  readonly request: SpecialRequest;
  readonly servers: readonly Server[];
  /** One request; must not change any more. */
  readonly bytes: Buffer;
  /** Index of the lane to ask on. */
  readonly lane: number;
  /** What is kept of the request until it is answered, and its bytes. */
  readonly kept?: readonly [Kept, number];
}

function intentOf({ mustSend }: SpecialRequest): number {
  return mustSend ? MUST_SEND : MAY_WAIT;
}

/**
 * Asks the servers again for a request that was claimed already. `done` gets the answers, and must
 * see to it that the claim is settled; it is not called when the client has gone.
 * @returns false when one of them cannot be asked now
 */
export function askAgain(
  question: Question,
  claim: Claim,
  done: (answers: Answer[]) => void,
): boolean {
  const { request, servers, lane } = question;
  const { client } = request;
  const chosen = client.router.chooseAll(client, servers, lane, intentOf(request));
  if (chosen === null || !chosen.every((each) => each !== null)) return false;
  send(question, chosen, claim, done);
  return true;
}

function send(
  { request, servers, bytes }: Question,
  connections: readonly BackendConnection[],
  claim: Claim,
  done: (answers: Answer[]) => void,
): void {
  const head = { bytes, start: 0, length: bytes.length };
  const answers = new ServerAnswers(request.client, claim, connections.length, done);
  connections.forEach((connection, i) => {
    connection.out.append(bytes);
    connection.sentFor(answers.part(servers[i]), bytes.length, head);
  });
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
  const chosen = client.router.chooseAll(client, servers, lane, intentOf(request));
  if (chosen === null) return false;
  const missing = chosen.indexOf(null);
  if (missing >= 0) return client.failForward(servers[missing].lastFailure);
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
