/** What goes along when a client moves to another process. Plain data. */
export interface SavedSubscriptions {
  /** Of those that go there together. */
  readonly round: string;
  /** Kind and name, in base64. */
  readonly topics: readonly (readonly [kind: number, name: string])[];
}

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
  /** It can go on in another process. */
  readonly movable: boolean;
  /** What comes from here on is heard there, and not here. */
  readonly heardElsewhere: boolean;
  readonly saved: SavedSubscriptions;
  /** The client is gone, or begins anew. */
  drop(): void;
}
