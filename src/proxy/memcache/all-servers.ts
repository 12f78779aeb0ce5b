import { FLAG_LAST } from '../../protocol/frame-table.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import { MAY_WAIT, MUST_SEND } from '../client/router.ts';
import type { Server } from '../pool/server.ts';
import type { SpecialRequest } from '../routing/request.ts';

/** What one server said to a command that all of them were sent. */
export class ServerAnswer implements ReplyTarget {
  readonly server: Server;
  readonly claim: Claim;
  readonly #onComplete: () => void;
  #pieces: Buffer[] = [];
  /** The reply, or the error of a server that could not be asked. */
  reply: Buffer = Buffer.alloc(0);

  constructor(server: Server, claim: Claim, onComplete: () => void) {
    this.server = server;
    this.claim = claim;
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
  const connections = choose(request);
  if (connections === null) return false;
  const claim = client.claims.claim();
  let left = servers.length;
  const onComplete = (): void => {
    if (--left > 0) return;
    if (claim.closed) claim.forget();
    else claim.deliver(compose(answers));
  };
  const answers = servers.map((server) => new ServerAnswer(server, claim, onComplete));
  for (const [i, connection] of connections.entries()) {
    if (connection === null) {
      answers[i].onFailure(protocol.failure(servers[i].lastFailure));
    } else {
      connection.out.copy(line);
      connection.sentFor(answers[i], line.length, line);
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
