import { LANE_LIMIT } from '../../limits.ts';
import { Lane, type LaneLogin, type RespVersion, sameLogin } from '../backend/lane.ts';

/** What a lane was when a request was made; the lane itself may be given to others meanwhile. */
export type LaneKey = Readonly<Pick<Lane, 'index' | 'db' | 'resp' | 'tracking' | 'login'>>;

/** Whoever has a lane: `lane` is its index. */
interface LaneUser {
  readonly pool: { readonly lanes: Lanes };
  readonly lane: number;
}

/** What a lane is now, to be found again later. */
export function laneKey({ index, db, resp, tracking, login }: LaneKey): LaneKey {
  return { index, db, resp, tracking, login };
}

/** What is asked for of a lane. */
type Wanted = Omit<LaneKey, 'index'>;

function isLane(lane: Lane, { db, resp, tracking, login }: Wanted): boolean {
  const same = lane.db === db && lane.resp === resp && lane.tracking === tracking;
  return same && sameLogin(lane.login, login);
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

  /** Whether the servers have said that who logs in so may have this database. */
  isVerified(db: number, login: LaneLogin | null): boolean {
    return this.#lanes.some((lane) => {
      return lane.db === db && lane.verified && sameLogin(lane.login, login);
    });
  }

  /**
   * Where a request made on a lane is sent later: on the one with its database and version.
   * @returns its index; -1 when there is none and no room for one
   */
  again(key: LaneKey): number {
    const { index, db, resp, tracking, login } = key;
    if (isLane(this.#lanes[index], key)) return index;
    return this.find(db, resp, tracking, login)?.index ?? -1;
  }

  /**
   * The lane of a database and version; null when there are too many already.
   * @param tracking whether servers note what is read @param login null = the pool's
   */
  find(db: number, resp: RespVersion, tracking: boolean, login: LaneLogin | null): Lane | null {
    const wanted = { db, resp, tracking, login };
    const known = this.#lanes.find((lane) => isLane(lane, wanted));
    if (known !== undefined) return known;
    const verified = this.isVerified(db, login);
    let lane = this.#lanes.find(
      ({ index, clients }) => index > 0 && clients === 0 && this.#isEmpty(index),
    );
    if (lane === undefined) {
      if (this.#lanes.length === LANE_LIMIT) return null;
      lane = new Lane(this.#lanes.length, db, resp, tracking, login);
      this.#lanes.push(lane);
    }
    lane.db = db;
    lane.resp = resp;
    lane.tracking = tracking;
    lane.login = login;
    lane.verified = verified;
    return lane;
  }
}
