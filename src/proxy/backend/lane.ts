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
