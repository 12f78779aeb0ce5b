import { FLAG_LAST } from '../../protocol/frame-table.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';

/** A reply that its client does not want to hear; it counts as under way until it is there. */
export class Swallowed implements ReplyTarget {
  readonly claim: Claim;

  constructor(client: ClientConnection) {
    this.claim = client.claims.claim();
  }

  onReply(_start: number, _length: number, info: number): void {
    if ((info & FLAG_LAST) !== 0) this.claim.forget();
  }

  onFailure(): void {
    this.claim.forget();
  }
}
