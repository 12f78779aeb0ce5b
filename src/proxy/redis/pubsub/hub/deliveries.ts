import { type PoolCounters, PUBSUB_MESSAGES } from '../../../../stats/counters.ts';
import { CUT_CHANNEL, type Frame, isChannelOfCuts } from './frame.ts';
import type { HubServer } from './hub-server.ts';
import { CHANNEL, PATTERN } from './kinds.ts';
import type { Topic } from './topic.ts';
import type { Topics } from './topics.ts';

/**
 * What servers say is cut in two: clients that go to another process hear what comes before it
 * there, what comes behind it here, or the other way round.
 */
export interface Cut {
  /** The channel that is subscribed to at a server for it; null = it is not cut there. */
  channelOf(server: HubServer): Topic | null;
  /** A server has granted or refused a channel on which cuts are marked. */
  onProgress(): void;
  /** A frame of a channel on which cuts are marked: perhaps the mark of this one. */
  onMark(server: HubServer, bytes: Buffer, start: number, end: number): void;
  /** A server is lost: what it said meanwhile is missing. */
  onLost(server: HubServer): void;
  /** Whether clients who come may have to hear a message: keep() follows. */
  wants(server: HubServer, topic: Topic): boolean;
  /** @param message a whole frame of RESP2, which must not be changed */
  keep(topic: Topic, message: Buffer): void;
  /** One of these went wrong. */
  onException(error: unknown): void;
}

/** Hands the messages of servers to who listens. */
export class Deliveries {
  readonly #topics: Topics;
  readonly #counters: PoolCounters;
  /** Those that are under way. */
  readonly cuts: Set<Cut> = new Set();

  constructor(topics: Topics, counters: PoolCounters) {
    this.#topics = topics;
    this.#counters = counters;
  }

  onMessage(server: HubServer, frame: Frame, bytes: Buffer, start: number, end: number): void {
    this.#counters[PUBSUB_MESSAGES]++;
    const { kind, nameStart, nameEnd, channelStart } = frame;
    // What marks a cut, of this ringway or of another, is for no client.
    if (kind === CHANNEL && isChannelOfCuts(bytes, nameStart, nameEnd)) {
      this.#onMark(server, bytes, start, end);
      return;
    }
    if (kind === PATTERN && isChannelOfCuts(bytes, channelStart, end)) return;
    const topic = this.#topics.find(kind, bytes.toString('latin1', nameStart, nameEnd));
    if (topic === undefined) return;
    if (this.cuts.size > 0) this.#keep(server, topic, bytes, start, end);
    for (const listener of topic.listeners) {
      if (listener.leaving?.isOver(server)) continue;
      try {
        listener.take(bytes, start, end);
      } catch (error) {
        listener.onException(error);
      }
    }
  }

  #onMark(server: HubServer, bytes: Buffer, start: number, end: number): void {
    this.#tellCuts((cut) => cut.onMark(server, bytes, start, end));
  }

  /** Copied once, for all cuts that want it. */
  #keep(server: HubServer, topic: Topic, bytes: Buffer, start: number, end: number): void {
    let copy: Buffer | null = null;
    for (const cut of this.cuts) {
      try {
        if (!cut.wants(server, topic)) continue;
        copy ??= Buffer.from(bytes.subarray(start, end));
        cut.keep(topic, copy);
      } catch (error) {
        cut.onException(error);
      }
    }
  }

  /** A server has granted or refused a topic: cuts wait for channels of their own, asked last. */
  onProgress({ text }: Topic): void {
    if (!text.startsWith(CUT_CHANNEL)) return;
    this.#tellCuts((cut) => cut.onProgress());
  }

  onLost(server: HubServer): void {
    this.#tellCuts((cut) => cut.onLost(server));
  }

  /** What goes wrong in one of them ends it, and nothing else. */
  #tellCuts(tell: (cut: Cut) => void): void {
    for (const cut of [...this.cuts]) {
      try {
        tell(cut);
      } catch (error) {
        cut.onException(error);
      }
    }
  }
}
