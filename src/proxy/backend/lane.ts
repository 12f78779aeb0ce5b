import { ASSERTS, assert } from '../../assert.ts';

export type RespVersion = 2 | 3;

/**
 * A database, a protocol version and whether servers note what is read: which of a server's
 * connections a client's requests take.
 */
export class Lane {
  readonly index: number;
  db: number;
  resp: RespVersion;
  /** Servers note which keys are read. */
  tracking: boolean;
  #clients = 0;
  /** The servers have said that they have this database. */
  verified = false;

  constructor(index: number, db: number, resp: RespVersion, tracking: boolean) {
    this.index = index;
    this.db = db;
    this.resp = resp;
    this.tracking = tracking;
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
