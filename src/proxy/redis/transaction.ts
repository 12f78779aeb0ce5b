import * as replies from '../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import { whyUnsupported } from '../../protocol/redis/table/unsupported.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { TransactionState } from '../client/session.ts';
import { answer, type SpecialRequest } from '../routing/request.ts';

/** What Redis carries out between MULTI and EXEC instead of keeping it. */
const CARRIED_OUT = ['MULTI', 'EXEC', 'DISCARD', 'RESET', 'QUIT'];
const NOT_KEPT = replies.unsupported('MULTI', whyUnsupported('WATCH'));

function enter(client: ClientConnection, state: TransactionState): void {
  client.session.transaction = state;
  // Plain requests leave the fast loop between MULTI and EXEC.
  client.setAuthenticated(client.authenticated);
}

/**
 * A command behind MULTI: it gets an error in the place of QUEUED, because what a shared connection
 * is sent is executed at once.
 * @param spec null when the command is not known @returns false when it is carried out as usual
 */
export function refuseInTransaction(
  { client }: SpecialRequest,
  spec: CommandSpec | null,
  badArity: boolean,
): boolean {
  const { session } = client;
  if (spec !== null && !badArity) {
    if (CARRIED_OUT.includes(spec.name)) return false;
    if (spec.name === 'WATCH') return answer(client, replies.WATCH_IN_MULTI);
  }
  session.failTransaction();
  return badArity ? false : answer(client, NOT_KEPT);
}

/** MULTI: nothing is executed until EXEC, and then neither, unless there is nothing to execute. */
export function multi({ client }: SpecialRequest): boolean {
  if (client.session.transaction !== 'none') return answer(client, replies.NESTED_MULTI);
  enter(client, 'begun');
  return answer(client, replies.OK);
}

export function exec({ client }: SpecialRequest): boolean {
  const { transaction } = client.session;
  if (transaction === 'none') return answer(client, replies.noTransaction('EXEC'));
  enter(client, 'none');
  return answer(client, transaction === 'begun' ? replies.NOTHING_DONE : replies.EXEC_ABORT);
}

export function discard({ client }: SpecialRequest): boolean {
  if (client.session.transaction === 'none')
    return answer(client, replies.noTransaction('DISCARD'));
  enter(client, 'none');
  return answer(client, replies.OK);
}

/** EXEC with words behind it ends the transaction, as in Redis. */
export function execWithWords({ client }: SpecialRequest): boolean {
  enter(client, 'none');
  return answer(client, replies.EXEC_ABORT_ARITY);
}
