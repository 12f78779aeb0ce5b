import { LANE_LIMIT } from '../../limits.ts';
import { Lane, type RespVersion } from '../backend/lane.ts';

/** What a lane was when a request was made; the lane itself may be given to others meanwhile. */
export type LaneKey = Readonly<Pick<Lane, 'index' | 'db' | 'resp' | 'tracking'>>;

/** Whoever has a lane: `lane` is its index. */
interface LaneUser {
  readonly pool: { readonly lanes: Lanes };
  readonly lane: number;
}

/** What a lane is now, to be found again later. */
export function laneKey({ index, db, resp, tracking }: Lane): LaneKey {
  return { index, db, resp, tracking };
}

function isLane(lane: Lane, db: number, resp: RespVersion, tracking: boolean): boolean {
  return lane.db === db && lane.resp === resp && lane.tracking === tracking;
}

/** The lane that a client's next request takes. */
export function laneOf({ pool, lane }: LaneUser): Lane {
  return pool.lanes.at(lane);
}

/**
 * The lanes of a pool. Lane 0 is what a client has when it connects: RESP2 and the database of the
 * configuration. The others come and go with the clients that ask for them.
 */
export class Lanes {
  readonly #lanes: Lane[];
  readonly #isEmpty: (index: number) => boolean;

  /** @param isEmpty whether no server has a connection on a lane */
  constructor(db: number, isEmpty: (index: number) => boolean) {
    const first = new Lane(0, db, 2, false);
    first.verified = true;
    this.#lanes = [first];
    this.#isEmpty = isEmpty;
  }

  get first(): Lane {
    return this.#lanes[0];
  }

  get count(): number {
    return this.#lanes.length;
  }

  at(index: number): Lane {
    return this.#lanes[index];
  }

  /** Whether the servers have said that they have this database. */
  isVerified(db: number): boolean {
    return this.#lanes.some((lane) => lane.db === db && lane.verified);
  }

  /**
   * Where a request made on a lane is sent later: on the one with its database and version.
   * @returns its index; -1 when there is none and no room for one
   */
  again({ index, db, resp, tracking }: LaneKey): number {
    const lane = this.#lanes[index];
    if (isLane(lane, db, resp, tracking)) return index;
    return this.find(db, resp, tracking)?.index ?? -1;
  }

  /**
   * The lane of a database and version; null when there are too many already.
   * @param tracking whether servers note what is read
   */
  find(db: number, resp: RespVersion, tracking: boolean): Lane | null {
    const known = this.#lanes.find((lane) => isLane(lane, db, resp, tracking));
    if (known !== undefined) return known;
    const verified = this.isVerified(db);
    let lane = this.#lanes.find(
      ({ index, clients }) => index > 0 && clients === 0 && this.#isEmpty(index),
    );
    if (lane === undefined) {
      if (this.#lanes.length === LANE_LIMIT) return null;
      lane = new Lane(this.#lanes.length, db, resp, tracking);
      this.#lanes.push(lane);
    }
    lane.db = db;
    lane.resp = resp;
    lane.tracking = tracking;
    lane.verified = verified;
    return lane;
  }
}
