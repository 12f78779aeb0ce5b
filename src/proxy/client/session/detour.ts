/**
 * A request of a client that goes over a connection of its own. Nothing behind it is sent before it
 * is over.
 */
export interface Detour {
  /** Whether its client is gone when it sends no more: what it asked for would be lost. */
  readonly endsWithClient: boolean;
  /** It waits for what others may do. */
  readonly blocked: boolean;
  /** Earlier requests may all be answered now. */
  advance(): void;
  /** The pool has other servers now. */
  reroute(): void;
  /** The client is gone. */
  drop(): void;
}
