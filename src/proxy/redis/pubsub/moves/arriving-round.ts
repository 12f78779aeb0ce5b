import { HAND_OVER_MS, KEPT_MESSAGE_BYTES, ROUND_MS } from '../../../../limits.ts';
import { PUBSUB_LOST_CLIENTS } from '../../../../stats/counters.ts';
import { reviewLogin } from '../../../client/access/login.ts';
import type { Claim } from '../../../client/claims.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import type { SavedSubscriptions } from '../../../client/session/subscriptions.ts';
import { millis } from '../../../engine/clock.ts';
import type { Timed } from '../../../engine/deadlines.ts';
import type { Pool } from '../../../pool/pool.ts';
import { addressOf } from '../../../pool/pool-changes.ts';
import type { Hub } from '../hub/hub.ts';
import type { HubServer } from '../hub/hub-server.ts';
import type { Topic } from '../hub/topic.ts';
import { reviewMode } from '../subscribe.ts';
import type { Subscriptions } from '../subscriptions.ts';
import { MarkedCut } from './marked-cut.ts';
import type { RoundQuestion } from './questions.ts';

/** A message for clients that have not come yet. */
interface Kept {
  readonly topic: Topic;
  readonly bytes: Buffer;
}

/** A client that has come before all marks have. */
interface Waiting {
  readonly client: ClientConnection;
  readonly subscriptions: Subscriptions;
  readonly saved: SavedSubscriptions;
  /** What it asks meanwhile waits. */
  readonly hold: Claim;
}

/**
 * Clients with subscriptions that come from another process: what they hear is heard here before
 * they do, and kept for them from the mark on that ends what they have heard there.
 */
export class ArrivingRound extends MarkedCut implements Timed {
  readonly #pool: Pool;
  /** Held until all have come. */
  readonly #topics: ReadonlySet<Topic>;
  #kept: Kept[] = [];
  #keptBytes = 0;
  #waiting: Waiting[] = [];
  /** Told once: why nothing is heard, null = all is. */
  #answer: ((refusal: string | null) => void) | null;
  readonly #onOver: () => void;
  readonly #home: string | null;
  readonly #areFound: boolean;
  #failed = false;
  /** No more clients come. */
  #isLast = false;
  #ended = false;
  #until: number = millis() + ROUND_MS;
  /** The marks of all servers must be there by then; 0 = nobody waits for them. */
  #marksUntil = 0;
  timerAt = 0;

  /** @param answer told once: why nothing is heard; null = all is @param onOver told once */
  constructor(
    hub: Hub,
    pool: Pool,
    question: RoundQuestion,
    answer: (refusal: string | null) => void,
    onOver: () => void,
  ) {
    const topics = question.topics.map(([kind, text]) => {
      const name = Buffer.from(text, 'base64');
      return hub.hold(kind, name, name.toString('latin1'));
    });
    const wanted = new Set(question.servers);
    const members = [...hub.servers.members].map((server) => {
      return [addressOf(server.target), server] as const;
    });
    const found = new Map(members.filter(([address]) => wanted.has(address)));
    super(hub, question.round, question.secret, found);
    this.#pool = pool;
    this.#topics = new Set(topics);
    this.#answer = answer;
    this.#onOver = onOver;
    this.#home = question.home;
    this.#areFound = found.size === wanted.size;
  }

  begin(): void {
    const home = this.#home;
    if (!this.#areFound || !this.hub.servers.isSteady) {
      this.#fail('other servers are heard there');
    } else if (home !== null && !this.hub.places.takeHome(home)) {
      this.#fail('another node is heard there');
    } else {
      this.open();
      this.#pool.engine.deadlines.arm(this, this.#until);
      this.onProgress();
    }
  }

  onProgress(): void {
    if (this.#answer === null) return;
    if ([...this.markers].some(([server, { channel }]) => isLacking(server, channel))) {
      this.#fail('a server does not send the channel of ringway');
    } else if (this.isSubscribed) {
      if (this.#hearsAll) this.#say(null);
      else this.#fail('a server refuses a subscription');
    }
  }

  /** Asked for before the marks, and so answered before. */
  get #hearsAll(): boolean {
    const { places } = this.hub;
    const servers = [...this.markers.keys()];
    return [...this.#topics].every((topic) => {
      return servers.every((server) => !places.isWanted(topic, server) || server.holds(topic));
    });
  }

