import type { Claim } from '../../client/claims.ts';
import type { ReplySink, StoredReply } from '../../client/stored-reply.ts';
import { GivingUp } from './giving-up.ts';
import type { Kind } from './hub/kinds.ts';
import type { SubscribingClient } from './subscribing.ts';
import type { Subscriptions } from './subscriptions.ts';

/**
 * The acknowledgements of what a client does not hear any more, from when it is their turn. Of a
 * client with a hub of its own, which servers count, the servers are told before: what is published
 * behind the acknowledgement does not meet it.
 */
export class Unsubscribing implements StoredReply {
  readonly #client: SubscribingClient;
  readonly #subscriptions: Subscriptions;
  readonly #kind: Kind;
  readonly #names: readonly Buffer[];
  readonly #claim: Claim;
  readonly #done: () => void;

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
    const servers = hub.giveUp(topics);
    new GivingUp(this.#client, servers, () => this.#claim.store(this)).begin();
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
}

function bytesOf(names: readonly Buffer[]): number {
  return names.reduce((bytes, { length }) => bytes + length, 0);
}
