/**
 * A request of a client that goes over a connection of its own. Nothing behind it is sent before it
 * is over.
 */
export interface Detour {
  /** It waits for what others may do. */
  readonly blocked: boolean;
  /** Earlier requests may all be answered now. */
  advance(): void;
  /** The pool has other servers now. */
  reroute(): void;
  /** The client is to end: what waits for others ends, and what has come by then is the reply. */
  endSoon(): void;
  /** The client goes to another process: what waits for others ends here, and goes along. */
  part(): void;
  /** What it asks for there in its place; null = it is under way here. */
  readonly rest: Buffer | null;
  /** Nobody hears the reply. */
  readonly unheard: boolean;
  /** The client is gone. */
  drop(): void;
}