  #say(refusal: string | null): void {
    const answer = this.#answer;
    if (answer === null) return;
    this.#answer = null;
    this.#until = millis() + HAND_OVER_MS + ROUND_MS;
    answer(refusal);
  }

  onLost(server: HubServer): void {
    if (this.markers.has(server)) this.#fail('a server is lost');
  }

  wants(server: HubServer, topic: Topic): boolean {
    return this.passed.has(server) && this.#topics.has(topic);
  }

  keep(topic: Topic, bytes: Buffer): void {
    this.#count(bytes.length + KEPT_MESSAGE_BYTES);
    this.#kept.push({ topic, bytes });
    if (this.#keptBytes > this.#pool.config.clientOutputLimit) this.#fail('too much is kept');
  }

  #count(bytes: number): void {
    this.#keptBytes += bytes;
    this.#pool.engine.budget.add(bytes);
  }

  protected onComplete(): void {
    this.#marksUntil = 0;
    this.#settleAll();
    if (this.#isLast) this.#end();
  }

  /** A client has come. */
  add(client: ClientConnection, subscriptions: Subscriptions, saved: SavedSubscriptions): void {
    const hold = client.claims.hold();
    client.barrier();
    const waiting = { client, subscriptions, saved, hold };
    if (this.#failed || this.isComplete) {
      this.#settle(waiting);
      return;
    }
    this.#waiting.push(waiting);
    if (this.#marksUntil !== 0) return;
    // The other process has all marks: a server that keeps one back here must not hold the client.
    this.#marksUntil = millis() + ROUND_MS;
    this.#pool.engine.deadlines.arm(this, this.#marksUntil);
  }

  /** What goes wrong with one of them ends that one. */
  #settleAll(): void {
    const { guard } = this.#pool.engine;
    for (const waiting of this.#waiting.splice(0)) {
      guard.bind(waiting.client, () => this.#settle(waiting))();
    }
  }

  #settle({ client, subscriptions, saved, hold }: Waiting): void {
    hold.forget();
    if (client.closed) return;
    resume(client, subscriptions, saved);
    if (client.leaves) return;
    if (!this.#failed) {
      for (const { topic, bytes } of this.#kept) {
        if (subscriptions.has(topic)) subscriptions.take(bytes, 0, bytes.length);
      }
    } else if (this.hub.closesLosers) {
      this.#pool.counters[PUBSUB_LOST_CLIENTS]++;
      client.drain();
    }
    client.goOn();
  }

  /** Clients that come, and have come, may miss something. */
  #fail(why: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#settleAll();
    this.#say(why);
    this.#end();
  }

  /** All clients have come, or none will. */
  end(): void {
    this.#isLast = true;
    if (this.#waiting.length === 0) this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pool.engine.deadlines.forget(this);
    this.close();
    this.#kept = [];
    this.#count(-this.#keptBytes);
    for (const topic of this.#topics) this.hub.release(topic);
    this.#onOver();
  }

  nextDeadline(): number {
    if (this.#ended) return 0;
    return this.#marksUntil === 0 ? this.#until : Math.min(this.#marksUntil, this.#until);
  }

  onDeadline(): void {
    this.#fail('it takes too long');
  }

  onException(error: unknown): void {
    this.#pool.engine.guard.note('subscribers that come from another process', error);
    this.#fail('internal error');
  }
}

/** Goes on with what a client heard elsewhere, as far as it may hear it here. */
export function resume(
  client: ClientConnection,
  subscriptions: Subscriptions,
  saved: SavedSubscriptions,
): void {
  if (!client.authenticated) {
    client.drain();
    return;
  }
  subscriptions.resume(saved);
  reviewMode(client);
  reviewLogin(client);
  if (client.session.hears) client.protocol.tellToForget(client);
}

/** It cannot be reached, or does not want to send a topic. */
function isLacking(server: HubServer, topic: Topic): boolean {
  return server.failed || (server.isOpen && !server.has(topic));
}
