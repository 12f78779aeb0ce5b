import { CLASS_OTHER } from '../../stats/latency.ts';
import { WAIT } from '../client/router.ts';
import { MutedReply } from './muted-reply.ts';
import { headOf, type SpecialRequest } from './request.ts';

/**
 * Sends the request as it is to one server.
 * @param server its index, or NO_SERVER @param commandClass for the metrics
 * @param reads a replica may answer it
 * @returns false when it must wait
 */
export function forward(
  request: SpecialRequest,
  server: number,
  commandClass: number = CLASS_OTHER,
  reads: boolean = false,
): boolean {
  const { client, start, length, intent } = request;
  const { router, lane } = client;
  const connection = reads
    ? router.chooseReader(client, server, lane, intent)
    : router.choose(client, server, lane, intent);
  if (connection === null) return router.verdict !== WAIT && client.failForward(router.reason);
  if (client.session.muted) {
    connection.out.copyFrom(start, length);
    connection.sentFor(new MutedReply(client), length, headOf(request));
  } else {
    connection.sendFrom(start, length, client.id, client.claims.begin(), commandClass);
    client.forwarded = true;
  }
  return true;
}

/** Sends `bytes` in place of the request. @returns false when it must wait */
export function forwardBytes(request: SpecialRequest, server: number, bytes: Buffer): boolean {
  const { client, intent } = request;
  const { router } = client;
  const connection = router.choose(client, server, client.lane, intent);
  if (connection === null) return router.verdict !== WAIT && client.failForward(router.reason);
  if (client.session.muted) {
    connection.out.append(bytes);
    connection.sentFor(new MutedReply(client), bytes.length, headOf(request));
  } else {
    connection.sendBuffer(bytes, client.id, client.claims.begin());
  }
  return true;
}
