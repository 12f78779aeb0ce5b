import { JOINED_LIST_BYTES, PIECE_BYTES, REQUEST_HEAD_BYTES } from '../../../limits.ts';
import { LOG_NOTICE } from '../../../log.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { FORWARD_ERROR, LEASES_REFUSED, READS_IN_PIECES } from '../../../stats/counters.ts';
import type { NotedRequest } from '../../backend/flight/noted-request.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Detour } from '../../client/session/detour.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Server } from '../../pool/server.ts';
import { endParts, type NotedParts, notePart } from '../../routing/noted-parts.ts';
import { failureReply } from '../failure-reply.ts';
import { type ArrayTaker, LeasedArray } from './leased-array.ts';

const EARLIER_REQUESTS = 0;
const HEADS = 1;
const ELEMENTS = 2;
const OVER = 3;
/** After so many short lists the next is taken for a short one. */
const SHORT_LISTS = 16;

/**
 * A list that all servers have parts of, too long to be kept: each gives its part over a connection
 * of its own, and the client gets one after the other as fast as it takes them. The number of all
 * elements stands first, so all parts have to begin before the first goes on.
 */
export class ChainedArrays implements Detour, ArrayTaker, Timed {
  readonly blocked = false;
  readonly claim: Claim;
  readonly #client: ClientConnection;
  readonly #parts: readonly LeasedArray[];
  readonly #request: Buffer;
  /** Nobody has asked for it before: how long servers take is not in the slow log yet. */
  readonly #isFirst: boolean;
  #noted: NotedParts | null = null;
  #state = EARLIER_REQUESTS;
  /** Whose turn it is. */
  #part = 0;
  #waitsUntil = 0;
  timerAt = 0;

  /**
   * @param claim of the client's newest request @param request must not change any more
   * @param isFirst it was not asked for before
   */
  constructor(
    client: ClientConnection,
    claim: Claim,
    servers: readonly Server[],
    request: Buffer,
    isFirst: boolean,
  ) {
    this.#client = client;
    this.claim = claim;
    this.#request = request;
    this.#isFirst = isFirst;
    if (!isFirst) client.pool.longLists = SHORT_LISTS;
    this.#parts = servers.map((server) => new LeasedArray(client, server, request, this));
    client.pool.counters[READS_IN_PIECES]++;
    client.barrier();
    client.session.detour = this;
    client.onAnswered();
  }

  advance(): void {
    if (this.#state === EARLIER_REQUESTS && this.claim.isNext) this.#begin();
    else if (this.#state === ELEMENTS) this.#pass();
  }

  #begin(): void {
    const { pool, router } = this.#client;
    this.#state = HEADS;
    this.#waitsUntil = millis() + pool.config.leaseWaitMs;
    pool.engine.deadlines.arm(this, this.#waitsUntil);
    for (const part of this.#parts) {
      if (this.#state !== HEADS) return;
      if (!router.lease(part)) this.onLost(failureReply(router.reason));
    }
  }

  nextDeadline(): number {
    return this.#state === HEADS ? this.#waitsUntil : 0;
  }

  /** Who has not got a connection by now would keep those that others have waiting. */
  onDeadline(): void {
    const waiting = this.#parts.find((part) => part.waits);
    this.#waitsUntil = 0;
    if (waiting === undefined) return;
    this.#client.pool.counters[LEASES_REFUSED]++;
    this.onLost(replies.noLease(waiting.leasedFrom.name));
  }

  onPart(): void {
    if (this.#state === HEADS && this.#parts.every(({ count }) => count >= 0)) {
      const total = this.#parts.reduce((sum, { count }) => sum + count, 0);
      this.claim.beginParts();
      this.#client.pipeline.out.copy(Buffer.from(`*${total}\r\n`));
      this.#state = ELEMENTS;
      this.#endNoted();
    }
    if (this.#state === ELEMENTS) this.#client.onAnswered();
  }

  onNoted(part: NotedRequest): void {
    if (this.#isFirst) this.#noted = notePart(this.#noted, part);
  }

  /** All have made their parts: one entry, whatever time the client takes. */
  #endNoted(): void {
    if (this.#noted === null) return;
    const head = this.#request.subarray(0, REQUEST_HEAD_BYTES);
    endParts(this.#client.pool, this.#noted, head);
  }

  /** Gives the client more, as long as it takes it. */
  #pass(): void {
    const { pipeline, pool } = this.#client;
    const most = Math.min(PIECE_BYTES, pool.config.clientOutputLimit >> 1);
    while (pipeline.out.pendingBytes <= most) {
      const part = this.#parts[this.#part];
      part.pass();
      if (!part.isTaken) return;
      this.#part++;
      if (this.#part < this.#parts.length) continue;
      this.#end();
      this.#learn();
      pipeline.completeHead();
      this.claim.forget();
      this.#client.onAnswered();
      return;
    }
  }

  #learn(): void {
    const { pool } = this.#client;
    const bytes = this.#parts.reduce((sum, part) => sum + part.bytes, 0);
    if (bytes > JOINED_LIST_BYTES) pool.longLists = SHORT_LISTS;
    else if (pool.longLists > 0) pool.longLists--;
  }

  onLost(error: Buffer): void {
    if (this.#state === OVER) return;
    const begun = this.#state === ELEMENTS;
    this.#end();
    this.#client.pool.counters[FORWARD_ERROR]++;
    if (!begun) {
      this.claim.deliver(error);
      return;
    }
    this.#client.destroy('its server failed in the middle of a large reply', LOG_NOTICE);
    this.claim.forget();
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  #end(): void {
    const { session, pool } = this.#client;
    this.#state = OVER;
    if (session.detour === this) session.detour = null;
    pool.engine.deadlines.forget(this);
    for (const part of this.#parts) if (!part.isTaken) part.drop();
  }

  reroute(): void {}

  endSoon(): void {}

  part(): void {}

  get rest(): null {
    return null;
  }

  get unheard(): boolean {
    return this.claim.unheard;
  }

  drop(): void {
    if (this.#state === OVER) return;
    this.#end();
    this.claim.forget();
  }
}
