import { SLOT_WAITING_BYTES, WAITING_REQUEST_BYTES } from '../../../limits.ts';
import type { PoolCounters } from '../../../stats/counters.ts';
import type { Redirection } from '../../backend/again/redirections.ts';
import { clientOf, type SavedRequest } from '../../backend/again/saved-requests.ts';
import type { InFlightEntry } from '../../backend/in-flight.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Engine } from '../../engine/engine.ts';
import type { GuardedConnection } from '../../engine/guard.ts';
import type { LaneKey } from '../lanes.ts';

/** A request that is sent again after a while. */
export interface WaitingRequest {
  readonly request: SavedRequest;
  readonly lane: LaneKey;
  due: number;
  /** Where it was sent on to; null = where its slot is then. */
  readonly toward: Toward | null;
  /** It came while its client was held. */
  readonly behind: boolean;
}

/** A node that a request was sent on to. */
export interface Toward {
  readonly redirection: Redirection;
  /** `host:port` */
  readonly address: string;
}

/** Who gets them back. */
export interface RequestTaker {
  readonly title: string;
  readonly pool: { readonly counters: PoolCounters };
  /** Its time has come. */
  again(waiting: WaitingRequest): void;
  /** It is not to be sent at all. */
  giveUp(request: SavedRequest): void;
}

/**
 * Requests that were not executed and belong to no connection for a moment: their slot is on the
 * move. Those of one client come back in the order in which they came.
 */
export class WaitingRequests implements Timed, GuardedConnection {
  readonly #engine: Engine;
  readonly #taker: RequestTaker;
  #waiting: WaitingRequest[] = [];
  /** The last of each client: those behind it are not due before. */
  readonly #latest: Map<number, WaitingRequest> = new Map();
  /** How many of each client there are. */
  readonly #counts: Map<number, number> = new Map();
  /** What of each client waits elsewhere, oldest first: what it asks meanwhile is behind. */
  readonly #held: Map<number, Set<object>> = new Map();
  #bytes = 0;
  timerAt = 0;
  readonly isBalanced = true;
  /** Nothing is answered here. */
  readonly replies = { swallows: false };

  constructor(engine: Engine, taker: RequestTaker) {
    this.#engine = engine;
    this.#taker = taker;
  }

  get owner(): RequestTaker {
    return this.#taker;
  }

  get count(): number {
    return this.#waiting.length;
  }

  collectClients(ids: Set<number>): void {
    for (const { request } of this.#waiting) {
      if (request.entry.clientId >= 0) ids.add(request.entry.clientId);
    }
    for (const client of this.#held.keys()) ids.add(client);
  }

  /** Whether any request of the client waits, here or elsewhere: none of its others may go by. */
  has(client: number): boolean {
    return this.#counts.has(client) || this.#held.has(client);
  }

  /** `what` waits elsewhere: what comes of the client from now on stays until release(). */
  hold(client: number, what: object): void {
    const held = this.#held.get(client);
    if (held === undefined) this.#held.set(client, new Set([what]));
    else held.add(what);
    this.#engine.connections.add(this);
  }

  /** `what` has gone, or never will: who was behind it alone goes soon. */
  release(client: number, what: object): void {
    const held = this.#held.get(client);
    held?.delete(what);
    if (held?.size === 0) this.#held.delete(client);
    if (this.#counts.has(client)) this.#engine.deadlines.arm(this, millis());
    this.#leaveIfEmpty();
  }

  /** Whether nothing of the client waits that it has asked before `what`, which is held. */
  isNext(client: number, what: object): boolean {
    const [oldest] = this.#held.get(client) ?? [];
    return oldest === what && !this.#waiting.some((each) => !each.behind && isOf(each, client));
  }

  /** @param ms how long it waits at least @returns false when there is no room */
  add(request: SavedRequest, lane: LaneKey, ms: number, toward: Toward | null): boolean {
    const bytes = request.bytes.length + WAITING_REQUEST_BYTES;
    if (this.#bytes + bytes > SLOT_WAITING_BYTES) return false;
    const client = clientOf(request.entry);
    const behind = this.#held.has(client);
    const waiting = { request, lane, due: millis() + ms, toward, behind };
    this.#count(bytes);
    this.#engine.connections.add(this);
    this.#queue(waiting, client); // then it is here, come what may
    this.#engine.deadlines.arm(this, waiting.due);
    return true;
  }

  /** Before what its client has asked later, and that is not due before it. */
  #queue(waiting: WaitingRequest, client: number): void {
    const { entry } = waiting.request;
    const latest = this.#latest.get(client);
    const isLast = latest === undefined || !isBefore(entry, latest.request.entry);
    this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
    if (isLast) {
      waiting.due = Math.max(waiting.due, latest?.due ?? 0);
      this.#latest.set(client, waiting);
      this.#waiting.push(waiting);
      return;
    }
    const { length } = this.#waiting;
    let at = length;
    for (const [i, each] of this.#waiting.entries()) {
      if (!isOf(each, client)) continue;
      if (at === length && isBefore(entry, each.request.entry)) at = i;
      if (at === length) waiting.due = Math.max(waiting.due, each.due);
      else each.due = Math.max(waiting.due, each.due);
    }
    this.#waiting.splice(at, 0, waiting);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#engine.budget.count(bytes);
  }

  /** Those whose time has come, and that nothing holds back. */
  #take(now: number): WaitingRequest[] {
    return this.#takeOut((each) => each.due <= now && !this.#isHeld(each));
  }

  #isHeld({ request, behind }: WaitingRequest): boolean {
    return behind && this.#held.has(clientOf(request.entry));
  }

