import type { RequestHead } from '../backend/in-flight.ts';
import type { ClientConnection } from '../client/client-connection.ts';

/** A complete request in the arena that is not simply forwarded; of no use when it is handled. */
export interface SpecialRequest {
  readonly client: ClientConnection;
  readonly start: number;
  readonly length: number;
  /** MAY_WAIT, or MUST_SEND when it cannot be put back. */
  readonly intent: number;
  /** It was written again with another name than its client calls the command by. */
  readonly renamed?: true;
}

/** The request's bytes, as long as they stand in the arena; null without a slow log. */
export function headOf({ client, start, length }: SpecialRequest): RequestHead | null {
  const { engine, notes } = client.pool;
  return notes === null ? null : { bytes: engine.bytes, start, length };
}

/** Answers a request. @returns true: it is done */
export function answer(client: ClientConnection, reply: Buffer): true {
  client.answer(reply);
  return true;
}

/** @returns a copy of the whole request */
export function copyOf(request: SpecialRequest): Buffer {
  const { memory } = request.client.pool.engine;
  return Buffer.from(memory.subarray(request.start, request.start + request.length));
}
