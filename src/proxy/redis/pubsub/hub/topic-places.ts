import { routeKey } from '../../../../distribution/route.ts';
import { NO_SERVER } from '../../../../protocol/frame-table.ts';
import type { Pool } from '../../../pool/pool.ts';
import { addressOf } from '../../../pool/pool-changes.ts';
import type { HubServer } from './hub-server.ts';
import type { HubServers } from './hub-servers.ts';
import { PATTERN, SHARD } from './kinds.ts';
import { isOwnTopic } from './own-topics.ts';
import type { Topic } from './topic.ts';

/** Channels on which servers tell of keys: whose key it is says nothing, or too little. */
const KEYSPACE = '__key';

/** Which servers send the messages of a topic, as the ring of the pool is now. */
export class TopicPlaces {
  readonly #pool: Pool;
  readonly #servers: HubServers;
  /** Until another ring is taken over all topics are wanted everywhere: any may move. */
  spread = false;
  /** Of a cluster: the node that hands on what any of them is told. */
  #home: HubServer | null = null;

  constructor(pool: Pool, servers: HubServers) {
    this.#pool = pool;
    this.#servers = servers;
  }

  /** Any server may send messages of the topic, whatever its name is. */
  isEverywhere(topic: Topic): boolean {
    const { kind, text } = topic;
    if (isOwnTopic(this.#pool.config, topic)) return false;
    const isOfKeys = kind !== SHARD && text.startsWith(KEYSPACE);
    if (this.#pool.slots !== null) return isOfKeys;
    return isOfKeys || kind === PATTERN || this.#pool.config.distribution === 'random';
  }

  /** The server that messages of the topic are sent to; null when no server is live. */
  ownerOf(topic: Topic): HubServer | null {
    const { kind, name } = topic;
    if (isOwnTopic(this.#pool.config, topic)) return null;
    if (this.#pool.slots !== null && kind !== SHARD) return this.#homeNode();
    const { engine, descriptor } = this.#pool;
    const index = routeKey(name, 0, name.length, engine.words, descriptor);
    return index === NO_SERVER ? null : this.#servers.at(index);
  }

  /** Stays the same until it is lost: two of them would hand on everything twice. */
  #homeNode(): HubServer | null {
    const members = [...this.#servers.members];
    const home = this.#home;
    if (home !== null && !home.failed && this.#servers.isMember(home)) return home;
    this.#home = members.find(({ failed }) => !failed) ?? members[0] ?? null;
    return this.#home;
  }

  /** Of a cluster: the address of that node, once one is needed. */
  get home(): string | null {
    return this.#home === null ? null : addressOf(this.#home.target);
  }

  /**
   * Clients of another process come, which hear of another node than is heard here.
   * @returns false when another one is heard here
   */
  takeHome(address: string): boolean {
    const members = [...this.#servers.members];
    this.#home ??= members.find(({ target }) => addressOf(target) === address) ?? null;
    return this.home === address;
  }

  /** The servers of the pool that messages of the topic may come from. */
  sendersOf(topic: Topic): Iterable<HubServer> {
    if (this.isEverywhere(topic)) return this.#servers.members;
    const owner = this.ownerOf(topic);
    return owner === null ? [] : [owner];
  }

  /** Whether a server is subscribed to for the topic. */
  isWanted(topic: Topic, server: HubServer): boolean {
    const { config, slots } = this.#pool;
    if (topic.ends || isOwnTopic(config, topic)) return false;
    const all = slots === null && config.subscribeToAll;
    if (all || this.spread || this.isEverywhere(topic)) return true;
    return this.ownerOf(topic) === server;
  }

  /** Whether losing the server loses messages of the topic. */
  needs(topic: Topic, server: HubServer): boolean {
    if (topic.ends || !this.#servers.isMember(server)) return false;
    return this.isEverywhere(topic) || this.ownerOf(topic) === server;
  }

  /**
   * Whether all messages of the topic are heard. Where any server may send them, those that cannot
   * be reached are not waited for.
   */
  isConfirmed(topic: Topic): boolean {
    if (isOwnTopic(this.#pool.config, topic)) return true;
    if (!this.isEverywhere(topic)) return this.ownerOf(topic)?.holds(topic) ?? false;
    let held = false;
    for (const server of this.#servers.members) {
      if (server.holds(topic)) held = true;
      else if (!server.failed) return false;
    }
    return held;
  }
}
