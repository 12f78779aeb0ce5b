import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { whyUnsupported } from '../../../protocol/redis/table/unsupported.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { NORMAL, QUEUEING } from '../../client/session/modes.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';

/** What Redis carries out between MULTI and EXEC instead of keeping it. */
const CARRIED_OUT = ['MULTI', 'EXEC', 'DISCARD', 'RESET', 'QUIT'];
const NOT_KEPT = replies.unsupported('MULTI', whyUnsupported('WATCH'));

/**
 * A command behind MULTI: it gets an error in the place of QUEUED, because what a shared connection
 * is sent is executed at once.
 * @returns null when it is carried out as usual
 */
export function handleQueueing(
  { client }: SpecialRequest,
  spec: CommandSpec | null,
  badArity: boolean,
): boolean | null {
  if (spec !== null && !badArity) {
    if (CARRIED_OUT.includes(spec.name)) return null;
    if (spec.name === 'WATCH') return answer(client, replies.WATCH_IN_MULTI);
  }
  client.session.failTransaction();
  return badArity ? null : answer(client, NOT_KEPT);
}

/** MULTI: nothing is executed until EXEC, and then neither, unless there is nothing to execute. */
export function multi({ client }: SpecialRequest): boolean {
  if (client.session.mode === QUEUEING) return answer(client, replies.NESTED_MULTI);
  client.enterMode(QUEUEING);
  return answer(client, replies.OK);
}

function end(client: ClientConnection): void {
  client.session.failed = false;
  client.enterMode(NORMAL);
}

export function exec({ client }: SpecialRequest): boolean {
  const { mode, failed } = client.session;
  if (mode !== QUEUEING) return answer(client, replies.noTransaction('EXEC'));
  end(client);
  return answer(client, failed ? replies.EXEC_ABORT : replies.NOTHING_DONE);
}

export function discard({ client }: SpecialRequest): boolean {
  if (client.session.mode !== QUEUEING) return answer(client, replies.noTransaction('DISCARD'));
  end(client);
  return answer(client, replies.OK);
}

/** EXEC with words behind it ends the transaction, as in Redis. */
export function execWithWords({ client }: SpecialRequest): boolean {
  if (client.session.mode === QUEUEING) end(client);
  return answer(client, replies.EXEC_ABORT_ARITY);
}
