import { MC_REPLY_ERROR, NO_COMMAND, NO_SERVER } from '../../protocol/frame-table.ts';
import { serverError } from '../../protocol/memcache/replies.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { Claim } from '../client/claims.ts';
import type { Server } from '../pool/server.ts';
import { forward } from '../routing/forward.ts';
import { type GatheredReply, Gathering } from '../routing/gathering.ts';
import { headOf, type SpecialRequest } from '../routing/request.ts';
import { REPLY_TOO_LARGE } from './failure-reply.ts';

const EJECTED = serverError('the server is ejected');

/** What one server said to a command that all of them were sent. */
export interface ServerAnswer {
  readonly server: Server;
  /** The reply, or the error of a server that could not be asked. */
  readonly reply: Buffer;
  /** MC_REPLY_* of the reply. */
  readonly kind: number;
  readonly isError: boolean;
}

function answerOf({ server, failure, info, bytes: reply }: GatheredReply): ServerAnswer {
  const kind = failure === null ? info & NO_COMMAND : MC_REPLY_ERROR;
  return { server, reply, kind, isError: kind >= MC_REPLY_ERROR };
}

type Compose = (answers: readonly ServerAnswer[]) => Buffer;

/** The first reply that is an error; null when there is none. */
export function firstError(answers: readonly ServerAnswer[]): Buffer | null {
  return answers.find(({ isError }) => isError)?.reply ?? null;
}

/**
 * Sends `line` to every server of the pool; `compose` makes the client's reply of theirs.
 * @returns false when it must wait for a server to take more
 */
export function askAllServers(request: SpecialRequest, line: Buffer, compose: Compose): boolean {
  // SRV records list nobody yet.
  if (request.client.pool.servers.length === 0) return forward(request, NO_SERVER);
  return gatherAnswers(request, line, (answers, claim) => claim.deliver(compose(answers)));
}

/**
 * Sends `line` to every server of the pool; `done` sees to it, at once or later, that the claim is
 * settled.
 * @returns false when it must wait for a server to take more
 */
export function gatherAnswers(
  request: SpecialRequest,
  line: Buffer,
  done: (answers: readonly ServerAnswer[], claim: Claim) => void,
): boolean {
  const { client } = request;
  const { servers, liveServers, protocol } = client.pool;
  const connections = choose(request);
  if (connections === null) return false;
  const { reasons } = client.router;
  const claim = client.claims.claim();
  const gathering = new Gathering(client, claim, servers, REPLY_TOO_LARGE, (gathered) => {
    done(gathered.map(answerOf), claim);
  });
  const { replies } = gathering;
  for (const [i, connection] of connections.entries()) {
    if (connection === null) {
      const asked = liveServers.indexOf(servers[i]);
      replies[i].onFailure(asked < 0 ? EJECTED : protocol.failure(reasons[asked]));
    } else {
      connection.out.copy(line);
      connection.sentFor(replies[i], line.length, headOf(request));
    }
  }
  gathering.asked();
  return true;
}

/** @returns null for servers that cannot be had or are not in the ring; null = wait */
function choose({ client, intent }: SpecialRequest): (BackendConnection | null)[] | null {
  const { servers, liveServers } = client.pool;
  const chosen = client.router.chooseAll(client, liveServers, client.lane, intent);
  if (chosen === null) return null;
  return servers.map((server) => chosen[liveServers.indexOf(server)] ?? null);
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