  /** Those that are so wait no more. */
  #takeOut(isSo: (each: WaitingRequest) => boolean): WaitingRequest[] {
    const taken = this.#waiting.filter(isSo);
    if (taken.length > 0) this.#waiting = this.#waiting.filter((each) => !isSo(each));
    for (const { request } of taken) {
      this.#count(-request.bytes.length - WAITING_REQUEST_BYTES);
      const client = clientOf(request.entry);
      const left = (this.#counts.get(client) ?? 1) - 1;
      if (left > 0) this.#counts.set(client, left);
      else {
        this.#counts.delete(client);
        this.#latest.delete(client);
      }
    }
    this.#leaveIfEmpty();
    return taken;
  }

  #leaveIfEmpty(): void {
    if (this.#waiting.length + this.#held.size === 0) this.#engine.connections.delete(this);
  }

  /** More is known: all are tried now. */
  hurry(): void {
    for (const each of this.#take(Number.POSITIVE_INFINITY)) this.#taker.again(each);
  }

  /** All of them are given up. */
  close(): void {
    this.#engine.deadlines.forget(this);
    this.#held.clear();
    for (const { request } of this.#takeOut(() => true)) this.#taker.giveUp(request);
  }

  failInternally(): void {
    this.close();
  }

  disown(client: number, slot: number): number {
    return this.#takeOut(({ request: { entry } }) => {
      return entry.clientId === client && ((entry.slot - slot) | 0) >= 0;
    }).length;
  }

  nextDeadline(): number {
    let next = 0;
    for (const each of this.#waiting) {
      if (!this.#isHeld(each) && (next === 0 || each.due < next)) next = each.due;
    }
    return next;
  }

  onDeadline(now: number): void {
    // Nothing may have been read since: how long they have waited is known by this clock.
    this.#engine.readClock();
    for (const each of this.#take(now)) this.#taker.again(each);
  }

  onException(error: unknown): void {
    this.#engine.guard.note(`${this.#taker.title}: requests are not sent again`, error);
  }
}

function isOf({ request }: WaitingRequest, client: number): boolean {
  return clientOf(request.entry) === client;
}

/** Whether a client has asked one before the other, as far as these have places of their own. */
function isBefore(one: InFlightEntry, other: InFlightEntry): boolean {
  return one.clientId >= 0 && other.clientId >= 0 && ((one.slot - other.slot) | 0) < 0;
}
