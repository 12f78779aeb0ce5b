import { MC_GET, RECORD_INFO } from '../../protocol/frame-table.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { RequestJoiner } from '../backend/request-joiner.ts';
import type { Engine } from '../engine/engine.ts';
import { GetLines } from './get-lines.ts';
import { JoinPolicy } from './join-policy.ts';
import { JoinedReplies } from './joined-replies.ts';

/** The gets of one connection that share lines, on their way there and back. */
export class JoinedGets implements RequestJoiner {
  readonly lines: GetLines;
  readonly #replies: JoinedReplies;
  readonly #words: Uint32Array;

  constructor(engine: Engine, connection: BackendConnection) {
    const policy = JoinPolicy.of(connection.owner);
    this.#words = engine.words;
    this.lines = new GetLines(engine, connection, policy);
    this.#replies = new JoinedReplies(engine, connection, this.lines, policy);
  }

  place(record: number, length: number): number {
    if ((this.#words[record + RECORD_INFO] & 0xffff) !== MC_GET) return 0;
    return this.lines.place(record, length);
  }

  get added(): number {
    return this.lines.added;
  }

  noteKeys(keys: number): void {
    this.lines.noteKeys(keys);
  }

  beforeWrite(): void {
    this.lines.beforeWrite();
  }

  drop(): void {
    this.lines.drop();
  }

  get isNext(): boolean {
    return this.#replies.isNext;
  }

  get underWay(): boolean {
    return this.#replies.underWay;
  }

  take(start: number, length: number, info: number, count: number, key: number): boolean {
    return this.#replies.take(start, length, info, count, key);
  }
}

/** The lines of gets of a connection; null when it has none. */
export function getLinesOf({ joiner }: BackendConnection): GetLines | null {
  return joiner instanceof JoinedGets ? joiner.lines : null;
}
