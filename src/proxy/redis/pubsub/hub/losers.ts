import { LOG_WARN } from '../../../../log.ts';
import { PUBSUB_LOST_CLIENTS } from '../../../../stats/counters.ts';
import type { Pool } from '../../../pool/pool.ts';
import { addressOf } from '../../../pool/pool-changes.ts';
import type { HubServer } from './hub-server.ts';
import type { Topic } from './topic.ts';
import type { TopicPlaces } from './topic-places.ts';

/** Whoever may miss messages: `pubsub_loss: disconnect` closes it, which tells it of the gap. */
export class Losers {
  readonly #pool: Pool;
  readonly #places: TopicPlaces;

  constructor(pool: Pool, places: TopicPlaces) {
    this.#pool = pool;
    this.#places = places;
  }

  get areClosed(): boolean {
    return this.#pool.config.pubsubLoss === 'disconnect';
  }

  /** The server has taken a subscription back: whatever the pool says, it has none any more. */
  refused(server: HubServer, topic: Topic): void {
    if (this.#close([topic]) === 0) return;
    this.#tell(server, 'takes a subscription back, whose clients are closed');
  }

  /**
   * Messages of the server are not heard, those of `topics` among others.
   * @param what has happened to it
   */
  of(server: HubServer, topics: readonly Topic[], what: string): void {
    const needed = topics.filter((topic) => this.#places.needs(topic, server));
    this.needing(server, needed, what);
  }

  /** As of(), for topics whose messages came from the server. */
  needing(server: HubServer, topics: readonly Topic[], what: string): void {
    const closed = this.areClosed ? this.#close(topics) : 0;
    if (closed > 0) {
      this.#tell(server, `${what}, ${closed} subscribers that may miss messages are closed`);
    }
  }

  /** Of topics whose messages go to a server now that does not send them yet. */
  moved(topics: Iterable<Topic>): void {
    if (!this.areClosed) return;
    const moved: Topic[] = [];
    for (const topic of topics) {
      if (topic.listeners.size === 0 || this.#places.isEverywhere(topic)) continue;
      const owner = this.#places.ownerOf(topic);
      if (owner !== null && !owner.holds(topic)) moved.push(topic);
    }
    const closed = this.#close(moved);
    if (closed === 0) return;
    const what = `${closed} subscribers that may miss messages are closed`;
    this.#say(`pool ${this.#pool.config.name} has another ring, ${what}`);
  }

  /** @returns how many they were */
  #close(topics: readonly Topic[]): number {
    const losers = new Set(topics.flatMap((topic) => [...topic.listeners]));
    this.#pool.counters[PUBSUB_LOST_CLIENTS] += losers.size;
    for (const listener of losers) listener.lose();
    return losers.size;
  }

  #tell({ target }: HubServer, what: string): void {
    this.#say(`${this.#pool.config.name} | ${addressOf(target)} ${what}`);
  }

  #say(line: string): void {
    this.#pool.engine.log.write(LOG_WARN, line);
  }
}
