import { SET_ASIDE_BYTES } from '../../../limits.ts';
import type { Engine } from '../../engine/engine.ts';
import type { GuardedConnection } from '../../engine/guard.ts';
import type { InFlight, InFlightEntry } from '../in-flight.ts';
import type { Lane } from '../lane.ts';
import { failEntry } from '../lost-requests.ts';
import type { ConnectionOwner } from '../owner.ts';
import type { SlotProtocol } from '../server-protocol.ts';
import { type Aside, AsideGroup, type SentElsewhere, sizeOf } from './aside-group.ts';
import type { KeptRequests } from './kept-requests.ts';
import { leftOf, NewestRequests } from './newest-requests.ts';
import type { Redirection } from './redirections.ts';
import { clientOf, type SavedRequest } from './saved-requests.ts';
import { SharedRoom } from './shared-room.ts';
import { type Touched, touchedBy, wholeSlot } from './touched-keys.ts';
import { lastSaid } from './ways.ts';

/** A connection, as requests see it that its server has not executed. */
export interface AskedConnection extends GuardedConnection {
  readonly owner: ConnectionOwner;
  readonly inFlight: InFlight;
  readonly lane: Lane;
  readonly kept: KeptRequests | null;
}

/**
 * Requests that a node of a cluster has sent elsewhere, and whose clients have asked it for more
 * behind them. What is asked for later may be executed here, or be sent to a third node: so they go
 * on when all that is answered, in their order. An earlier one does not follow a later one that was
 * executed, unless it has other keys.
 */
export class RequestsAside {
  readonly #engine: Engine;
  readonly #connection: AskedConnection;
  readonly #groups: Map<number, AsideGroup> = new Map();
  /** The client whose group goes when so many have left the connection. */
  readonly #due: Map<number, number> = new Map();
  /** So many have left as goOn() has seen. */
  #seen = 0;
  readonly #newest: NewestRequests;
  readonly #room: SharedRoom;
  /** There are any: every reply is looked at. */
  active = false;

  constructor(engine: Engine, connection: AskedConnection) {
    this.#engine = engine;
    this.#connection = connection;
    this.#newest = new NewestRequests(connection.inFlight);
    this.#room = new SharedRoom(SET_ASIDE_BYTES, engine.budget);
  }

  /** Whether its client has asked here for more behind it, or has another one set aside. */
  concerns({ entry }: SavedRequest): boolean {
    const client = clientOf(entry);
    return this.#groups.has(client) || this.#newest.of(client) !== null;
  }

  /** @returns false when there is no room: nothing is kept of it */
  add(request: SentElsewhere): boolean {
    const { pool } = this.#connection.owner;
    const aside = { ...request, touched: touchedBy(pool, request.entry, request.bytes) };
    const client = clientOf(request.entry);
    if (!this.#room.take(client, sizeOf(aside))) return false;
    this.#groupOf(client).add(aside);
    this.#engine.clients[client]?.barrier();
    return true;
  }

  /** Where the next one of the client is kept: it goes behind the newest that is in flight. */
  #groupOf(client: number): AsideGroup {
    const left = leftOf(this.#connection.inFlight);
    if (!this.active) this.#seen = (left - 1) | 0;
    this.active = true;
    let group = this.#groups.get(client);
    if (group === undefined) {
      group = new AsideGroup();
      this.#groups.set(client, group);
    } else {
      this.#due.delete(group.last);
    }
    group.last = this.#newest.of(client) ?? left;
    this.#due.set(group.last, client);
    return group;
  }

  /** Nothing is kept of the client any more. */
  #forget(client: number, { last }: AsideGroup): void {
    this.#groups.delete(client);
    this.#due.delete(last);
    this.active = this.#groups.size > 0;
  }

  /** The oldest request in flight, or one that is lost, may have been executed. */
  onExecuted(entry: InFlightEntry): void {
    const client = clientOf(entry);
    const group = this.#groups.get(client);
    // What stands before EXEC is executed with that.
    if (group === undefined || entry.target?.several) return;
    const touched = this.#touchedBy(entry);
    const overtaken = touched === null ? this.takeOf(client) : [...group.metBy(touched)];
    if (touched !== null) this.#remove(client, group, overtaken);
    for (const each of overtaken) this.#fail(each);
  }

