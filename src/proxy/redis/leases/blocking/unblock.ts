import * as replies from '../../../../protocol/redis/replies/replies.ts';
import { clientsOf } from '../../../client/client-list.ts';
import type { Pool } from '../../../pool/pool.ts';
import { BlockingRequest } from './blocking.ts';
import { StreamFanOut } from './stream-fan-out.ts';
import type { Settle } from './unblock-order.ts';

/**
 * CLIENT UNBLOCK of a client of this process: the server that lets it wait is asked to stop.
 * @param number of the client @param reason TIMEOUT or ERROR
 * @returns false when no such client is blocked here
 */
export function unblockHere(pool: Pool, number: string, reason: string, settle: Settle): boolean {
  const target = clientsOf(pool).find(({ session }) => String(session.number) === number);
  const blocked = target?.session.detour;
  const error = reason === 'ERROR' ? replies.UNBLOCKED : null;
  if (blocked instanceof StreamFanOut) {
    blocked.unblock(error, settle);
    return true;
  }
  if (!(blocked instanceof BlockingRequest)) return false;
  blocked.unblock(reason, error, settle);
  return true;
}
