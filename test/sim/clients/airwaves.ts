import type { ChannelKind } from '../cases/case.ts';
import { isMet } from '../servers/redis/pubsub.ts';
import type { ServerProcess } from '../servers/server-process.ts';

/** A message as its server handed it on. */
export interface Message {
  readonly id: number;
  readonly at: number;
  readonly server: string;
  /** Its place among those of its channel on that server. */
  readonly index: number;
  /** The server was no longer the one of its shard when it carried it out. */
  readonly isLate: boolean;
}

const PATTERNS = ['m*', 'm1*', '*2'];

/** The name of a channel or pattern. */
export function topicName(kind: ChannelKind, number: number): string {
  if (kind === 'pattern') return PATTERNS[number % PATTERNS.length];
  return `${kind === 'shard' ? 's' : 'm'}${number}`;
}

/** Whether who hears a topic hears what is published on a channel. */
export function hears(kind: ChannelKind, topic: string, channel: string): boolean {
  if (kind !== 'pattern') return topic === channel;
  return !channel.startsWith('s') && isMet(topic, channel);
}

/** All messages of a world, by the servers' own account. */
export class Airwaves {
  readonly #now: () => number;
  readonly #byId: Map<number, Message> = new Map();
  /** By channel and server. */
  readonly #logs: Map<string, Message[]> = new Map();
  /** Of which proxy's client each is. */
  readonly #senders: Map<number, number> = new Map();
  readonly #acknowledged: Set<number> = new Set();
  readonly #isReplaced: (server: string) => boolean;

  /** @param isReplaced whether another server has become the master in a server's place */
  constructor(now: () => number, isReplaced: (server: string) => boolean = () => false) {
    this.#now = now;
    this.#isReplaced = isReplaced;
  }

  /** A client of that proxy sends it. */
  sent(id: number, proxy: number): void {
    this.#senders.set(id, proxy);
  }

  /** Its client was told how many heard it. */
  acknowledged(id: number): void {
    this.#acknowledged.add(id);
  }

  published({ name: server }: Pick<ServerProcess, 'name'>, channel: string, id: number): void {
    const key = `${channel} ${server}`;
    const log = this.#logs.get(key) ?? [];
    this.#logs.set(key, log);
    const isLate = this.#isReplaced(server);
    const message = { id, at: this.#now(), server, index: log.length, isLate };
    log.push(message);
    this.#byId.set(id, message);
  }

  find(id: number): Message | undefined {
    return this.#byId.get(id);
  }

  /** Messages of a channel on one server, as they came. */
  log(channel: string, server: string): readonly Message[] {
    return this.#logs.get(`${channel} ${server}`) ?? [];
  }

  /** Channels that a topic hears, and servers on which anything came on them. */
  *logs(kind: ChannelKind, topic: string): Iterable<readonly [channel: string, server: string]> {
    for (const key of this.#logs.keys()) {
      const [channel, server] = key.split(' ');
      if (hears(kind, topic, channel)) yield [channel, server];
    }
  }

  /**
   * Whether clients of a proxy must hear it: another one may have other servers. What lay in the
   * socket of a master that stood still is carried out when it wakes up, though it was replaced and
   * its client got an error: those who listen are at the new master by then.
   */
  isOwed(id: number, proxy: number): boolean {
    if (this.#byId.get(id)?.isLate && !this.#acknowledged.has(id)) return false;
    return this.#senders.get(id) === proxy;
  }
}
