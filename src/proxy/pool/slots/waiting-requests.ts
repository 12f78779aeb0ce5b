import { SLOT_RETRY_MS, SLOT_WAITING_BYTES, WAITING_REQUEST_BYTES } from '../../../limits.ts';
import type { PoolCounters } from '../../../stats/counters.ts';
import type { Redirection } from '../../backend/again/redirections.ts';
import {
  clientOf,
  isEarlier,
  placeOf,
  type SavedRequest,
} from '../../backend/again/saved-requests.ts';
import { SharedRoom } from '../../backend/again/shared-room.ts';
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
  /** The latest of what its client has asked before and that waits elsewhere; null = nothing. */
  readonly behind: Held | null;
}

/** What of a client waits elsewhere: its place among all that the client has asked. */
export interface Held {
  readonly slot: number;
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
  /** Whether it need not wait for another one of its client to be answered. */
  mayGo(request: SavedRequest): boolean;
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
  /** Of each client, in the order in which it has asked; none is due before the one before it. */
  readonly #waiting: Map<number, WaitingRequest[]> = new Map();
  /** What of each client waits elsewhere, oldest first: what it asks meanwhile is behind. */
  readonly #held: Map<number, Set<Held>> = new Map();
  /** How many wait, and what they take. */
  count = 0;
  readonly #room: SharedRoom;
  timerAt = 0;
  readonly isBalanced = true;
  /** Nothing is answered here. */
  readonly replies = { swallows: false };

  constructor(engine: Engine, taker: RequestTaker) {
    this.#engine = engine;
    this.#taker = taker;
    this.#room = new SharedRoom(SLOT_WAITING_BYTES, engine.budget);
  }

  get owner(): RequestTaker {
    return this.#taker;
  }

  collectClients(ids: Set<number>): void {
    for (const all of this.#waiting.values()) {
      for (const { request } of all) {
        if (request.entry.clientId >= 0) ids.add(request.entry.clientId);
      }
    }
    for (const client of this.#held.keys()) ids.add(client);
  }

  /** Whether any request of the client waits, here or elsewhere: none of its others may go by. */
  has(client: number): boolean {
    return this.#waiting.has(client) || this.#held.has(client);
  }

  /** Whether another one of its client waits that was asked before it. */
  isBehind({ entry }: SavedRequest): boolean {
    const first = this.#waiting.get(clientOf(entry))?.[0];
    return first !== undefined && isBefore(first.request.entry, entry);
  }

  /** `what` waits elsewhere: what comes of the client from now on stays until release(). */
  hold(client: number, what: Held): void {
    const held = this.#held.get(client);
    if (held === undefined) this.#held.set(client, new Set([what]));
    else held.add(what);
    this.#engine.connections.add(this);
  }

  /** `what` has gone, or never will: who was behind it alone goes soon. */
  release(client: number, what: Held): void {
    const held = this.#held.get(client);
    held?.delete(what);
    if (held?.size === 0) this.#held.delete(client);
    if (this.#waiting.has(client)) this.#engine.deadlines.arm(this, millis());
    this.#leaveIfEmpty();
  }

  /** Whether nothing of the client waits that it has asked before `what`, which is held. */
  isNext(client: number, what: Held): boolean {
    const [oldest] = this.#held.get(client) ?? [];
    const first = this.#waiting.get(client)?.[0];
    return oldest === what && (first === undefined || this.#isHeld(first));
  }

  /** @param ms how long it waits at least @returns false when there is no room */
  add(request: SavedRequest, lane: LaneKey, ms: number, toward: Toward | null): boolean {
    const client = clientOf(request.entry);
    if (!this.#room.take(client, sizeOf(request))) return false;
    const all = this.#waiting.get(client) ?? [];
    let at = all.length;
    while (at > 0 && isBefore(request.entry, all[at - 1].request.entry)) at--;
    const due = dueBehind(all[at - 1], millis() + ms);
    const behind = this.#heldBefore(client, request.entry);
    // Then it is here, come what may.
    all.splice(at, 0, { request, lane, due, toward, behind });
    for (let i = at + 1; i < all.length && all[i].due < due; i++) all[i].due = due;
    this.#waiting.set(client, all);
    this.count++;
    this.#engine.connections.add(this);
    this.#engine.deadlines.arm(this, due);
    return true;
  }

  /**
   * The latest of what is held of a client and was asked before a request: one that comes back may
   * have been asked before all of it.
   */
  #heldBefore(client: number, entry: InFlightEntry): Held | null {
    const place = placeOf(entry);
    let latest: Held | null = null;
    for (const each of this.#held.get(client) ?? []) {
      if (place === null || !isEarlier(place, each.slot)) latest = each;
    }
    return latest;
  }

  /** Those whose time has come, and that nothing holds back: the first ones of each client. */
  #take(now: number): WaitingRequest[] {
    return this.#takeOut((each) => {
      return each.due <= now && !this.#isHeld(each) && this.#taker.mayGo(each.request);
    });
  }

