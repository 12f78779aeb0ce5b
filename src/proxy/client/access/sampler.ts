/** Who decides which requests the audit log tells of. */
export interface Sampler {
  /** Whether the request at hand is one of those. Asked once for each. */
  due(): boolean;
  /** What was said of the last one. */
  readonly chosen: boolean;
  /** The last one is looked at again later. */
  putBack(): void;
  /** A large request that begins with `head` is sent, as it comes. */
  noteLarge(client: object, head: Buffer): void;
}
