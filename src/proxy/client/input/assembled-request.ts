import { FLAG_SPECIAL, NO_SERVER } from '../../../protocol/frame-table.ts';
import type { Failure } from '../../backend/failure.ts';
import { CARRY_LIMIT } from '../../engine/carry.ts';
import type { SavedState } from '../../engine/engine.ts';
import { detach, missingBytes, scannedBytes } from '../../engine/saved-scan.ts';
import { MUST_SEND } from '../router.ts';
import { LargeRequest, type LargeRequester, mayForward } from './large-request.ts';

/**
 * An unfinished request that stands at [start, end), taken away in pieces from here on; null when
 * it is small enough to be carried.
 */
export function beginLarge(
  client: LargeRequester,
  saved: SavedState,
  start: number,
  end: number,
): LargeRequest | null {
  const known = scannedBytes(saved) + missingBytes(saved);
  if (Math.max(known, end - start) <= CARRY_LIMIT) return null;
  const boundary = detach(saved);
  const large = new LargeRequest(client.pool.engine, client, known);
  large.take(start, boundary);
  client.rates?.count(0, boundary);
  return large;
}

/** The client of a request that was assembled on the heap. */
export interface Assembler extends LargeRequester {
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
  const isPlain = (info & FLAG_SPECIAL) === 0 && (client.plain || mayForward(client, info));
  // A special one is asked about where it is handled.
  const plain = (info & FLAG_SPECIAL) === 0 && !client.audit?.due() && isPlain;
  if (server === NO_SERVER || !plain) {
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
