import { FLAG_LAST } from '../../protocol/frame-table.ts';
import { FORWARD_ERROR } from '../../stats/counters.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';

/** The reply to a request of a client that does not hear it: until then it holds its place. */
export class MutedReply implements ReplyTarget {
  readonly distrusts = false;
  readonly claim: Claim;
  readonly #client: ClientConnection;

  constructor(client: ClientConnection) {
    this.#client = client;
    this.claim = client.claims.claim();
  }

  onReply(_start: number, _length: number, info: number): void {
    if ((info & FLAG_LAST) !== 0) this.claim.forget();
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(): void {
    if (!this.claim.closed) this.#client.pool.counters[FORWARD_ERROR]++;
    this.claim.forget();
  }
}