  /** Who waits for an answer looks again in a moment. */
  #putOff(now: number): void {
    for (const [first] of this.#waiting.values()) {
      if (first.due <= now && !this.#taker.mayGo(first.request)) first.due = now + SLOT_RETRY_MS;
    }
  }

  #isHeld({ request, behind }: WaitingRequest): boolean {
    return behind !== null && this.#held.get(clientOf(request.entry))?.has(behind) === true;
  }

  /** Of each client those before the first that is not so wait no more. */
  #takeOut(isSo: (each: WaitingRequest) => boolean): WaitingRequest[] {
    const taken: WaitingRequest[] = [];
    for (const [client, all] of this.#waiting) {
      const end = all.findIndex((each) => !isSo(each));
      if (end === 0) continue;
      const first = end < 0 ? all : all.slice(0, end);
      for (const each of this.#remove(client, first, end < 0 ? [] : all.slice(end))) {
        taken.push(each);
      }
    }
    this.#leaveIfEmpty();
    return taken;
  }

  /** @param left what a client still has waiting */
  #remove(client: number, gone: WaitingRequest[], left: WaitingRequest[]): WaitingRequest[] {
    for (const { request } of gone) this.#room.giveBack(client, sizeOf(request));
    this.count -= gone.length;
    if (left.length > 0) this.#waiting.set(client, left);
    else this.#waiting.delete(client);
    return gone;
  }

  #leaveIfEmpty(): void {
    if (this.#waiting.size + this.#held.size === 0) this.#engine.connections.delete(this);
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
    const all = this.#waiting.get(client) ?? [];
    const isGone = ({ request: { entry } }: WaitingRequest): boolean => {
      return entry.clientId === client && !isEarlier(entry.slot, slot);
    };
    const gone = all.filter(isGone);
    const left = all.filter((each) => !isGone(each));
    if (gone.length > 0) this.#remove(client, gone, left);
    this.#leaveIfEmpty();
    return gone.length;
  }

  nextDeadline(): number {
    let next = 0;
    for (const [first] of this.#waiting.values()) {
      if (!this.#isHeld(first) && (next === 0 || first.due < next)) next = first.due;
    }
    return next;
  }

  onDeadline(now: number): void {
    // Nothing may have been read since: how long they have waited is known by this clock.
    this.#engine.readClock();
    const due = this.#take(now);
    this.#putOff(now);
    for (const each of due) this.#taker.again(each);
  }

  onException(error: unknown): void {
    this.#engine.guard.note(`${this.#taker.title}: requests are not sent again`, error);
  }
}

/** Whether a client has asked one before the other, as far as these have places of their own. */
function isBefore(one: InFlightEntry, other: InFlightEntry): boolean {
  const [place, otherPlace] = [placeOf(one), placeOf(other)];
  return place !== null && otherPlace !== null && isEarlier(place, otherPlace);
}

/** Not before the one in front of it; what has come with that goes with it. */
function dueBehind(before: WaitingRequest | undefined, due: number): number {
  return before !== undefined && due <= before.due + SLOT_RETRY_MS ? before.due : due;
}

function sizeOf({ bytes }: SavedRequest): number {
  return bytes.length + WAITING_REQUEST_BYTES;
}
