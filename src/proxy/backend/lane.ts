import { ASSERTS, assert } from '../../assert.ts';

export type RespVersion = 2 | 3;

/** A database and a protocol version: which of a server's connections a client's requests take. */
export class Lane {
  readonly index: number;
  db: number;
  resp: RespVersion;
  #clients = 0;
  /** The servers have said that they have this database. */
  verified = false;

  constructor(index: number, db: number, resp: RespVersion) {
    this.index = index;
    this.db = db;
    this.resp = resp;
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
