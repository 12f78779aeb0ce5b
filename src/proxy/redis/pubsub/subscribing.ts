import { HUB_CONFIRM_MS, HUB_TOPIC_BYTES, SUBSCRIPTION_BYTES } from '../../../limits.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { FAILURE_EOF, failureOf } from '../../backend/failure.ts';
import type { Claim } from '../../client/claims.ts';
import { NO_REPLY, type ReplySink, type StoredReply } from '../../client/stored-reply.ts';
import { millis } from '../../engine/clock.ts';
import type { Deadlines, Timed } from '../../engine/deadlines.ts';
import { failureReply } from '../failure-reply.ts';
import type { Topic, Waiter } from './hub/topic.ts';
import type { Subscriptions } from './subscriptions.ts';

/** A client that subscribes. */
export interface SubscribingClient {
  readonly claims: { heard(): Claim };
  readonly session: { readonly muted: boolean };
  readonly pool: { readonly engine: { readonly deadlines: Deadlines } };
  onException(error: unknown): void;
}

/**
 * One SUBSCRIBE or its kin: answered when all that it names is confirmed. The client hears what it
 * has subscribed to from when the acknowledgement has its turn, so no message comes before that.
 */
export class Subscribing implements Waiter, StoredReply, Timed {
  readonly #client: SubscribingClient;
  readonly #subscriptions: Subscriptions;
  /** In the order of the request. */
  readonly #topics: readonly Topic[];
  readonly #awaited: Set<Topic> = new Set();
  readonly #muted: boolean;
  readonly #claim: Claim;
  readonly #done: () => void;
  /** What was confirmed before has no message under way that is older than this. */
  #caughtUp = false;
  #settled = false;
  /** Replies to earlier requests are missing. */
  #waitsForTurn = false;
  /** The topics are not held for it any more: the client holds them, or nobody does. */
  #released = false;
  #until = 0;
  timerAt = 0;

  /** @param topics held for it @param done called when the client hears them */
  constructor(
    client: SubscribingClient,
    subscriptions: Subscriptions,
    topics: readonly Topic[],
    done: () => void,
  ) {
    this.#client = client;
    this.#subscriptions = subscriptions;
    this.#topics = topics;
    this.#done = done;
    this.#muted = client.session.muted;
    // As in Redis, acknowledgements come whatever CLIENT REPLY says.
    this.#claim = client.claims.heard();
    let bytes = 0;
    for (const { name } of topics) bytes += name.length + SUBSCRIPTION_BYTES + HUB_TOPIC_BYTES;
    this.#claim.keep(this, bytes);
  }

  /** Waits for what is not confirmed. */
  begin(): void {
    const { hub } = this.#subscriptions;
    this.#until = millis() + HUB_CONFIRM_MS;
    this.#client.pool.engine.deadlines.arm(this, this.#until);
    const known: Topic[] = [];
    for (const topic of new Set(this.#topics)) {
      if (hub.isConfirmed(topic)) {
        known.push(topic);
        continue;
      }
      this.#awaited.add(topic);
      topic.waiting.add(this);
    }
    hub.catchUp(known, () => {
      this.#caughtUp = true;
      this.#goOn();
    });
    for (const topic of [...this.#awaited]) hub.await(topic);
  }

  #goOn(): void {
    if (!this.#caughtUp || this.#awaited.size > 0) return;
    const { hub } = this.#subscriptions;
    if (this.#topics.every((topic) => hub.isConfirmed(topic))) this.#confirm();
    else this.#refuse(failureReply(failureOf(FAILURE_EOF)));
  }

  onConfirmed(topic: Topic): void {
    topic.waiting.delete(this);
    this.#awaited.delete(topic);
    this.#goOn();
  }

  onRefused(_topic: Topic, error: Buffer): void {
    this.#refuse(error);
  }

  #confirm(): void {
    if (!this.#end()) return;
    this.#claim.store(this);
    this.#waitsForTurn = true;
  }

  #refuse(error: Buffer): void {
    if (!this.#end()) return;
    this.drop();
    if (this.#muted) this.#claim.store(NO_REPLY);
    else this.#claim.deliver(error);
  }

  /** @returns false when it has ended before */
  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    const { hub } = this.#subscriptions;
    for (const topic of this.#awaited) {
      topic.waiting.delete(this);
      hub.stopWaiting(topic);
    }
    this.#awaited.clear();
    this.#client.pool.engine.deadlines.forget(this);
    return true;
  }

  writeTo({ out }: ReplySink): boolean {
    const { hub } = this.#subscriptions;
    const missed = this.#waitsForTurn && !this.#topics.every((topic) => hub.isConfirmed(topic));
    this.#released = true;
    for (const topic of this.#topics) out.copy(this.#subscriptions.add(topic));
    this.#done();
    if (missed && hub.closesLosers) this.#subscriptions.lose();
    return true;
  }

  /** The client is gone, or is refused. */
  drop(): void {
    if (this.#released) return;
    this.#released = true;
    for (const topic of this.#topics) this.#subscriptions.hub.release(topic);
  }

  nextDeadline(): number {
    return this.#settled ? 0 : this.#until;
  }

  onDeadline(): void {
    this.#refuse(replies.NOT_SUBSCRIBED);
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }
}
