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

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A client of that proxy sends it. */
  sent(id: number, proxy: number): void {
    this.#senders.set(id, proxy);
  }

  published({ name: server }: ServerProcess, channel: string, id: number): void {
    const key = `${channel} ${server}`;
    const log = this.#logs.get(key) ?? [];
    this.#logs.set(key, log);
    const message = { id, at: this.#now(), server, index: log.length };
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

  /** Whether clients of a proxy must hear it: another one may have other servers. */
  isOwed(id: number, proxy: number): boolean {
    return this.#senders.get(id) === proxy;
  }
}
