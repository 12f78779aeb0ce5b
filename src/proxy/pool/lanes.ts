import { LANE_LIMIT } from '../../limits.ts';

export type RespVersion = 2 | 3;

/** A database and a protocol version: which of a server's connections a client's requests take. */
export class Lane {
  readonly index: number;
  db: number;
  resp: RespVersion;
  /** Clients that are on it now. */
  clients = 0;
  /** The servers have said that they have this database. */
  verified = false;

  constructor(index: number, db: number, resp: RespVersion) {
    this.index = index;
    this.db = db;
    this.resp = resp;
  }
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
    const first = new Lane(0, db, 2);
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

  /** The lane of a database and version; null when there are too many already. */
  find(db: number, resp: RespVersion): Lane | null {
    const known = this.#lanes.find((lane) => lane.db === db && lane.resp === resp);
    if (known !== undefined) return known;
    const verified = this.#lanes.some((lane) => lane.db === db && lane.verified);
    let lane = this.#lanes.find(
      ({ index, clients }) => index > 0 && clients === 0 && this.#isEmpty(index),
    );
    if (lane === undefined) {
      if (this.#lanes.length === LANE_LIMIT) return null;
      lane = new Lane(this.#lanes.length, db, resp);
      this.#lanes.push(lane);
    }
    lane.db = db;
    lane.resp = resp;
    lane.verified = verified;
    return lane;
  }
}
