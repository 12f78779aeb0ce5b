import { routeKey } from '../../distribution/route.ts';
import { RETRY_STEP_MS } from '../../limits.ts';
import {
  FLAG_LAST,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_START,
  WHOLE,
} from '../../protocol/frame-table.ts';
import { FORWARD_ERROR, READS_RETRIED } from '../../stats/counters.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { MUST_SEND, type Router } from '../client/router.ts';
import type { Kept } from '../client/stored-reply.ts';
import type { ReplyStream } from '../engine/receiver.ts';
import { type LaneKey, laneKey, laneOf } from '../pool/lanes.ts';

const GONE = Buffer.alloc(0);

/**
 * A read that is sent again when its server fails before it begins to answer (`retry_reads`). The
 * key is looked up anew each time: its server may have been ejected meanwhile. Its database and
 * protocol version are those it was made with.
 */
export class RetriedRead implements ReplyTarget, Kept {
  readonly distrusts = false;
  readonly claim: Claim;
  readonly #router: Router;
  readonly #client: ClientConnection;
  #request: Buffer;
  readonly #keyStart: number;
  readonly #keyLength: number;
  /** The lane it was made on: the client may be on another one when it is sent again. */
  readonly #lane: LaneKey;
  #left: number;
  #streamed: ReplyStream | null = null;

  /** @param record word index of the record that describes it */
  constructor(router: Router, client: ClientConnection, record: number) {
    const { memory, words } = client.pool.engine;
    const start = words[record + RECORD_START];
    this.#router = router;
    this.#client = client;
    this.#lane = laneKey(laneOf(client));
    this.#request = Buffer.from(memory.subarray(start, start + words[record + RECORD_LENGTH]));
    this.#keyStart = words[record + RECORD_KEY] - start;
    this.#keyLength = words[record + RECORD_KEY_LENGTH];
    this.#left = client.pool.config.retryReads;
    this.claim = client.claims.claim();
    this.claim.keep(this, this.#request.length);
  }

  /** Its client is gone: it is not sent again. */
  drop(): void {
    this.#request = GONE;
  }

  send(connection: BackendConnection): void {
    connection.out.append(this.#request);
    const head = { bytes: this.#request, start: 0, length: this.#request.length };
    connection.sentFor(this, head.length, head);
  }

  onReply(start: number, length: number, info: number): void {
    const { claim } = this;
    if (this.#streamed === null && (info & WHOLE) === WHOLE) {
      const { memory } = this.#client.pool.engine;
      claim.deliver(Buffer.from(memory.subarray(start, start + length)));
      return;
    }
    const last = (info & FLAG_LAST) !== 0;
    this.#streamed ??= claim.openStream();
    this.#streamed?.push(start, length, last);
    if (last) claim.forget();
    else this.#client.tookReplies();
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    const { claim } = this;
    const client = this.#client;
    if (this.#streamed !== null) {
      this.#streamed.fail(error);
      claim.forget();
      return;
    }
    if (this.#left === 0 || claim.closed) {
      if (!claim.closed) client.pool.counters[FORWARD_ERROR]++;
      claim.deliver(error);
      return;
    }
    this.#left--;
    client.pool.counters[READS_RETRIED]++;
    const wait = RETRY_STEP_MS * (client.pool.config.retryReads - this.#left);
    const { guard } = client.pool.engine;
    setTimeout(
      guard.bind(client, () => this.#retry(error)),
      wait,
    );
  }

  #retry(error: Buffer): void {
    const client = this.#client;
    const { engine, health, descriptor } = client.pool;
    engine.readClock();
    if (health.due !== 0 && engine.now > health.due) health.readmit(engine.now);
    if (client.closed) {
      this.onFailure(error);
      return;
    }
    const server = routeKey(
      this.#request,
      this.#keyStart,
      this.#keyLength,
      engine.words,
      descriptor,
    );
    const lane = client.pool.lanes.again(this.#lane);
    const connection = lane < 0 ? null : this.#router.choose(client, server, lane, MUST_SEND);
    if (connection === null) this.onFailure(error);
    else this.send(connection);
  }
}
