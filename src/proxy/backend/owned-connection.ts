/** A connection to a server, as those see it who are told of it; what it is made of is its own. */
export interface OwnedConnection {
  readonly closed: boolean;
  /** The server has taken it. */
  readonly connected: boolean;
}
