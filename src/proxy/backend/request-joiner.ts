/**
 * Joins requests that go to one server into lines, and deals the replies to those out. memcached's
 * gets are the one kind that there is.
 */
export interface RequestJoiner {
  /**
   * Room for a client's request in a line, during a walk: of its record, start, length and
   * destination are changed to what has to be copied.
   * @returns its address; 0 when the request has to go out as it is
   */
  place(record: number, length: number): number;
  /** Bytes that the last call of place() put into the queue. */
  readonly added: number;
  /** The newest request in flight is in the line, with so many keys. */
  noteKeys(keys: number): void;
  /** What is queued is about to be written: the line must be complete, and is over. */
  beforeWrite(): void;
  /** The connection is lost. */
  drop(): void;
  /** The oldest request in flight shares its line with others, or its reply is being dealt out. */
  readonly isNext: boolean;
  /** Some of the requests of a line have their reply, or a part of it, and some have not. */
  readonly underWay: boolean;
  /**
   * Takes a reply to a line, or a piece of one, as ReplyTarget.onReply().
   * @returns false when it does not answer the line
   */
  take(start: number, length: number, info: number, count: number, key: number): boolean;
}
