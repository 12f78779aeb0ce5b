import { NO_COMMAND } from '../../../protocol/frame-table.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { COMMANDS } from '../../../protocol/redis/table/commands.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MUST_SEND } from '../../client/router.ts';
import type { Transaction } from '../../client/session/transaction.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { NOT_ONE, scanOne } from '../../routing/scan-one.ts';
import { refusalByRules } from '../command-rules.ts';
import { refusalByUser } from './refusal.ts';

/**
 * The rules of a client, or of its pool, may be others than when it asked for what EXEC is to carry
 * out.
 * @returns what EXEC answers when something is not allowed any more; nothing is carried out then
 */
export function refusedAtExec(client: ClientConnection, transaction: Transaction): Buffer | null {
  const { pool } = client;
  const sameUser = client.gate === null || client.gate === transaction.gate;
  const sameRules = pool.allowed === null || pool.config === transaction.config;
  if (sameUser && sameRules) return null;
  for (let i = 0; i < transaction.count; i++) {
    const bytes = transaction.request(i);
    if (bytes.length > pool.engine.assembledRoom) return replies.EXEC_RULES_CHANGED;
    const start = pool.engine.placeAssembled(bytes);
    const info = scanOne(pool, start, bytes.length);
    if (info === NOT_ONE) return replies.EXEC_RULES_CHANGED;
    const place = { start, length: bytes.length };
    const request: SpecialRequest = { client, ...place, intent: MUST_SEND, renamed: true };
    const spec = COMMANDS[info & NO_COMMAND] ?? null;
    if (!sameRules && refusalByRules(request, spec) !== null) return replies.EXEC_RULES_CHANGED;
    if (!sameUser && refusalByUser(request, spec, true) !== null) return replies.EXEC_RULES_CHANGED;
  }
  return null;
}
