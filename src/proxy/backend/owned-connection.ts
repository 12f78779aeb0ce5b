/** A connection to a server, as those see it who are told of it; what it is made of is its own. */
export interface OwnedConnection {
  readonly closed: boolean;
  /** The server has taken it. */
  readonly connected: boolean;
}

// What a connection to a server was opened for.

/** The requests of many clients. */
export const PURPOSE_SHARED = 0;
/** One large request at a time. */
export const PURPOSE_BULK = 1;
/** What binds the server's side of a connection to one client, for as long as it has it. */
export const PURPOSE_LEASE = 3;
/** What a server hears even while it is busy with a script. */
export const PURPOSE_ORDER = 4;
/** To see whether the server is well: no request of a client. */
export const PURPOSE_PROBE = 2;
