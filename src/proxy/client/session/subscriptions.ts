/** What a client has subscribed to, as far as all clients have to know. */
export interface ClientSubscriptions {
  readonly channels: number;
  readonly patterns: number;
  readonly shardChannels: number;
  /** All of them. */
  readonly count: number;
  /** Bytes that are kept for them. */
  readonly bytes: number;
  /** Whether something is true of all of them. */
  every(isTrue: (name: Uint8Array, isPattern: boolean) => boolean): boolean;
  /** The client is gone, or begins anew. */
  drop(): void;
}
