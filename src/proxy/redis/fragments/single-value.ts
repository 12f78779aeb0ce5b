import { FLAG_FIRST, FLAG_LAST } from '../../../protocol/frame-table.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MAY_WAIT, WAIT } from '../../client/router.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { Words } from '../words.ts';

const ARRAY = 0x2a; // '*'
/** The head of a reply with one element. */
const HEAD_BYTES = '*1\r\n'.length;

/** The request whose elements are asked for one at a time. */
export interface ElementTaker {
  readonly claim: Claim;
  /** In front of the first element. */
  writeHead(): void;
  /** The element is queued. */
  pieceDone(): void;
  /** Some elements are with the client, and the next cannot be had. */
  cut(): void;
}

/** MGET of one key, whose value is handed to its client as it comes: it may have any size. */
export class SingleValue implements ReplyTarget {
  readonly distrusts = false;
  readonly #client: ClientConnection;
  readonly #taker: ElementTaker;
  #connection: BackendConnection | null = null;
  #over = false;

  constructor(client: ClientConnection, taker: ElementTaker) {
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
      this.onFailure();
      return true;
    }
    this.#connection = connection;
    connection.out.append(bytes);
    connection.sentFor(this, bytes.length, { bytes, start: 0, length: bytes.length });
    return true;
  }

  onReply(start: number, length: number, info: number, count: number): void {
    const last = (info & FLAG_LAST) !== 0;
    if (this.claim.closed) {
      if (last) this.claim.forget();
      return;
    }
    if (this.#over) return;
    const { out } = this.#client.pipeline;
    let from = start;
    if ((info & FLAG_FIRST) !== 0) {
      const { bytes } = this.#client.pool.engine;
      const fits = (info & 0xff) === ARRAY && count === 1 && bytes[start] === ARRAY;
      if (!fits) {
        this.onFailure();
        return;
      }
      this.#taker.writeHead();
      from += HEAD_BYTES;
    }
    out.copyFrom(from, start + length - from);
    if (last) this.#taker.pieceDone();
    this.#connection?.replies.afterReplies(this.#client);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(): void {
    this.#over = true;
    if (this.claim.closed) this.claim.forget();
    else this.#taker.cut();
  }
}
