import { ROUND_NAMES_BYTES, SUBSCRIPTION_BYTES } from '../../../limits.ts';
import {
  PUBSUB_CLIENTS,
  PUBSUB_DELIVERIES,
  PUBSUB_SLOW_CLOSED,
  PUBSUB_SUBSCRIPTIONS,
} from '../../../stats/counters.ts';
import type { RespVersion } from '../../backend/lane.ts';
import { afterPush, type PushedClient } from '../../client/client-pushes.ts';
import type {
  ClientSubscriptions,
  SavedSubscriptions,
} from '../../client/session/subscriptions.ts';
import { acknowledgement, PUSH } from './acknowledgements.ts';
import type { Hub } from './hub/hub.ts';
import { CHANNEL, type Kind, PATTERN, SHARD } from './hub/kinds.ts';
import type { Leaving, Listener, Topic } from './hub/topic.ts';

const STAR = 0x2a;

/** The client, as its subscriptions see it. */
export interface SubscribedClient extends PushedClient {
  /** It hears nothing more. */
  readonly leaves: boolean;
  /** No more requests are taken; it is closed when all is answered. */
  drain(): void;
  onException(error: unknown): void;
}

/** What one client has subscribed to. */
export class Subscriptions implements ClientSubscriptions, Listener {
  readonly hub: Hub;
  readonly #client: SubscribedClient;
  /** By kind; in the order in which they were subscribed to. */
  readonly #topics: readonly Set<Topic>[] = [new Set(), new Set(), new Set()];
  /** What it is sent messages in. */
  resp: RespVersion = 2;
  bytes = 0;
  leaving: Leaving | null = null;
  /** How often that came to nothing. */
  failedRounds = 0;
  heardElsewhere = false;

  constructor(client: SubscribedClient, hub: Hub) {
    this.#client = client;
    this.hub = hub;
  }

  get channels(): number {
    return this.#topics[CHANNEL].size;
  }

  get patterns(): number {
    return this.#topics[PATTERN].size;
  }

  get shardChannels(): number {
    return this.#topics[SHARD].size;
  }

  get count(): number {
    return this.channels + this.patterns + this.shardChannels;
  }

  /** What an acknowledgement counts: shard channels apart from the others. */
  #counted(kind: Kind): number {
    return kind === SHARD ? this.shardChannels : this.channels + this.patterns;
  }

  every(isTrue: (name: Uint8Array, isPattern: boolean) => boolean): boolean {
    return this.#topics.every((topics) =>
      [...topics].every(({ name, kind }) => isTrue(name, kind === PATTERN)),
    );
  }

  /** In the order of their kinds. */
  get all(): readonly Topic[] {
    return this.#topics.flatMap((topics) => [...topics]);
  }

  get movable(): boolean {
    return this.hub.own === null && this.bytes <= ROUND_NAMES_BYTES;
  }

  get saved(): SavedSubscriptions {
    const topics = this.all.map(({ kind, name }) => [kind, name.toString('base64')] as const);
    return { round: this.leaving?.id ?? '', topics };
  }

  /** Goes on with what it heard in another process. */
  resume({ topics }: SavedSubscriptions): void {
    for (const [kind, text] of topics) {
      const name = Buffer.from(text, 'base64');
      this.#hear(this.hub.hold(kind as Kind, name, name.toString('latin1')));
    }
  }

  has(topic: Topic): boolean {
    return this.#topics[topic.kind].has(topic);
  }

  /** The names of one kind. */
  topics(kind: Kind): readonly Topic[] {
    return [...this.#topics[kind]];
  }

  /** What it hears of these names, all of the kind when there are none. */
  among(kind: Kind, names: readonly Buffer[]): readonly Topic[] {
    if (names.length === 0) return this.topics(kind);
    const known = names.map((name) => this.hub.topics.find(kind, name.toString('latin1')));
    return known.filter((topic) => topic !== undefined && this.has(topic)) as Topic[];
  }

  /** Begins to hear a topic, which is held for it. @returns the acknowledgement */
  add(topic: Topic): Buffer {
    this.#hear(topic);
    return acknowledgement(topic.kind, true, topic.name, this.#counted(topic.kind), this.resp);
  }

  #hear(topic: Topic): void {
    if (this.has(topic)) {
      this.hub.release(topic);
      return;
    }
    this.#change(topic, 1);
    this.#topics[topic.kind].add(topic);
    topic.listeners.add(this);
  }

  /** Hears no more of `name`, if it did. @returns the acknowledgement; null = of nothing */
  remove(kind: Kind, name: Buffer | null): Buffer {
    const topic = name === null ? undefined : this.hub.topics.find(kind, name.toString('latin1'));
    if (topic !== undefined && this.has(topic)) this.#forget(topic);
    return acknowledgement(kind, false, name, this.#counted(kind), this.resp);
  }

  #forget(topic: Topic): void {
    this.#topics[topic.kind].delete(topic);
    topic.listeners.delete(this);
    this.#change(topic, -1);
    this.hub.release(topic);
  }

  #change({ name }: Topic, by: 1 | -1): void {
    const { counters } = this.#client.pool;
    if (this.count === 0) counters[PUBSUB_CLIENTS] += by;
    counters[PUBSUB_SUBSCRIPTIONS] += by;
    this.bytes += by * (name.length + SUBSCRIPTION_BYTES);
  }

  take(bytes: Buffer, start: number, end: number): void {
    const client = this.#client;
    if (client.leaves) return;
    client.pool.counters[PUBSUB_DELIVERIES]++;
    client.pipeline.pushes.push(bytes, start, end, this.resp === 3 ? PUSH : STAR);
    afterPush(client, PUBSUB_SLOW_CLOSED, 'messages');
  }

  /** What it was sent before still reaches it. */
  lose(): void {
    this.#client.drain();
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  drop(): void {
    for (const topics of this.#topics) for (const topic of topics) this.#forget(topic);
  }
}
