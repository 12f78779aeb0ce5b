/** What becomes of a client's next EXEC because of its WATCHes. */

/** It watches nothing. */
export const NOT_WATCHING = 0;
/** A server watches keys for it. */
export const WATCHING = 1;
/** Nobody knows whether its keys have changed: EXEC answers nil, as if they had. */
export const BROKEN = 2;
/** A WATCH was refused: EXEC carries nothing out, or it would do so unguarded. */
export const TAINTED = 3;

/** The connection over which a server watches keys for a client. */
export interface Watched {
  /** The pool has other servers now. */
  reroute(): void;
  /** The keys are not watched any more, and the connection serves others. */
  release(): void;
}
