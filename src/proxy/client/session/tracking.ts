/** What a client wants to hear of keys that change, as far as all clients have to know. */
export interface ClientTracking {
  /** The keys that it reads are noted: none of its requests is simply forwarded. */
  readonly notes: boolean;
  /** As CLIENT LIST has them. */
  readonly flags: string;
  /** Number of the client that hears of them in its place; 0 = none. */
  readonly redirect: number;
  /** Bytes that are kept for it. */
  readonly bytes: number;
  /** What goes along when the client moves to another process. */
  readonly saved: SavedTracking;
  /** The client is gone, or begins anew. */
  drop(): void;
}

/** Plain data. */
export interface SavedTracking {
  readonly broadcast: boolean;
  readonly optIn: boolean;
  readonly optOut: boolean;
  readonly noLoop: boolean;
  readonly redirect: number;
  /** latin1. */
  readonly prefixes: readonly string[];
}