  /** @returns null when nobody knows */
  #touchedBy(entry: InFlightEntry): Touched | null {
    const { kept, owner } = this.#connection;
    const blockSlot = entry.target?.blockSlot;
    if (blockSlot !== undefined) return wholeSlot(blockSlot);
    const bytes = kept?.copy(entry.offset, entry.bytes) ?? null;
    return bytes === null ? null : touchedBy(owner.pool, entry, bytes);
  }

  #remove(client: number, group: AsideGroup, gone: readonly Aside[]): void {
    for (const each of gone) {
      group.remove(each);
      this.#room.giveBack(client, sizeOf(each));
    }
    if (group.isEmpty) this.#forget(client, group);
  }

  #fail({ entry, redirection }: SentElsewhere): void {
    this.#tell(entry, this.refusalOf(redirection));
  }

  #tell(entry: InFlightEntry, error: Buffer): void {
    failEntry(this.#engine, this.#connection, entry, error);
  }

  /** What a client is told whose request cannot go where it was sent. */
  refusalOf({ kind, slot }: Redirection): Buffer {
    // A reload may have made the pool one that has no slots.
    return (this.#connection.owner.pool.protocol.slots as SlotProtocol).failure(kind, slot);
  }

  /** Replies have been handed out: those go behind whom nothing of their client is left. */
  goOn(): void {
    const left = leftOf(this.#connection.inFlight);
    while (this.active && this.#seen !== left) {
      this.#seen = (this.#seen + 1) | 0;
      const client = this.#due.get(this.#seen);
      if (client !== undefined) this.goOnOf(client);
    }
  }

  /** Those of a client go now. */
  goOnOf(client: number): void {
    const { mover } = this.#connection.owner.pool;
    for (const { redirection, ...request } of lastSaid(this.takeOf(client))) {
      const error =
        mover === null
          ? this.refusalOf(redirection)
          : mover.redirect(this.#connection, request, redirection);
      if (error !== null) this.#tell(request.entry, error);
    }
  }

  /**
   * A reply to the client stands still until those before it are answered: they cannot wait for its
   * end. Whether what is behind it would come before them nobody knows yet.
   */
  onHeldUp(client: number): void {
    if (!this.#groups.has(client)) return;
    const oldest = (leftOf(this.#connection.inFlight) + 1) | 0;
    if (this.#newest.of(client) === oldest) this.goOnOf(client);
    else for (const each of this.takeOf(client)) this.#fail(each);
  }

  /** What is kept of a client; from here on nothing is. */
  takeOf(client: number): Aside[] {
    const group = this.#groups.get(client);
    if (group === undefined) return [];
    this.#forget(client, group);
    const requests = [...group.requests];
    for (const each of requests) this.#room.giveBack(client, sizeOf(each));
    return requests;
  }

  /** All of them; from here on none is kept. */
  takeAll(): SavedRequest[] {
    return this.#takeAll().map(({ redirection: _, touched: __, ...saved }) => saved);
  }

  #takeAll(): Aside[] {
    return [...this.#groups.keys()].flatMap((client) => this.takeOf(client));
  }

  /** Nothing can be sent on: each client is told so. */
  giveUp(): void {
    for (const each of this.#takeAll()) this.#fail(each);
  }

  /** As WithheldRequests.disown(). */
  disown(client: number, slot: number): number {
    const group = this.#groups.get(client);
    if (group === undefined) return 0;
    const gone = [...group.requests].filter(({ entry }) => {
      return entry.clientId === client && ((entry.slot - slot) | 0) >= 0;
    });
    this.#remove(client, group, gone);
    return gone.length;
  }

  collectClients(ids: Set<number>): void {
    for (const { requests } of this.#groups.values()) {
      for (const { entry } of requests) if (entry.clientId >= 0) ids.add(entry.clientId);
    }
  }
}
