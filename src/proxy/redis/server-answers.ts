import { FLAG_LAST } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { isError } from '../../protocol/redis/replies/reply-parts.ts';
import { FORWARD_ERROR } from '../../stats/counters.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Server } from '../pool/pool.ts';
import type { SpecialRequest } from '../routing/request.ts';

/** What one server said. */
export interface Answer {
  readonly server: Server;
  /** A complete reply; an error when the server could not be asked. */
  readonly reply: Buffer;
  readonly isError: boolean;
  /** The connection was lost before the reply came. */
  readonly lost: boolean;
  /** The server did not grant the database or the login. */
  readonly refused: boolean;
}

const NO_SLOT = Number.NaN;

class Part implements ReplyTarget {
  readonly #all: ServerAnswers;
  readonly connection: BackendConnection;
  pieces: Buffer[] = [];
  error: Buffer | null = null;
  lost = false;

  constructor(all: ServerAnswers, connection: BackendConnection) {
    this.#all = all;
    this.connection = connection;
  }

  get client(): ClientConnection {
    return this.#all.client;
  }

  onReply(start: number, length: number, info: number): void {
    this.#all.take(this, start, length);
    if ((info & FLAG_LAST) !== 0) this.#all.complete();
  }

  onFailure(error: Buffer): void {
    this.error = error;
    this.lost = true;
    this.#all.complete();
  }

  get answer(): Answer {
    const reply = this.error ?? Buffer.concat(this.pieces);
    const refused = this.connection.refusal !== null;
    const { server } = this.connection;
    return { server, reply, isError: isError(reply), lost: this.lost, refused };
  }
}

/** Takes the answers of several servers and gives them to `done` when all are there. */
class ServerAnswers {
  readonly #client: ClientConnection;
  readonly #done: (answers: Answer[]) => void;
  readonly #parts: Part[] = [];
  #left: number;
  #bytes = 0;

  constructor(client: ClientConnection, count: number, done: (answers: Answer[]) => void) {
    this.#client = client;
    this.#left = count;
    this.#done = done;
    client.references++;
  }

  get client(): ClientConnection {
    return this.#client;
  }

  part(connection: BackendConnection): ReplyTarget {
    const part = new Part(this, connection);
    this.#parts.push(part);
    return part;
  }

  take(part: Part, start: number, length: number): void {
    const { pool, closed, pipeline } = this.#client;
    if (closed || part.error !== null) return;
    this.#bytes += length;
    pipeline.storedBytes += length;
    if (this.#bytes > pool.config.clientOutputLimit) part.error = replies.REPLY_TOO_LARGE;
    else part.pieces.push(Buffer.from(pool.engine.memory.subarray(start, start + length)));
  }

  complete(): void {
    if (--this.#left > 0) return;
    const client = this.#client;
    client.references--;
    if (client.closed) {
      client.releaseIfDone();
      return;
    }
    client.pipeline.storedBytes -= this.#bytes;
    if (this.#parts.some((part) => part.lost)) client.pool.counters[FORWARD_ERROR]++;
    this.#done(this.#parts.map((part) => part.answer));
    client.pool.engine.turn.markClient(client);
  }
}

/** A request that several servers are asked for, and the slot its reply goes to. */
export interface Question {
  readonly request: SpecialRequest;
  readonly servers: readonly Server[];
  /** One request; must not change any more. */
  readonly bytes: Buffer;
  /** Where to ask; default the client's lane. */
  readonly lane?: number;
}

/**
 * The client's connections to the servers; the reason when there is none to one of them, null when
 * one of them has to take more before it can be asked.
 */
function connectionsFor({ request, servers, lane }: Question): BackendConnection[] | string | null {
  const { client, mustSend } = request;
  const connections: BackendConnection[] = [];
  for (const server of servers) {
    const connection = server.connectionFor(client.id, lane ?? client.lane);
    if (connection === null) return server.lastFailure;
    if (connection.full && !mustSend) {
      connection.waitFor(client);
      return null;
    }
    connections.push(connection);
  }
  return connections;
}

/**
 * Asks the servers, without answering the client.
 * @returns false when they cannot be asked now
 */
export function collect(question: Question, done: (answers: Answer[]) => void): boolean {
  const connections = connectionsFor(question);
  if (connections === null || typeof connections === 'string') return false;
  send(question, connections, done);
  return true;
}

function send(
  { request, bytes }: Question,
  connections: readonly BackendConnection[],
  done: (answers: Answer[]) => void,
): void {
  const answers = new ServerAnswers(request.client, connections.length, done);
  for (const connection of connections) {
    connection.out.append(bytes);
    connection.sentFor(answers.part(connection), bytes.length);
  }
}

/**
 * Asks the servers; `done` gets what they said and the function that answers the client, which may
 * be called later.
 * @returns false when one of them has to take more before it can be asked
 */
export function askServers(
  question: Question,
  done: (answers: readonly Answer[], reply: (bytes: Buffer) => void) => void,
): boolean {
  const { client } = question.request;
  const connections = connectionsFor(question);
  if (connections === null) return false;
  if (typeof connections === 'string') {
    client.failForward(connections);
    return true;
  }
  const slot = client.session.muted ? NO_SLOT : client.pipeline.open();
  const reply = (bytes: Buffer): void => {
    if (Number.isNaN(slot) || client.closed) return;
    client.pipeline.deliver(slot, bytes);
    client.pool.engine.turn.markClient(client);
  };
  send(question, connections, (answers) => done(answers, reply));
  return true;
}

/** Asks the servers and answers with what `join` makes of their replies. */
export function joinServers(
  question: Question,
  join: (answers: readonly Answer[]) => Buffer,
): boolean {
  return askServers(question, (answers, reply) => reply(join(answers)));
}
