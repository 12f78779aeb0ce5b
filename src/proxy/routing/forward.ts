import { NO_SERVER } from '../../protocol/frame-table.ts';
import { CLASS_OTHER } from '../../stats/latency.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { REASON_REFUSED } from '../backend/failure.ts';
import { type SpecialRequest, SWALLOW } from './request.ts';

/**
 * The client's connection to a server. `done` when the client was told that there is none, `wait`
 * when it must take more first.
 */
function connectionTo(
  request: SpecialRequest,
  server: number,
): BackendConnection | 'done' | 'wait' {
  const { client } = request;
  if (server === NO_SERVER) {
    client.failForward(REASON_REFUSED);
    return 'done';
  }
  const connection = client.pool.servers[server].connectionFor(client.id, client.lane);
  if (connection === null) {
    client.failForward(client.pool.servers[server].lastFailure);
    return 'done';
  }
  if (connection.full && !request.mustSend) {
    connection.waitFor(client);
    return 'wait';
  }
  return connection;
}

/**
 * Sends the request as it is to one server.
 * @param commandClass for the metrics @returns false when it must wait
 */
export function forward(
  request: SpecialRequest,
  server: number,
  commandClass: number = CLASS_OTHER,
): boolean {
  const { client, start, length } = request;
  const connection = connectionTo(request, server);
  if (typeof connection === 'string') return connection === 'done';
  if (client.session.muted) {
    connection.out.copyFrom(start, length);
    connection.sentFor(SWALLOW, length);
  } else {
    client.references++;
    connection.sendFrom(start, length, client.id, client.pipeline.open(), commandClass);
  }
  return true;
}

/** Sends `bytes` in place of the request. @returns false when it must wait */
export function forwardBytes(request: SpecialRequest, server: number, bytes: Buffer): boolean {
  const { client } = request;
  const connection = connectionTo(request, server);
  if (typeof connection === 'string') return connection === 'done';
  if (client.session.muted) {
    connection.out.append(bytes);
    connection.sentFor(SWALLOW, bytes.length);
  } else {
    client.references++;
    connection.sendBuffer(bytes, client.id, client.pipeline.open());
  }
  return true;
}
