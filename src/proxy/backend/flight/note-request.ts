import { FAILURE_TEXT_BYTES } from '../../../limits.ts';
import { wallMicros } from '../../engine/clock.ts';
import type { Engine } from '../../engine/engine.ts';
import type { ReplyReceiver } from '../../engine/receiver.ts';
import type { InFlight, ReplyTarget } from '../in-flight.ts';
import type { ConnectionOwner } from '../owner.ts';
import type { NotedRequest } from './noted-request.ts';

/** The connection, as far as its times go. */
export interface TimedConnection {
  readonly owner: ConnectionOwner;
  readonly inFlight: InFlight;
}

/** Whose request it is: at most one of them is known. */
interface Asker {
  readonly client: ReplyReceiver | null;
  readonly target: ReplyTarget | null;
}

/**
 * The oldest request has its reply, or none: it is noted if it took long or is traced.
 * @param error what its client is told in place of a reply; null = the server has answered
 */
export function noteRequest(engine: Engine, connection: TimedConnection, error: Buffer | null) {
  const { inFlight, owner } = connection;
  const { notes } = owner.pool;
  const { headArrived, headClient: id } = inFlight;
  if (notes === null || headArrived === 0) return;
  const target = id < 0 ? inFlight.headTarget : null;
  const asks = target === null ? id : (target.claim?.clientId ?? -1);
  const slot = id < 0 ? 0 : inFlight.headSlot;
  const traced = notes.traces && asks >= 0 && notes.samples(headArrived, asks, slot);
  const total = (engine.micros - headArrived) | 0;
  if (!traced && (total < notes.slowMicros || error !== null)) return;
  const client = id < 0 ? null : (engine.clients[id] as ReplyReceiver);
  try {
    const request = noted(engine, connection, { client, target }, { traced, error });
    if (target?.onNoted !== undefined) target.onNoted(request);
    else notes.add(request, traced ? [request] : []);
  } catch (trouble) {
    engine.guard.note('a request is not noted', trouble);
  }
}

function noted(
  { micros }: Engine,
  { inFlight, owner }: TimedConnection,
  { client, target }: Asker,
  { traced, error }: { readonly traced: boolean; readonly error: Buffer | null },
): NotedRequest {
  const { headArrived, headWritten } = inFlight;
  const claim = target?.claim ?? null;
  // One that was never written has the moment of an earlier request, or none.
  const wasWritten = headWritten !== 0 && ((headWritten - headArrived) | 0) >= 0;
  const { host, port, path } = owner.config;
  return {
    head: inFlight.headBytes,
    client: client?.address ?? claim?.clientAddress ?? '',
    clientName: client?.name ?? claim?.clientName ?? '',
    server: owner.name,
    host: path === '' ? host : path,
    port,
    totalMicros: Math.max(0, (micros - headArrived) | 0),
    serverMicros: wasWritten ? Math.max(0, (micros - headWritten) | 0) : 0,
    endedAt: wallMicros(),
    traced,
    failure: error === null ? null : error.toString('latin1', 0, FAILURE_TEXT_BYTES).trim(),
  };
}
