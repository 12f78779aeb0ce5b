import { type PoolCounters, PUBSUB_TOPICS } from '../../../../stats/counters.ts';
import type { MemoryBudget } from '../../../engine/memory-budget.ts';
import type { Flushable, Turn } from '../../../engine/turn.ts';
import { CHANNEL, type Kind, PATTERN, SHARD } from './kinds.ts';
import { Topic } from './topic.ts';

/** What topics share with all else in the process. */
export interface TopicsOwner {
  readonly engine: { readonly turn: Turn; readonly budget: MemoryBudget };
  readonly counters: PoolCounters;
}

/**
 * The topics of a pool by kind and name, counted. What they take is reported with the turn: a
 * client may have to be closed for it.
 */
export class Topics implements Flushable {
  readonly #owner: TopicsOwner;
  readonly #kinds: Readonly<Record<Kind, Map<string, Topic>>> = {
    [CHANNEL]: new Map(),
    [PATTERN]: new Map(),
    [SHARD]: new Map(),
  };
  #bytes = 0;
  #heldBytes = 0;
  flushPending = false;
  readonly #onException: (error: unknown) => void;

  constructor(owner: TopicsOwner, onException: (error: unknown) => void) {
    this.#owner = owner;
    this.#onException = onException;
  }

  find(kind: Kind, text: string): Topic | undefined {
    return this.#kinds[kind].get(text);
  }

  /** Those of one kind that somebody hears. */
  *heard(kind: Kind): Iterable<Topic> {
    for (const topic of this.#kinds[kind].values()) if (topic.listeners.size > 0) yield topic;
  }

  /** All patterns, heard or not. */
  get patterns(): ReadonlyMap<string, Topic> {
    return this.#kinds[PATTERN];
  }

  *[Symbol.iterator](): Iterator<Topic> {
    for (const topics of Object.values(this.#kinds)) yield* topics.values();
  }

  get isEmpty(): boolean {
    return Object.values(this.#kinds).every(({ size }) => size === 0);
  }

  add(kind: Kind, name: Buffer, text: string): Topic {
    const topic = new Topic(kind, name, text);
    this.#kinds[kind].set(text, topic);
    this.#count(topic, 1);
    return topic;
  }

  /** @returns false when it is not there any more */
  delete(topic: Topic): boolean {
    if (!this.#kinds[topic.kind].delete(topic.text)) return false;
    this.#count(topic, -1);
    return true;
  }

  #count(topic: Topic, change: 1 | -1): void {
    this.#bytes += change * topic.bytes;
    this.#owner.counters[PUBSUB_TOPICS] += change;
    this.#owner.engine.turn.markBackend(this);
  }

  /** Nobody has any topic any more. */
  clear(): void {
    for (const topic of [...this]) this.delete(topic);
    this.flush();
  }

  flush(): void {
    const delta = this.#bytes - this.#heldBytes;
    this.#heldBytes = this.#bytes;
    if (delta !== 0) this.#owner.engine.budget.add(delta);
  }

  writeOut(): void {}

  onException(error: unknown): void {
    this.#onException(error);
  }
}
