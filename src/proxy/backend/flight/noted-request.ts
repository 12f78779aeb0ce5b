/**
 * A request that took long, or is traced, or what one server had of it; `head` holds its first
 * bytes and is copied.
 */
export interface NotedRequest {
  readonly head: Buffer;
  readonly client: string;
  readonly clientName: string;
  readonly server: string;
  /** Where that is; with a socket file its path, and port 0. */
  readonly host: string;
  readonly port: number;
  /** From its arrival until its reply. */
  readonly totalMicros: number;
  /** The server's share of that. */
  readonly serverMicros: number;
  /** Microseconds since 1970, of the reply or the failure. */
  readonly endedAt: number;
  /** It is one of those that traces are made of. */
  readonly traced: boolean;
  /** What its client is told in place of a reply; null = the server has answered. */
  readonly failure: string | null;
}

/** What a pool keeps of single requests. */
export interface RequestNotes {
  /** A request that takes this long goes into the slow log. */
  readonly slowMicros: number;
  /** Whether any requests are traced. */
  readonly traces: boolean;
  /**
   * Whether a request is traced; the same for all its parts.
   * @param arrived microseconds @param client its id @param slot of a request that is one part
   */
  samples(arrived: number, client: number, slot: number): boolean;
  /** @param parts those that are traced: itself, or the shares of several servers */
  add(request: NotedRequest, parts: readonly NotedRequest[]): void;
}
