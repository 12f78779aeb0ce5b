import {
  FLAG_FIRST,
  FLAG_LAST,
  MC_REPLY_ERROR,
  NO_COMMAND,
  NO_SERVER,
  PART_TABLE,
  RECORD_SERVER,
} from '../../protocol/frame-table.ts';
import { valueBlock } from '../../protocol/memcache/reply-line.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { NotedRequest } from '../backend/flight/noted-request.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { MAY_WAIT, WAIT } from '../client/router.ts';
import type { PieceTaker } from '../routing/piecewise-reply.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { INVALID } from './failure-reply.ts';

const LF = 0x0a;
const LINE_END_BYTES = 2;
const V = 0x56; // "VALUE"

/** A get of one key, whose item is handed to its client as it comes: it may have any size. */
export class SingleItem implements ReplyTarget {
  readonly distrusts = false;
  readonly #client: ClientConnection;
  readonly #taker: PieceTaker;
  #connection: BackendConnection | null = null;
  /** Bytes of the item that are still to come; -1 = it has not begun. */
  #left = -1;
  #over = false;

  constructor(client: ClientConnection, taker: PieceTaker) {
    this.#client = client;
    this.#taker = taker;
  }

  get claim(): Claim {
    return this.#taker.claim;
  }

  /** @param bytes the request, which must not change any more @returns false when it must wait */
  send({ start, length }: SpecialRequest, bytes: Buffer): boolean {
    const client = this.#client;
    const { router, pool } = client;
    const { engine, descriptor } = pool;
    engine.takePartTable();
    const end = start + length;
    const found = engine.codec.splitMemcacheKeys(start, end, PART_TABLE, 1, 0, descriptor);
    const server = found === 0 ? NO_SERVER : engine.words[PART_TABLE / 4 + RECORD_SERVER];
    const connection = router.choose(client, server, client.lane, MAY_WAIT);
    if (connection === null) {
      if (router.verdict === WAIT) return false;
      this.#taker.elementFailed(pool.protocol.failure(router.reason));
      if (this.claim.closed) this.claim.forget();
      return true;
    }
    this.#connection = connection;
    connection.out.append(bytes);
    connection.sentFor(this, bytes.length, { bytes, start: 0, length: bytes.length });
    return true;
  }

  onReply(start: number, length: number, info: number): void {
    const last = (info & FLAG_LAST) !== 0;
    if (this.#over) return;
    if (this.claim.closed) {
      if (last) this.claim.forget();
      return;
    }
    if ((info & FLAG_FIRST) !== 0) this.#begin(start, length);
    const own = Math.min(this.#left, length);
    if (own > 0) {
      this.#client.pipeline.out.copyFrom(start, own);
      this.#left -= own;
    }
    if (last) this.#end(start + Math.max(0, own), start + length, info & NO_COMMAND);
    this.#connection?.replies.afterReplies(this.#client);
    if (last) this.#connection?.replies.slowReader.onReplyEnd();
  }

  /** The first piece has all of the line that an item begins with. */
  #begin(start: number, length: number): void {
    const { bytes } = this.#client.pool.engine;
    if (bytes[start] !== V) return;
    const lineEnd = bytes.indexOf(LF, start) + 1;
    const size = valueBlock(bytes, start, lineEnd - LINE_END_BYTES);
    if (lineEnd === 0 || lineEnd > start + length || size < 0) return;
    this.#left = lineEnd - start + size + LINE_END_BYTES;
    this.#taker.begin();
  }

  /** The reply is complete; the line at [start, end) stands behind the item, or for it. */
  #end(start: number, end: number, kind: number): void {
    this.#over = true;
    if (this.#left > 0) this.#taker.elementLost();
    else if (kind >= MC_REPLY_ERROR) {
      this.#taker.elementFailed(this.#client.pool.engine.copyOf(start, end - start));
    } else if (kind !== 0) this.#taker.elementFailed(INVALID);
    else this.#taker.pieceDone();
    if (this.claim.closed) this.claim.forget();
  }

  onNoted(part: NotedRequest): void {
    this.#taker.onNoted(part);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.claim.closed) {
      if (this.#left > 0) this.#taker.elementLost();
      else this.#taker.elementFailed(error);
    }
    if (this.claim.closed) this.claim.forget();
  }
}
