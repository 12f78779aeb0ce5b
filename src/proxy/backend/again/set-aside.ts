import { SET_ASIDE_BYTES, WAITING_REQUEST_BYTES } from '../../../limits.ts';
import type { Engine } from '../../engine/engine.ts';
import type { GuardedConnection } from '../../engine/guard.ts';
import type { InFlight, InFlightEntry } from '../in-flight.ts';
import type { Lane } from '../lane.ts';
import { failEntry } from '../lost-requests.ts';
import type { ConnectionOwner } from '../owner.ts';
import { REPEAT_NEVER, REPEAT_READ } from '../server-protocol.ts';
import type { KeptRequests } from './kept-requests.ts';
import type { Redirection } from './redirections.ts';
import type { RequestMover } from './request-mover.ts';
import { clientOf, type SavedRequest, slotOf } from './saved-requests.ts';

/** A connection, as requests see it that its server has not executed. */
export interface AskedConnection extends GuardedConnection {
  readonly owner: ConnectionOwner;
  readonly inFlight: InFlight;
  readonly lane: Lane;
  readonly kept: KeptRequests | null;
}

/** A request that a node of a cluster has not executed, and where it has sent it. */
export interface SentElsewhere extends SavedRequest {
  readonly redirection: Redirection;
}

/** Those of one client, oldest first. */
interface Group {
  requests: SentElsewhere[];
  /** What was in flight by then, counted from the first of all: behind it they may go. */
  last: number;
}

/**
 * Requests that a node of a cluster has sent elsewhere, and whose clients have asked it for more
 * behind them. What is asked for later may be executed here, or be sent to a third node: so they go
 * on when all that is answered, together, where the node has sent the last for their slot. An
 * earlier one does not follow a later one that was executed, unless it has other keys.
 */
export class RequestsAside {
  readonly #engine: Engine;
  readonly #connection: AskedConnection;
  readonly #groups: Map<number, Group> = new Map();
  #bytes = 0;
  /** There are any: every reply is looked at. */
  active = false;

  constructor(engine: Engine, connection: AskedConnection) {
    this.#engine = engine;
    this.#connection = connection;
  }

  /** Whether its client has asked here for more behind it, or has another one set aside. */
  concerns({ entry }: SavedRequest): boolean {
    const client = clientOf(entry);
    return this.#groups.has(client) || this.#connection.inFlight.upTo(client) > 0;
  }

  /** @returns false when there is no room: nothing is kept of it */
  add(request: SentElsewhere): boolean {
    if (this.#bytes + sizeOf(request) > SET_ASIDE_BYTES) return false;
    const { inFlight } = this.#connection;
    const client = clientOf(request.entry);
    const last = (headOf(inFlight) + inFlight.upTo(client)) | 0;
    const requests = this.#groups.get(client)?.requests ?? [];
    requests.push(request);
    this.#groups.set(client, { requests, last });
    this.#count(sizeOf(request));
    this.active = true;
    this.#engine.clients[client]?.barrier();
    return true;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#engine.budget.count(bytes);
  }

  /** The oldest request in flight, or one that is lost, may have been executed. */
  onExecuted(entry: InFlightEntry): void {
    const client = clientOf(entry);
    const group = this.#groups.get(client);
    // What stands before EXEC is executed with that.
    if (group === undefined || entry.target?.several) return;
    const bytes = this.#connection.kept?.copy(entry.offset, entry.bytes) ?? null;
    const overtaken = group.requests.filter((each) => this.#mayTouch(each, entry, bytes));
    for (const each of overtaken) {
      this.#drop(client, each);
      this.#fail(each);
    }
  }

  /** Whether two requests touch the same: one of them later than the other is not as if before. */
  #mayTouch(one: SavedRequest, entry: InFlightEntry, bytes: Buffer | null): boolean {
    const { pool } = this.#connection.owner;
    const slot = slotOf(pool, one.entry, one.bytes);
    const blockSlot = entry.target?.blockSlot;
    if (blockSlot !== undefined) return blockSlot === slot;
    if (bytes === null) return true;
    if (slotOf(pool, entry, bytes) !== slot) return false;
    const { protocol } = pool;
    const kinds = [protocol.repeatable(one.bytes), protocol.repeatable(bytes)];
    if (kinds.every((kind) => kind === REPEAT_READ)) return false;
    // A script may touch more than it names.
    if (kinds.includes(REPEAT_NEVER)) return true;
    const keys = protocol.slots?.requestKeys(one.bytes, pool) ?? null;
    const others = protocol.slots?.requestKeys(bytes, pool) ?? null;
    return keys === null || others === null || keys.some((key) => others.includes(key));
  }

  #drop(client: number, gone: SentElsewhere): void {
    const group = this.#groups.get(client);
    if (group === undefined) return;
    this.#count(-sizeOf(gone));
    group.requests = group.requests.filter((each) => each !== gone);
    if (group.requests.length === 0) this.#groups.delete(client);
    this.active = this.#groups.size > 0;
  }

