import type { Op } from '../cases/case.ts';
import { type Reply, ReplyStream } from './reply-stream.ts';
import { encode, wordsOf } from './requests.ts';

/** Replies of one connection. */
export interface Replies {
  add(bytes: Uint8Array): void;
  /** Whether a reply has begun and is not complete. */
  readonly partial: boolean;
  /**
   * @param op what is to be answered next; undefined when nothing is
   * @returns null when it is not complete
   * @throws Error when what came is no reply
   */
  next(op: Op | undefined): Reply | null;
}

/** Who asks. */
export interface Speaker {
  readonly db: number;
  readonly client: number;
  readonly password: string;
}

/** How clients of one protocol speak. */
export interface Dialect {
  encode(op: Op, speaker: Speaker): Buffer;
  /** A request with a value of so many bytes. */
  large(bytes: number): Buffer;
  replies(): Replies;
}

export const REDIS: Dialect = {
  encode: (op, { db, client, password }) => encode(wordsOf(op, db, client, password)),
  large: (bytes) => encode(['SET', 'r0', 'x'.repeat(bytes)]),
  replies: () => new ReplyStream(2),
};
