import type { ChannelKind } from '../cases/case.ts';
import type { Airwaves, Message } from './airwaves.ts';

/** What a client that has subscribed to one topic has heard, and what it must have. */
export class HeardTopic {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly #airwaves: Airwaves;
  readonly #proxy: number;
  /** When its subscription was acknowledged. */
  readonly #since: number;
  /** By channel and server: place of the last message. */
  readonly #last: Map<string, number> = new Map();

  constructor(kind: ChannelKind, name: string, airwaves: Airwaves, proxy: number, since: number) {
    this.kind = kind;
    this.name = name;
    this.#airwaves = airwaves;
    this.#proxy = proxy;
    this.#since = since;
  }

  /** @param mayMiss gaps are allowed @returns what is wrong with it, null when nothing is */
  heard(channel: string, id: number, mayMiss: boolean): string | null {
    const message = this.#airwaves.find(id);
    if (message === undefined) return `hears message ${id}, which no server was told`;
    const key = `${channel} ${message.server}`;
    const last = this.#last.get(key) ?? -1;
    this.#last.set(key, Math.max(last, message.index));
    const log = this.#airwaves.log(channel, message.server);
    if (log[message.index]?.id !== id) return `hears message ${id} on ${channel}, which is not its`;
    if (message.index <= last) {
      const before = log[last].id;
      return before === id
        ? `hears message ${id} twice`
        : `hears message ${id} behind ${before}, which came later`;
    }
    const missing = mayMiss ? null : this.#missingIn(log, last + 1, message.index);
    return missing === null ? null : `hears message ${id}, and has not heard ${missing}`;
  }

  /** @returns the first message between two places that it must have heard */
  #missingIn(log: readonly Message[], from: number, to: number): number | null {
    for (const { id, at } of log.slice(from, to)) {
      if (at >= this.#since && this.#airwaves.isOwed(id, this.#proxy)) return id;
    }
    return null;
  }

  /** @returns a message that it must have heard by now: what came before `until`; null = none */
  missing(until: number): number | null {
    for (const [channel, server] of this.#airwaves.logs(this.kind, this.name)) {
      const log = this.#airwaves.log(channel, server).filter(({ at }) => at < until);
      const last = this.#last.get(`${channel} ${server}`) ?? -1;
      const missing = this.#missingIn(log, last + 1, log.length);
      if (missing !== null) return missing;
    }
    return null;
  }
}
