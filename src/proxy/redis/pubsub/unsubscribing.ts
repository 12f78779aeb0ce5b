import { HUB_CONFIRM_MS } from '../../../limits.ts';
import type { Claim } from '../../client/claims.ts';
import type { ReplySink, StoredReply } from '../../client/stored-reply.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Kind } from './hub/kinds.ts';
import type { SubscribingClient } from './subscribing.ts';
import type { Subscriptions } from './subscriptions.ts';

/**
 * The acknowledgements of what a client does not hear any more, from when it is their turn. Of a
 * client with a hub of its own, which servers count, the servers are told before: what is published
 * behind the acknowledgement does not meet it.
 */
export class Unsubscribing implements StoredReply, Timed {
  readonly #client: SubscribingClient;
  readonly #subscriptions: Subscriptions;
  readonly #kind: Kind;
  readonly #names: readonly Buffer[];
  readonly #claim: Claim;
  readonly #done: () => void;
  /** When it is acknowledged whatever servers say; 0 = it is. */
  #until = 0;
  timerAt = 0;

  /** @param names none = all @param done called when the client hears them no more */
  constructor(
    client: SubscribingClient,
    subscriptions: Subscriptions,
    kind: Kind,
    names: readonly Buffer[],
    done: () => void,
  ) {
    this.#client = client;
    this.#subscriptions = subscriptions;
    this.#kind = kind;
    this.#names = names;
    this.#done = done;
    // As in Redis, acknowledgements come whatever CLIENT REPLY says.
    this.#claim = client.claims.heard();
  }

  begin(): void {
    const { hub } = this.#subscriptions;
    const topics = this.#subscriptions.among(this.#kind, this.#names);
    if (hub.own === null || topics.length === 0) {
      this.#claim.store(this);
      return;
    }
    this.#claim.keep(this, bytesOf(this.#names));
    this.#until = millis() + HUB_CONFIRM_MS;
    this.#client.pool.engine.deadlines.arm(this, this.#until);
    hub.giveUp(topics, () => this.#acknowledge());
  }

  #acknowledge(): void {
    if (this.#until === 0) return;
    this.#until = 0;
    this.#client.pool.engine.deadlines.forget(this);
    this.#claim.store(this);
  }

  writeTo({ out }: ReplySink): boolean {
    const subscriptions = this.#subscriptions;
    const kind = this.#kind;
    const all = this.#names.length === 0;
    const names = all ? subscriptions.topics(kind).map(({ name }) => name) : this.#names;
    if (names.length === 0) out.copy(subscriptions.remove(kind, null));
    for (const name of names) out.copy(subscriptions.remove(kind, name));
    this.#done();
    return true;
  }

  drop(): void {}

  nextDeadline(): number {
    return this.#until;
  }

  onDeadline(): void {
    this.#acknowledge();
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }
}

function bytesOf(names: readonly Buffer[]): number {
  return names.reduce((bytes, { length }) => bytes + length, 0);
}
