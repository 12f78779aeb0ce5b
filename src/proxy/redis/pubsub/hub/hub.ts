import type { PoolConfig, ServerConfig } from '../../../../config/index.ts';
import { HUB_LINGER_MS } from '../../../../limits.ts';
import { PUBSUB_DROPPED } from '../../../../stats/counters.ts';
import { type Failure, failureText } from '../../../backend/failure.ts';
import { millis } from '../../../engine/clock.ts';
import type { Timed } from '../../../engine/deadlines.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { Pool } from '../../../pool/pool.ts';
import { addressOf, sameAddress } from '../../../pool/pool-changes.ts';
import { NOTHING_TO_PREPARE, type Preparation } from '../../../pool/protocol.ts';
import { failureReply } from '../../failure-reply.ts';
import { loginOf, type RefusedConnection } from '../../server-login.ts';
import { Deliveries } from './deliveries.ts';
import type { Frame } from './frame.ts';
import { type HubServer, type HubServerOwner, markAll } from './hub-server.ts';
import { HubServers } from './hub-servers.ts';
import { IdleTopics } from './idle-topics.ts';
import type { Kind } from './kinds.ts';
import { Losers } from './losers.ts';
import { refusalOf } from './moved-topic.ts';
import type { Topic } from './topic.ts';
import { TopicPlaces } from './topic-places.ts';
import { Topics } from './topics.ts';

/** Hubs of one client each that have connections. */
export interface OpenHubs<H> {
  add(hub: H): void;
  delete(hub: H): void;
}

/**
 * What the clients of a pool have subscribed to, in this process, or one of them: one connection to
 * each server hears it.
 */
export class Hub implements HubServerOwner, Timed {
  readonly engine: Engine;
  readonly #pool: Pool;
  readonly servers: HubServers;
  readonly places: TopicPlaces;
  readonly #losers: Losers;
  readonly topics: Topics;
  readonly deliveries: Deliveries;
  readonly #idle: IdleTopics = new IdleTopics();
  /** Topics that somebody waits for. */
  readonly #awaited: Set<Topic> = new Set();
  /** When what a server need not send any more is given up; 0 = there is nothing. */
  #trimAt = 0;
  /** The servers of the pool, as they were last. */
  #lines: readonly ServerConfig[] = [];
  /** Where it is told of while it is open; null = it is of all clients. */
  readonly own: OpenHubs<Hub> | null;
  timerAt = 0;

  constructor(pool: Pool, own: OpenHubs<Hub> | null = null) {
    this.engine = pool.engine;
    this.#pool = pool;
    this.own = own;
    this.topics = new Topics(pool, (error) => this.onException(error));
    this.deliveries = new Deliveries(this.topics, pool.counters);
    this.servers = new HubServers(this);
    this.places = new TopicPlaces(pool, this.servers);
    this.#losers = new Losers(pool, this.places);
  }

  /** Whether it has connections, or tries to. */
  get open(): boolean {
    return this.servers.open;
  }

  // --- topics ----------------------------------------------------------------------------------

  /** Somebody wants to hear a topic: release() must follow. */
  hold(kind: Kind, name: Buffer, text: string): Topic {
    const known = this.topics.find(kind, text);
    const topic = known ?? this.topics.add(kind, name, text);
    topic.users++;
    this.#idle.delete(topic);
    if (!this.servers.open) this.#setServers();
    if (known === undefined || topic.refused) this.#ask(topic);
    return topic;
  }

