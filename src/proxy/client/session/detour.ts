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
  /** The client goes to another process: what waits for others ends here, and goes along. */
  part(): void;
  /** What it asks for there in its place; null = it is under way here. */
  readonly rest: Buffer | null;
  /** Nobody hears the reply. */
  readonly unheard: boolean;
  /** The client is gone. */
  drop(): void;
}
