import type { PoolConfig } from '../../../config/index.ts';
import type { SendQueue } from '../../../net/send-queue.ts';
import type { InFlight, InFlightEntry } from '../in-flight.ts';
import { REPEAT_NEVER, REPEAT_READ, type ServerProtocol } from '../server-protocol.ts';
import type { KeptRequests } from './kept-requests.ts';

/** A request that goes on in another connection. */
export interface SavedRequest {
  readonly entry: InFlightEntry;
  /** It must not change any more. */
  readonly bytes: Buffer;
  /** How often a node of its cluster has sent it on; absent = never. */
  readonly hops?: number;
  /** The place of a request of its client that is to be answered first; null or absent = none. */
  readonly after?: number | null;
}

/** A connection that is about to be closed. */
export interface EndingConnection {
  readonly inFlight: InFlight;
  readonly out: SendQueue;
  readonly owner: { readonly pool: { readonly protocol: ServerProtocol } };
}

/** Whose request it is, as far as the order of requests goes; -1 = nobody's. */
export function clientOf({ clientId, target }: InFlightEntry): number {
  return clientId >= 0 ? clientId : (target?.claim?.clientId ?? -1);
}

/** The place of a request among those of its client; null = it has none. */
export function placeOf({ clientId, slot, target }: InFlightEntry): number | null {
  return clientId >= 0 ? slot : (target?.claim?.slot ?? null);
}

/** Of two places of one client, which may wrap. */
export function isEarlier(one: number, other: number): boolean {
  return ((one - other) | 0) < 0;
}

/** The pool of a request, as far as slots go. */
export interface SlottedPool {
  readonly config: PoolConfig;
  readonly protocol: Pick<ServerProtocol, 'slots'>;
}

/** The slot of a request in a cluster; -1 when it has none. */
export function slotOf(pool: SlottedPool, { target }: InFlightEntry, bytes: Buffer): number {
  return target?.slot ?? pool.protocol.slots?.requestSlot(bytes, pool) ?? -1;
}

/** What becomes of the requests of a connection that is about to be closed. */
export interface EndedRequests {
  /** They may be sent on another connection, in their order. */
  readonly saved: readonly SavedRequest[];
  /** They may have been executed: they are in flight still. */
  readonly lost: readonly InFlightEntry[];
}

/**
 * Takes the requests out of a connection that may be sent on another one: those that were not
 * written, and of the others the reads behind which their client has no write, since that may have
 * been executed. The rest stays in flight, but for ringway's own words of greeting.
 * @param kept null when nothing that was written is to be sent again
 * @param begun the reply of the oldest has begun to come
 */
export function takeRepeatable(
  connection: EndingConnection,
  kept: KeptRequests | null,
  begun: boolean,
): EndedRequests {
  const { inFlight, out } = connection;
  const { protocol } = connection.owner.pool;
  const entries = inFlight.takeAll();
  const unsent = out.takeUnsent();
  const saved: SavedRequest[] = [];
  const lost: InFlightEntry[] = [];
  const wrote = new Set<number>();
  let end = unsent.length;
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i];
    const at = end - entry.bytes;
    if (entry.bytes === 0) continue;
    if (at >= 0) {
      saved.push({ entry, bytes: unsent.subarray(at, end) });
      end = at;
      continue;
    }
    const client = clientOf(entry);
    const mayBeKept = kept !== null && client >= 0 && !wrote.has(client) && !(begun && i === 0);
    const bytes = mayBeKept ? kept.copy(entry.offset, entry.bytes) : null;
    const repeat = bytes === null ? REPEAT_NEVER : protocol.repeatable(bytes);
    if (bytes !== null && repeat === REPEAT_READ) {
      saved.push({ entry, bytes });
    } else {
      if (client >= 0) wrote.add(client);
      lost.push(entry);
    }
  }
  saved.reverse();
  lost.reverse();
  for (const entry of lost) inFlight.putBack(entry);
  return { saved, lost };
}
