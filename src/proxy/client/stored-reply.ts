import { COPY_LIMIT } from '../../limits.ts';
import type { SendQueue } from '../../net/send-queue.ts';

/** Where a stored reply goes when its turn has come. */
export interface ReplySink {
  readonly out: SendQueue;
  /** So many bytes that were held for the reply are not any more. */
  free(bytes: number): void;
}

/**
 * A reply that is kept as an object because it is large, still arriving, or made of several parts.
 */
export interface StoredReply {
  /** Its turn has come: queue what there is. @returns true when that completes the reply */
  writeTo(pipeline: ReplySink): boolean;
  /** Nothing of it is queued, though its turn has come: it may be taken back. */
  readonly isHeldBack?: boolean;
  /** The client is gone. */
  drop(): void;
  /** Its request is taken back, and its bytes with it. Only of replies to plain requests. */
  retract?(pipeline: ReplySink): void;
}

/** What is kept for a reply that is not complete: of no use when the client is gone. */
export interface Kept {
  drop(): void;
}

/** A complete reply on the heap. */
export class HeapReply implements StoredReply {
  readonly buffer: Buffer;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  writeTo(pipeline: ReplySink): boolean {
    if (this.buffer.length <= COPY_LIMIT) pipeline.out.copy(this.buffer);
    else pipeline.out.append(this.buffer);
    pipeline.free(this.buffer.length);
    return true;
  }

  drop(): void {}

  retract(pipeline: ReplySink): void {
    pipeline.free(this.buffer.length);
  }
}

/** The reply to a request whose client does not hear it. */
export const NO_REPLY: StoredReply = {
  writeTo: () => true,
  drop: () => {},
};

/** A reply that somebody queues in parts, who says when it is complete. */
export const IN_PARTS: StoredReply = {
  writeTo: () => false,
  drop: () => {},
};

/** What somebody keeps whose bytes go with the object itself: only the budget has to know. */
export const NOTHING_MORE: Kept = { drop: () => {} };
