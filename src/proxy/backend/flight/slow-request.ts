/** A request that took long; `head` holds its first bytes and is copied. */
export interface SlowRequest {
  readonly head: Buffer;
  readonly client: string;
  readonly clientName: string;
  readonly server: string;
  /** From its arrival until its reply. */
  readonly totalMicros: number;
  /** The server's share of that. */
  readonly serverMicros: number;
}
