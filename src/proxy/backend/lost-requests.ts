import { FORWARD_ERROR, type PoolCounters } from '../../stats/counters.ts';
import type { Engine } from '../engine/engine.ts';
import type { GuardedConnection } from '../engine/guard.ts';
import type { ReplyReceiver } from '../engine/receiver.ts';
import { FAILURE_EOF, failureOf } from './failure.ts';
import { noteRequest } from './flight/note-request.ts';
import type { InFlight, InFlightEntry, ReplyTarget } from './in-flight.ts';
import type { ConnectionOwner } from './owner.ts';

/** A connection that has just been closed. */
export interface LostConnection extends GuardedConnection {
  readonly owner: ConnectionOwner;
  readonly inFlight: InFlight;
}

/** A connection of a pool that is given up. */
export interface ClosingConnection extends LostConnection {
  readonly closed: boolean;
  readonly withheld: { giveUp(): void } | null;
  readonly replies: {
    readonly swallows: boolean;
    readonly oldest: { fail(error: Buffer): boolean };
  };
  close(): void;
}

/** Closes it with its pool. Whose requests are in flight are gone, and named there to the end. */
export function closeWithPool(connection: ClosingConnection): void {
  if (connection.closed) return;
  const { owner, replies, withheld } = connection;
  const { engine } = owner.pool;
  const error = owner.pool.protocol.failure(failureOf(FAILURE_EOF));
  withheld?.giveUp();
  connection.close();
  failRequests(engine, connection, error, replies.oldest.fail(error));
}

/**
 * Gives every request that was in flight on a closed connection an error.
 * @param settled the oldest one's client has been told already
 */
export function failRequests(
  engine: Engine,
  connection: LostConnection,
  error: Buffer,
  settled: boolean,
): void {
  const { inFlight, owner } = connection;
  for (let first = true; inFlight.count > 0; first = false) {
    const id = inFlight.headClient;
    const slot = inFlight.headSlot;
    if (owner.pool.notes?.traces) noteRequest(engine, connection, error);
    if (id < 0) {
      const target = inFlight.headTarget as ReplyTarget | undefined | null;
      inFlight.shift();
      // Without one it was being sent when something went wrong.
      if (target) failTarget(engine, connection, target, error);
      continue;
    }
    inFlight.shift();
    const client = engine.clients[id] as ReplyReceiver;
    if (!client.closed) owner.pool.counters[FORWARD_ERROR]++;
    settle(client, slot, first && settled ? null : error);
  }
}

/** As failRequests(), of one request that is not in flight any more. */
export function failEntry(
  engine: Engine,
  connection: GuardedConnection & {
    readonly owner: { readonly pool: { readonly counters: PoolCounters } };
  },
  { clientId, slot, target }: InFlightEntry,
  error: Buffer,
): void {
  if (target !== null) {
    failTarget(engine, connection, target, error);
    return;
  }
  const client = engine.clients[clientId] as ReplyReceiver;
  if (!client.closed) connection.owner.pool.counters[FORWARD_ERROR]++;
  settle(client, slot, error);
}

function failTarget(
  engine: Engine,
  connection: GuardedConnection,
  target: ReplyTarget,
  error: Buffer,
): void {
  const unsent = target.claim?.unsentBytes ?? 0;
  try {
    target.onFailure(error);
  } catch (trouble) {
    engine.guard.target(connection, target.claim, trouble, unsent);
  }
}

/** The same when the client of the connection has gone in the middle of its only request. */
export function abandonRequests(engine: Engine, { inFlight }: LostConnection, error: Buffer): void {
  for (; inFlight.count > 0; inFlight.shift()) {
    const id = inFlight.headClient;
    if (id >= 0) settle(engine.clients[id] as ReplyReceiver, inFlight.headSlot, error);
  }
}

function settle(client: ReplyReceiver, slot: number, error: Buffer | null): void {
  try {
    if (error === null) client.endStream();
    else client.takeReply(slot, error);
  } catch (trouble) {
    client.onException(trouble);
  }
}