  #fail({ entry, redirection }: SentElsewhere): void {
    this.#tell(entry, this.refusalOf(redirection));
  }

  #tell(entry: InFlightEntry, error: Buffer): void {
    failEntry(this.#engine, this.#connection, entry, error);
  }

  /** What a client is told whose request cannot go where it was sent. */
  refusalOf(redirection: Redirection): Buffer {
    return (this.#connection.owner.pool.mover as RequestMover).refuse(redirection);
  }

  /** Replies have been handed out: those go behind whom nothing of their client is left. */
  goOn(): void {
    const { inFlight } = this.#connection;
    for (const [client, { last }] of [...this.#groups]) {
      if (((headOf(inFlight) - last) | 0) >= 0) this.goOnOf(client);
    }
  }

  /** Those of a client go now. */
  goOnOf(client: number): void {
    const { mover } = this.#connection.owner.pool;
    if (mover === null) return;
    for (const { redirection, ...request } of this.#newest(this.takeOf(client))) {
      const error = mover.redirect(this.#connection, request, redirection);
      if (error !== null) this.#tell(request.entry, error);
    }
  }

  /** Each goes where the last for its slot is sent: the node knew more by then. */
  #newest(requests: readonly SentElsewhere[]): SentElsewhere[] {
    const { pool } = this.#connection.owner;
    const bySlot = new Map<number, Redirection>();
    const slots = requests.map(({ entry, bytes }) => slotOf(pool, entry, bytes));
    for (const [i, { redirection }] of requests.entries()) bySlot.set(slots[i], redirection);
    return requests.map((each, i) => {
      return { ...each, redirection: bySlot.get(slots[i]) ?? each.redirection };
    });
  }

  /** What is kept of a client; from here on nothing is. */
  takeOf(client: number): SentElsewhere[] {
    const requests = this.#groups.get(client)?.requests ?? [];
    for (const each of requests) this.#drop(client, each);
    return requests;
  }

  /** All of them; from here on none is kept. */
  takeAll(): SentElsewhere[] {
    return [...this.#groups.keys()].flatMap((client) => this.takeOf(client));
  }

  /** Nothing can be sent on: each client is told so. */
  giveUp(): void {
    for (const each of this.takeAll()) this.#fail(each);
  }

  /** As WithheldRequests.disown(). */
  disown(client: number, slot: number): number {
    const gone = (this.#groups.get(client)?.requests ?? []).filter(({ entry }) => {
      return entry.clientId === client && ((entry.slot - slot) | 0) >= 0;
    });
    for (const each of gone) this.#drop(client, each);
    return gone.length;
  }

  collectClients(ids: Set<number>): void {
    for (const { requests } of this.#groups.values()) {
      for (const { entry } of requests) if (entry.clientId >= 0) ids.add(entry.clientId);
    }
  }
}

/** How many have left it. */
function headOf(inFlight: InFlight): number {
  return (inFlight.pushed - inFlight.count) | 0;
}

function sizeOf({ bytes }: SavedRequest): number {
  return bytes.length + WAITING_REQUEST_BYTES;
}
