import { FLAG_SPECIAL, NO_SERVER } from '../../../protocol/frame-table.ts';
import type { Failure } from '../../backend/failure.ts';
import { MUST_SEND, type Requester } from '../router.ts';
import { type LargeRequester, mayForward } from './large-request.ts';

/** The client of a request that was assembled on the heap. */
export interface Assembler extends LargeRequester, Requester {
  failForward(failure: Failure): true;
}

/**
 * Sends a whole request from the heap, which cannot be put back.
 * @param server of its key, or NO_SERVER @returns whether the next one must wait for its reply
 */
export function sendAssembled(
  client: Assembler,
  request: Buffer,
  info: number,
  server: number,
): boolean {
  const { router, pool, protocol } = client;
  const plain = client.plain || mayForward(client, info);
  if ((info & FLAG_SPECIAL) !== 0 || server === NO_SERVER || !plain) {
    const start = pool.engine.placeAssembled(request);
    protocol.handleSpecial(client, start, request.length, info, MUST_SEND);
    return true;
  }
  const connection = router.choose(client, server, client.lane, MUST_SEND);
  if (connection === null) {
    client.failForward(router.reason);
    return false;
  }
  const commandClass = protocol.classes[info & 0xffff];
  connection.sendBuffer(request, client.id, client.claims.begin(), commandClass);
  // Nothing more follows until the server has taken it.
  return connection.out.pendingBytes > pool.config.serverOutputLimit;
}
