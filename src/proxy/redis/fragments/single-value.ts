import { FLAG_FIRST, FLAG_LAST } from '../../../protocol/frame-table.ts';
import { errorOf } from '../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { NotedRequest } from '../../backend/flight/noted-request.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MAY_WAIT, WAIT } from '../../client/router.ts';
import type { PieceTaker } from '../../routing/piecewise-reply.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { failureReply, INVALID } from '../failure-reply.ts';
import { Words } from '../words.ts';

const ARRAY = 0x2a; // '*'
/** The head of a reply with one element. */
const HEAD_BYTES = '*1\r\n'.length;

/** MGET of one key, whose value is handed to its client as it comes: it may have any size. */
export class SingleValue implements ReplyTarget {
  readonly distrusts = false;
  readonly #client: ClientConnection;
  readonly #taker: PieceTaker;
  #connection: BackendConnection | null = null;
  #over = false;
  /** Some of the element is queued. */
  #begun = false;

  constructor(client: ClientConnection, taker: PieceTaker) {
    this.#client = client;
    this.#taker = taker;
  }

  get claim(): Claim {
    return this.#taker.claim;
  }

  /** @param bytes the request, which must not change any more @returns false when it must wait */
  send(request: SpecialRequest, bytes: Buffer): boolean {
    const client = this.#client;
    const { router } = client;
    const server = Words.of(request).serverOf(1);
    const connection = router.choose(client, server, client.lane, MAY_WAIT);
    if (connection === null) {
      if (router.verdict === WAIT) return false;
      this.#taker.elementFailed(failureReply(router.reason));
      if (this.claim.closed) this.claim.forget();
      return true;
    }
    this.#connection = connection;
    connection.out.append(bytes);
    connection.sentFor(this, bytes.length, { bytes, start: 0, length: bytes.length });
    return true;
  }

  onReply(start: number, length: number, info: number, count: number): void {
    const last = (info & FLAG_LAST) !== 0;
    if (this.#over) return;
    if (this.claim.closed) {
      if (last) this.claim.forget();
      return;
    }
    let from = start;
    if ((info & FLAG_FIRST) !== 0) {
      const error = this.#errorIn(start, length, info, count);
      if (error !== null) {
        this.#fail(error, last);
        return;
      }
      this.#taker.begin();
      this.#begun = true;
      from += HEAD_BYTES;
    }
    const client = this.#client;
    client.pipeline.out.copyFrom(from, start + length - from);
    if (last) this.#taker.pieceDone();
    this.#connection?.replies.afterReplies(client);
    if (last) this.#connection?.replies.slowReader.onReplyEnd();
  }

  /** @returns the error that the reply is or that stands for it; null for an array of one */
  #errorIn(start: number, length: number, info: number, count: number): Buffer | null {
    const { bytes, memory } = this.#client.pool.engine;
    const type = info & 0xff;
    if (type === ARRAY && count === 1 && bytes[start] === ARRAY) return null;
    if ((info & FLAG_LAST) === 0) return INVALID;
    return errorOf(Buffer.from(memory.subarray(start, start + length))) ?? INVALID;
  }

  /** @param last nothing more comes of the reply */
  #fail(error: Buffer, last: boolean): void {
    this.#taker.elementFailed(error);
    this.#over = last || !this.claim.closed;
    if (last && this.claim.closed) this.claim.forget();
  }

  onNoted(part: NotedRequest): void {
    this.#taker.onNoted(part);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    if (this.#over) return;
    if (!this.claim.closed && !this.#begun) {
      this.#fail(error, true);
      return;
    }
    if (!this.claim.closed) this.#taker.elementLost();
    this.claim.forget();
  }
}
