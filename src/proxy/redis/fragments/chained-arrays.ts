import { PIECE_BYTES } from '../../../limits.ts';
import { LOG_NOTICE } from '../../../log.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { FORWARD_ERROR, LEASES_REFUSED, READS_IN_PIECES } from '../../../stats/counters.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Detour } from '../../client/session/detour.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Server } from '../../pool/server.ts';
import { failureReply } from '../failure-reply.ts';
import { type ArrayTaker, LeasedArray } from './leased-array.ts';

const EARLIER_REQUESTS = 0;
const HEADS = 1;
const ELEMENTS = 2;
const OVER = 3;

/**
 * A list that all servers have parts of, too long to be kept: each gives its part over a connection
 * of its own, and the client gets one after the other as fast as it takes them. The number of all
 * elements stands first, so all parts have to begin before the first goes on.
 */
export class ChainedArrays implements Detour, ArrayTaker, Timed {
  readonly endsWithClient = false;
  readonly blocked = false;
  readonly claim: Claim;
  readonly #client: ClientConnection;
  readonly #parts: readonly LeasedArray[];
  #state = EARLIER_REQUESTS;
  /** Whose turn it is. */
  #part = 0;
  #waitsUntil = 0;
  timerAt = 0;

  /** @param claim of the client's newest request @param request must not change any more */
  constructor(client: ClientConnection, claim: Claim, servers: readonly Server[], request: Buffer) {
    this.#client = client;
    this.claim = claim;
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
    }
    if (this.#state === ELEMENTS) this.#client.onAnswered();
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
      pipeline.completeHead();
      this.claim.forget();
      this.#client.onAnswered();
      return;
    }
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
