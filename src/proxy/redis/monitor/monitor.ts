import * as texts from '../../../protocol/redis/replies/listening-replies.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../../protocol/redis/table/commands.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MONITORING, NORMAL } from '../../client/session/modes.ts';
import type { ReplySink, StoredReply } from '../../client/stored-reply.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { Starting } from '../listening/starting.ts';
import { type Monitors, monitorsOf } from './monitors.ts';

/** What else touches data, though it is neither read nor write. */
const TOUCHES: ReadonlySet<string> = new Set(['EVAL', 'EVALSHA', 'FCALL', 'PUBLISH', 'SPUBLISH']);

/** A client that begins to see what the servers do: from when it is told that it does. */
class Beginning implements StoredReply {
  readonly #client: ClientConnection;
  readonly #monitors: Monitors;

  constructor(client: ClientConnection, monitors: Monitors) {
    this.#client = client;
    this.#monitors = monitors;
  }

  writeTo({ out }: ReplySink): boolean {
    out.copy(replies.OK);
    this.#monitors.show(this.#client);
    return true;
  }

  drop(): void {}
}

/** MONITOR: the client sees what all servers of the pool do, if the pool allows it. */
export function monitor({ client }: SpecialRequest): boolean {
  const { session, pool } = client;
  if (!pool.config.allowMonitor) return answer(client, texts.MONITOR_REFUSED);
  // As in Redis, who looks already is not answered.
  if (session.monitoring !== null) return true;
  const monitors = monitorsOf(pool);
  const claim = client.claims.claim();
  client.barrier();
  session.monitoring = { drop: () => monitors.leave(client) };
  monitors.join(client);
  const settle = (error: Buffer | null): void => {
    if (error === null) {
      if (session.mode === NORMAL) client.enterMode(MONITORING);
      claim.store(new Beginning(client, monitors));
      return;
    }
    session.monitoring?.drop();
    session.monitoring = null;
    claim.deliver(error);
  };
  new Starting(monitors, settle, (error) => client.onException(error)).begin();
  return true;
}

/**
 * A request of a client that sees what the servers do.
 * @param spec null when the command is not known @returns null when it is carried out as usual
 */
export function handleMonitoring(
  { client }: SpecialRequest,
  spec: CommandSpec | null,
  badArity: boolean,
): boolean | null {
  if (spec === null || badArity) return null;
  return touches(spec) ? answer(client, texts.MONITOR_TOUCHES_NOTHING) : null;
}

/** Whether a command is refused to who sees what the servers do. */
export function touches(spec: CommandSpec): boolean {
  return spec.access !== '-' || TOUCHES.has(spec.name);
}
