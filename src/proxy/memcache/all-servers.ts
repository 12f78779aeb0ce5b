import { FLAG_LAST } from '../../protocol/frame-table.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Server } from '../pool/pool.ts';
import { connectionsTo } from '../routing/connections-to.ts';
import type { SpecialRequest } from '../routing/request.ts';

/** What one server said to a command that all of them were sent. */
export class ServerAnswer implements ReplyTarget {
  readonly server: Server;
  readonly client: ClientConnection;
  readonly #onComplete: () => void;
  #pieces: Buffer[] = [];
  /** The reply, or the error of a server that could not be asked. */
  reply: Buffer = Buffer.alloc(0);

  constructor(server: Server, client: ClientConnection, onComplete: () => void) {
    this.server = server;
    this.client = client;
    this.#onComplete = onComplete;
  }

  onReply(start: number, length: number, info: number): void {
    const { memory } = this.server.pool.engine;
    this.#pieces.push(Buffer.from(memory.subarray(start, start + length)));
    if ((info & FLAG_LAST) === 0) return;
    this.reply = Buffer.concat(this.#pieces);
    this.#onComplete();
  }

  onFailure(error: Buffer): void {
    this.reply = error;
    this.#onComplete();
  }
}

/** The first reply that is an error; null when there is none. */
export function firstError(answers: readonly ServerAnswer[]): Buffer | null {
  const bad = answers.find(({ reply }) =>
    /^(CLIENT_|SERVER_)?ERROR/.test(reply.toString('latin1')),
  );
  return bad?.reply ?? null;
}

/**
 * Sends `line` to every server of the pool; `compose` makes the client's reply of theirs.
 * @returns false when it must wait for a server to take more
 */
export function askAllServers(
  request: SpecialRequest,
  line: Buffer,
  compose: (answers: readonly ServerAnswer[]) => Buffer,
): boolean {
  const { client } = request;
  const { servers, protocol } = client.pool;
  const connections = connectionsTo(request, servers);
  if (connections === null) return false;
  const slot = client.pipeline.open();
  let left = servers.length;
  client.references++;
  const answers = servers.map(
    (server) =>
      new ServerAnswer(server, client, () => {
        if (--left === 0) deliver(client, slot, () => compose(answers));
      }),
  );
  for (const [i, connection] of connections.entries()) {
    if (connection === null) {
      answers[i].onFailure(protocol.failure(servers[i].lastFailure));
    } else {
      connection.out.copy(line);
      connection.sentFor(answers[i], line.length);
    }
  }
  return true;
}

function deliver(client: ClientConnection, slot: number, compose: () => Buffer): void {
  client.references--;
  if (client.closed) {
    client.releaseIfDone();
    return;
  }
  client.pipeline.deliver(slot, compose());
  client.pool.engine.turn.markClient(client);
}

/** Sends a command with `noreply` to every server that can be reached. */
export function tellAllServers(request: SpecialRequest): boolean {
  const connections = connectionsTo(request, request.client.pool.servers);
  if (connections === null) return false;
  for (const connection of connections) {
    connection?.sendUnanswered(request.start, request.length);
  }
  return true;
}