  #ask(topic: Topic): void {
    topic.refused = false;
    for (const server of this.servers.wanted()) {
      if (this.places.isWanted(topic, server)) server.subscribe(topic);
    }
  }

  release(topic: Topic): void {
    if (--topic.users > 0) return;
    const now = millis();
    if (this.own !== null) this.#forget(topic);
    else this.#idle.add(topic, now);
    for (const oldest of this.#idle.over(now)) this.#forget(oldest);
    this.#arm();
  }

  #forget(topic: Topic): void {
    if (!this.topics.delete(topic)) return;
    for (const server of this.servers.wanted()) server.unsubscribe(topic);
    if (this.topics.isEmpty) this.#closeServers();
  }

  #closeServers(): void {
    this.servers.close();
    this.own?.delete(this);
  }

  // --- who waits -------------------------------------------------------------------------------

  isConfirmed(topic: Topic): boolean {
    return this.places.isConfirmed(topic);
  }

  /** The topic is awaited: its waiters are told. */
  await(topic: Topic): void {
    if (topic.waiting.size === 0) return;
    this.#awaited.add(topic);
    // Which nodes a cluster has is known in a moment.
    if (this.#pool.slots?.known === false) return;
    const [sender] = this.places.sendersOf(topic);
    if (sender === undefined) this.#refuse(topic, failureReply(this.#pool.nowhere));
  }

  stopWaiting(topic: Topic): void {
    if (topic.waiting.size === 0) this.#awaited.delete(topic);
  }

  /**
   * Messages of topics that are confirmed may be under way since before somebody asked for them:
   * `done` is called when those are there.
   */
  catchUp(topics: Iterable<Topic>, done: () => void): void {
    const servers = new Set<HubServer>();
    for (const topic of topics) {
      for (const server of this.places.sendersOf(topic)) {
        if (server.holds(topic)) servers.add(server);
      }
    }
    markAll(servers, done);
  }

  /**
   * The only client of the hub gives topics up, and hears them until release().
   * @returns servers that are told so
   */
  giveUp(topics: readonly Topic[]): Set<HubServer> {
    const servers = new Set<HubServer>();
    for (const topic of topics) {
      topic.ends = true;
      for (const server of this.servers.wanted()) {
        if (server.has(topic)) servers.add(server);
        server.unsubscribe(topic);
      }
    }
    return servers;
  }

  #confirm(topic: Topic): void {
    if (topic.waiting.size === 0 || !this.places.isConfirmed(topic)) return;
    this.#awaited.delete(topic);
    topic.redirections = 0;
    for (const waiter of [...topic.waiting]) waiter.onConfirmed(topic);
  }

  #refuse(topic: Topic, error: Buffer): void {
    this.#awaited.delete(topic);
    for (const waiter of [...topic.waiting]) waiter.onRefused(topic, error);
  }

  // --- what servers say ------------------------------------------------------------------------

  get login(): Buffer | null {
    return loginOf(this.#pool).request;
  }

  onLoginRefused(connection: RefusedConnection): void {
    loginOf(this.#pool).onRefused(connection);
  }

  get messageLimit(): number {
    return this.#pool.config.clientOutputLimit;
  }

  titleOf({ target }: HubServer): string {
    return `${this.#pool.config.name} | ${addressOf(target)}`;
  }

  *wanted(server: HubServer): Iterable<Topic> {
    for (const topic of this.topics) if (this.places.isWanted(topic, server)) yield topic;
    for (const cut of this.deliveries.cuts) {
      const channel = cut.channelOf(server);
      if (channel !== null) yield channel;
    }
  }

  onHeld(_server: HubServer, topic: Topic): void {
    this.#confirm(topic);
    this.servers.onProgress();
    this.deliveries.onProgress(topic);
  }

  onRefused(server: HubServer, topic: Topic, said: Buffer): void {
    this.servers.onProgress();
    this.deliveries.onProgress(topic);
    const error = refusalOf(this.#pool, server.target, topic, said);
    topic.refused = error !== null;
    if (error === null || !this.places.needs(topic, server)) return;
    this.#refuse(topic, error);
    this.#losers.refused(server, topic);
  }

  onUnreachable(server: HubServer, failure: Failure): void {
    this.servers.onProgress();
    this.deliveries.onLost(server);
    if (!this.servers.isMember(server)) return;
    // Another node of a cluster takes its place.
    if (this.#pool.slots !== null) this.#askAll();
    const members = [...this.servers.members];
    const error = failureReply(failure);
    for (const topic of [...this.#awaited]) {
      if (!this.places.isEverywhere(topic)) {
        if (this.places.ownerOf(topic) === server) this.#refuse(topic, error);
      } else if (members.every(({ failed }) => failed)) {
        this.#refuse(topic, error);
      } else {
        this.#confirm(topic);
      }
    }
  }

  /** Whether who may miss messages is closed. */
  get closesLosers(): boolean {
    return this.#losers.areClosed;
  }

  onLost(server: HubServer, held: readonly Topic[], failure: Failure): void {
    this.deliveries.onLost(server);
    this.#losers.of(server, held, `was lost (${failureText(failure)})`);
  }

  /** The slot of a shard channel has gone to another node: that is asked for its messages. */
  onTaken(server: HubServer, kind: Kind, name: string): void {
    const topic = this.topics.find(kind, name);
    if (topic === undefined) return;
    server.onEnded(topic);
    if (!this.places.needs(topic, server)) return;
    this.#losers.of(server, [topic], 'has lost a slot');
    this.#ask(topic);
  }

  /** Who has subscribed meanwhile to what any server may send has not heard this one. */
  onReturned(server: HubServer): void {
    const everywhere = [...this.topics].filter((topic) => this.places.isEverywhere(topic));
    this.#losers.of(server, everywhere, 'was away');
  }

  onMessage(server: HubServer, frame: Frame, bytes: Buffer, start: number, end: number): void {
    this.deliveries.onMessage(server, frame, bytes, start, end);
  }

  onDropped(): void {
    this.#pool.counters[PUBSUB_DROPPED]++;
  }

  onException(error: unknown): void {
    this.engine.guard.note(`a hub of pool ${this.#pool.config.name}`, error);
  }

  /** @param index of a server of the pool @returns null when it is not subscribed to */
  serverAt(index: number): HubServer | null {
    return this.servers.at(index);
  }

  // --- the pool changes ------------------------------------------------------------------------

  #setServers(): void {
    this.own?.add(this);
    this.#lines = this.#pool.servers.map(({ config }) => config);
    this.servers.set(this.#lines, millis());
    this.#arm();
  }

  get #haveChanged(): boolean {
    const { servers } = this.#pool;
    if (servers.length !== this.#lines.length) return true;
    return servers.some(({ config }, i) => config !== this.#lines[i]);
  }

  /** Makes ready for another configuration of the pool. */
  prepare(config: PoolConfig): Preparation {
    if (!this.servers.open) return NOTHING_TO_PREPARE;
    const spreads = !this.#pool.config.subscribeToAll;
    this.places.spread = spreads;
    if (spreads) this.#askAll();
    const lines = this.#pool.config.servers;
    const isNew = (server: ServerConfig): boolean => {
      const before = lines.find(({ name }) => name === server.name);
      return before === undefined || !sameAddress(before, server);
    };
    const fresh = config.servers.filter(isNew);
    const { ready, abort } = this.servers.prepare(fresh, spreads, millis());
    this.#arm();
    return {
      ready,
      abort: () => {
        abort();
        this.#trimSoon();
      },
    };
  }

  #askAll(): void {
    for (const server of this.servers.members) {
      for (const topic of this.wanted(server)) server.subscribe(topic);
    }
  }

  /**
   * A server of the pool may be another one now, with the same keys. The one before is heard no
   * more: it may hand on what it hears from its successor.
   */
  onMoved(): void {
    if (!this.servers.open || !this.#haveChanged) return;
    const before = [...this.servers.members];
    const needed = before.map((server) => {
      const held = [...this.topics].filter((topic) => server.holds(topic));
      return held.filter((topic) => this.places.needs(topic, server));
    });
    this.#setServers();
    before.forEach((server, i) => {
      if (this.servers.isMember(server)) return;
      this.servers.drop(server);
      this.#losers.needing(server, needed[i], 'was replaced');
    });
    this.#askAll();
    for (const topic of [...this.#awaited]) this.#confirm(topic);
  }

  /** The pool has other servers, or its keys have gone to others. */
  onRing(): void {
    if (!this.servers.open) {
      if (this.topics.isEmpty) return;
      // The first topic came before any node of a cluster was known.
      this.#setServers();
    }
    // A node that has left a cluster hands on what another one does, too.
    if (this.#haveChanged && this.#pool.slots !== null) this.onMoved();
    else if (this.#haveChanged) this.#setServers();
    this.#askAll();
    for (const topic of [...this.#awaited]) this.#confirm(topic);
    this.#losers.moved(this.topics);
    this.#trimSoon();
  }

  #trimSoon(): void {
    this.#trimAt = millis() + HUB_LINGER_MS;
    this.#arm();
  }

  /** What a server need not send any more is given up once others have had time to send it. */
  #trim(): void {
    this.places.spread = false;
    for (const server of this.servers.members) {
      for (const topic of this.topics) {
        if (server.has(topic) && !this.places.isWanted(topic, server)) server.unsubscribe(topic);
      }
    }
  }

  #arm(): void {
    const due = this.nextDeadline();
    if (due !== 0) this.engine.deadlines.arm(this, due);
  }

  nextDeadline(): number {
    const times = [this.#idle.due, this.#trimAt, this.servers.due].filter((at) => at !== 0);
    return times.length === 0 ? 0 : Math.min(...times);
  }

  onDeadline(now: number): void {
    for (const topic of this.#idle.over(now)) this.#forget(topic);
    if (this.#trimAt !== 0 && this.#trimAt <= now) {
      this.#trimAt = 0;
      this.#trim();
    }
    this.servers.sweep(now);
  }

  /** The pool is gone. */
  close(): void {
    this.#closeServers();
    this.engine.deadlines.forget(this);
    this.#idle.clear();
    this.topics.clear();
  }
}
