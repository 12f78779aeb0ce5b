import { ASSERTS, assert } from '../../../assert.ts';
import type { NotedRequest } from '../../backend/flight/noted-request.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Claim } from '../../client/claims.ts';
import { KeptPart } from '../../routing/kept-part.ts';
import { type NotedParts, notePart } from '../../routing/noted-parts.ts';

/** The reply that a fragment's is a part of. */
export interface WholeReply {
  readonly claim: Claim;
  noted: NotedParts | null;
  take(part: FragmentReply, start: number, length: number, info: number, count: number): void;
  /** A fragment is answered or lost. */
  complete(): void;
}

/** The reply to one fragment; one after the other's, as the whole that it belongs to. */
export class FragmentReply extends KeptPart implements ReplyTarget {
  readonly distrusts = false;
  readonly #whole: WholeReply;
  keys = 0;
  /** A complete error reply that this fragment got or caused. */
  error: Buffer | null = null;
  failed = false;
  value = 0;

  constructor(whole: WholeReply) {
    super();
    this.#whole = whole;
  }

  begin(keys: number): void {
    if (ASSERTS) assert(this.length === 0, 'nothing is left of the reply before');
    this.keys = keys;
    this.error = null;
    this.failed = false;
    this.value = 0;
  }

  get claim(): Claim {
    return this.#whole.claim;
  }

  onReply(start: number, length: number, info: number, count: number): void {
    this.#whole.take(this, start, length, info, count);
  }

  onNoted(part: NotedRequest): void {
    this.#whole.noted = notePart(this.#whole.noted, part);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    this.error = error;
    this.failed = true;
    this.#whole.complete();
  }
}
