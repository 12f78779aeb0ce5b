import { ASSERTS, assert } from '../../assert.ts';

export type RespVersion = 2 | 3;

/** How connections of a client's own log in, where servers know the users. */
export interface LaneLogin {
  /** One character per byte. */
  readonly user: string;
  /** AUTH, as it is sent. */
  readonly request: Buffer;
}

/** Whether two log in alike; null = as the pool does. */
export function sameLogin(a: LaneLogin | null, b: LaneLogin | null): boolean {
  if (a === null || b === null) return a === b;
  return a === b || a.request.equals(b.request);
}

/**
 * A database, a protocol version, whether servers note what is read, and a login: which of a
 * server's connections a client's requests take.
 */
export class Lane {
  readonly index: number;
  db: number;
  resp: RespVersion;
  /** Servers note which keys are read. */
  tracking: boolean;
  /** Null = the pool's. */
  login: LaneLogin | null;
  #clients = 0;
  /** The servers have said that they have this database. */
  verified = false;

  constructor(
    index: number,
    db: number,
    resp: RespVersion,
    tracking: boolean,
    login: LaneLogin | null = null,
  ) {
    this.index = index;
    this.db = db;
    this.resp = resp;
    this.tracking = tracking;
    this.login = login;
  }

  /** Clients that are on it now. */
  get clients(): number {
    return this.#clients;
  }

  enter(): void {
    this.#clients++;
  }

  leave(): void {
    if (ASSERTS) assert(this.#clients > 0, 'only who is on a lane leaves it');
    this.#clients--;
  }
}
