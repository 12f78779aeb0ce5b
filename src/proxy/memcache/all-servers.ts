import { FLAG_LAST, MC_REPLY_ERROR, NO_COMMAND } from '../../protocol/frame-table.ts';
import { FORWARD_ERROR } from '../../stats/counters.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Kept } from '../client/client-pipeline.ts';
import { MAY_WAIT, MUST_SEND } from '../client/router.ts';
import type { Server } from '../pool/server.ts';
import { headOf, type SpecialRequest } from '../routing/request.ts';
import { REPLY_TOO_LARGE } from './failure-reply.ts';

const NOTHING = Buffer.alloc(0);

/** What one server said to a command that all of them were sent. */
export class ServerAnswer implements ReplyTarget {
  readonly distrusts = false;
  readonly server: Server;
  readonly #all: ServerAnswers;
  #pieces: Buffer[] = [];
  /** The reply, or the error of a server that could not be asked. */
  reply: Buffer = NOTHING;
  /** MC_REPLY_* of a complete reply. */
  kind = MC_REPLY_ERROR;
  lost = false;
  #tooLarge = false;

  constructor(server: Server, all: ServerAnswers) {
    this.server = server;
    this.#all = all;
  }

  get claim(): Claim {
    return this.#all.claim;
  }

  get isError(): boolean {
    return this.kind >= MC_REPLY_ERROR;
  }

  onReply(start: number, length: number, info: number): void {
    const { memory } = this.server.pool.engine;
    if (!this.#tooLarge && this.#all.mayKeep(length)) {
      this.#pieces.push(Buffer.from(memory.subarray(start, start + length)));
    } else {
      this.#tooLarge = true;
      this.#pieces = [];
    }
    if ((info & FLAG_LAST) === 0) return;
    this.reply = this.#tooLarge ? REPLY_TOO_LARGE : Buffer.concat(this.#pieces);
    this.kind = this.#tooLarge ? MC_REPLY_ERROR : info & NO_COMMAND;
    this.#all.complete();
  }

  /** Nobody hears it. */
  drop(): void {
    this.#pieces = [];
    this.reply = NOTHING;
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    this.reply = error;
    this.kind = MC_REPLY_ERROR;
    this.lost = true;
    this.#all.complete();
  }
}

type Compose = (answers: readonly ServerAnswer[]) => Buffer;

/** Takes what each server says, as far as the client's output limit lets it be kept. */
class ServerAnswers implements Kept {
  readonly client: ClientConnection;
  readonly answers: readonly ServerAnswer[];
  readonly claim: Claim;
  readonly #compose: Compose;
  #left: number;
  #bytes = 0;

  constructor(client: ClientConnection, compose: Compose) {
    const { servers } = client.pool;
    this.client = client;
    this.answers = servers.map((server) => new ServerAnswer(server, this));
    this.claim = client.claims.claim();
    this.#compose = compose;
    this.#left = servers.length;
  }

  /** Whether so many bytes more may be kept; nothing is kept for a client that is gone. */
  mayKeep(length: number): boolean {
    const { client } = this;
    if (this.claim.unheard || this.#bytes + length > client.pool.config.clientOutputLimit)
      return false;
    this.#bytes += length;
    client.pipeline.keep(this, length);
    return true;
  }

  /** The client is gone: a server may owe its answer for ever. */
  drop(): void {
    for (const answer of this.answers) answer.drop();
  }

  complete(): void {
    if (--this.#left > 0) return;
    const { client } = this;
    client.pipeline.release(this, this.#bytes);
    if (this.claim.closed) {
      this.claim.forget();
      return;
    }
    if (this.answers.some(({ lost }) => lost)) client.pool.counters[FORWARD_ERROR]++;
    this.claim.deliver(this.#compose(this.answers));
  }
}

/** The first reply that is an error; null when there is none. */
export function firstError(answers: readonly ServerAnswer[]): Buffer | null {
  return answers.find(({ isError }) => isError)?.reply ?? null;
}

/**
 * Sends `line` to every server of the pool; `compose` makes the client's reply of theirs.
 * @returns false when it must wait for a server to take more
 */
export function askAllServers(request: SpecialRequest, line: Buffer, compose: Compose): boolean {
  const { client } = request;
  const { servers, protocol } = client.pool;
  const connections = choose(request);
  if (connections === null) return false;
  const { answers } = new ServerAnswers(client, compose);
  for (const [i, connection] of connections.entries()) {
    if (connection === null) {
      answers[i].onFailure(protocol.failure(servers[i].lastFailure));
    } else {
      connection.out.copy(line);
      connection.sentFor(answers[i], line.length, headOf(request));
    }
  }
  return true;
}

function choose({ client, mustSend }: SpecialRequest): (BackendConnection | null)[] | null {
  const intent = mustSend ? MUST_SEND : MAY_WAIT;
  return client.router.chooseAll(client, client.pool.servers, client.lane, intent);
}

/** Sends a command with `noreply` to every server that can be reached. */
export function tellAllServers(request: SpecialRequest): boolean {
  const connections = choose(request);
  if (connections === null) return false;
  for (const connection of connections) {
    connection?.sendUnanswered(request.start, request.length);
  }
  return true;
}
