import { SERVER_SWEEP_MS } from '../../../limits.ts';
import type { SavedRequest } from '../../backend/again/saved-requests.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { Lane } from '../../backend/lane.ts';
import type { Spared } from '../connection-budget.ts';
import { type LaneKey, laneKey } from '../lanes.ts';

/** Requests that have no connection any more. */
export interface ParkedRequests {
  readonly requests: readonly SavedRequest[];
  readonly lane: LaneKey;
}

/**
 * The shared connections of one server: `server_connections` places per lane, lane by lane, and
 * those that are out of service and finish what is in flight.
 */
export class Places {
  readonly #connections: (BackendConnection | null)[];
  readonly #perLane: number;
  readonly #retired: Set<BackendConnection> = new Set();
  /** Also those that are still opened close as soon as they are idle. */
  #drains = false;

  constructor(perLane: number) {
    this.#perLane = perLane;
    this.#connections = new Array(perLane).fill(null);
  }

  /** The place of a client on a lane: it keeps to one, so its requests are executed in order. */
  of(client: number, lane: number): number {
    const perLane = this.#perLane;
    return perLane === 1 ? lane : lane * perLane + (client % perLane);
  }

  at(place: number): BackendConnection | null {
    return place < this.#connections.length ? this.#connections[place] : null;
  }

  /** Opens one in a place. @returns null when that cannot be done: `onError` is told */
  open(
    place: number,
    connect: () => BackendConnection,
    onError: (error: unknown) => void,
  ): BackendConnection | null {
    while (this.#connections.length <= place) this.#connections.push(null);
    try {
      this.#connections[place] = connect();
      return this.#connections[place];
    } catch (error) {
      onError(error);
      return null;
    }
  }

  put(place: number, connection: BackendConnection): void {
    this.#connections[place] = connection;
  }

  /** @returns where it is; -1 when it has no place */
  placeOf(connection: BackendConnection): number {
    return this.#connections.indexOf(connection);
  }

  /** Those that have a place. */
  get placed(): BackendConnection[] {
    return this.#connections.filter((each) => each !== null);
  }

  /** Takes what waits in those that are not dialed: it may be sent elsewhere. */
  takeParked(): ParkedRequests[] {
    const parked = this.placed.filter((each) => each.parked);
    return parked.map((connection) => {
      const lane = laneKey(connection.lane);
      return { requests: connection.takeParked(), lane };
    });
  }

  get retired(): ReadonlySet<BackendConnection> {
    return this.#retired;
  }

  /** Whether a connection on which nothing is in flight is to be closed. */
  isLeaving(connection: BackendConnection): boolean {
    return this.#drains || this.#retired.has(connection);
  }

  get drains(): boolean {
    return this.#drains;
  }

  /** Each closes as soon as nothing is in flight on it; false: those that are opened stay. */
  set drains(drains: boolean) {
    this.#drains = drains;
    if (drains) this.#drain();
  }

  /** Until all that have been taken out of service are closed. */
  #drain(): void {
    if (this.#drains) for (const connection of this.placed) this.retire(connection);
    this.#closeIdle();
    if (this.#retired.size > 0) setTimeout(() => this.#drain(), SERVER_SWEEP_MS).unref();
  }

  #closeIdle(): void {
    for (const connection of [...this.#retired]) {
      // Quiet commands have no reply to wait for, but must be written.
      const done = connection.inFlight.count === 0 && connection.out.pendingBytes === 0;
      if (done) connection.close();
    }
  }

  /** All that are open take no more requests, and close as soon as nothing is in flight on them. */
  retireAll(): void {
    for (const connection of this.placed) this.retire(connection);
    this.#drain();
  }

  /** Takes a connection out of service: it only finishes what is in flight. */
  retire(connection: BackendConnection): void {
    const place = this.placeOf(connection);
    if (place < 0) return;
    connection.holdBack();
    this.#connections[place] = null;
    this.#retired.add(connection);
  }

  /** It is closed. */
  forget(connection: BackendConnection): void {
    const place = this.placeOf(connection);
    if (place >= 0) this.#connections[place] = null;
    this.#retired.delete(connection);
  }

  /**
   * Closes each as soon as nothing is in flight on it, also those that are still opened.
   * @param isUnused asked when none is left @param onGone told when that is so as well
   */
  closeAll(isUnused: () => boolean, onGone: () => void): void {
    for (const connection of this.placed) this.retire(connection);
    this.#closeIdle();
    if (this.#retired.size === 0 && isUnused()) onGone();
    else setTimeout(() => this.closeAll(isUnused, onGone), SERVER_SWEEP_MS).unref();
  }

  /** Whether a connection of this lane is left. */
  hasLane(lane: Lane): boolean {
    for (const each of this.#connections) if (each?.lane === lane) return true;
    for (const each of this.#retired) if (each.lane === lane) return true;
    return false;
  }
}

/** The idle connection that was used longest ago, among `all` and `other`, and none of `spared`. */
export function leastUsed(
  all: readonly BackendConnection[],
  other: BackendConnection | null,
  spared: Spared,
): BackendConnection | null {
  let oldest = other;
  for (const each of all) {
    if (each.inFlight.count > 0 || !each.connected || spared.includes(each)) continue;
    if (oldest === null || each.inFlight.lastTime < oldest.inFlight.lastTime) oldest = each;
  }
  return oldest;
}
