import { type PoolCounters, PUBSUB_MESSAGES } from '../../../../stats/counters.ts';
import { type Frame, isChannelOfCuts } from './frame.ts';
import type { HubServer } from './hub-server.ts';
import { PATTERN } from './kinds.ts';
import type { Listener, Topic } from './topic.ts';
import type { Topics } from './topics.ts';

/**
 * What servers say is cut in two: clients that go to another process hear what comes before it
 * there, what comes behind it here, or the other way round.
 */
export interface Cut {
  /** The channel that is subscribed to at a server for it; null = it is not cut there. */
  channelOf(server: HubServer): Topic | null;
  /** A server has granted or refused something. */
  onProgress(): void;
  /** A frame that belongs to no topic: perhaps what marks the cut. */
  onMark(server: HubServer, bytes: Buffer, start: number, end: number): void;
  /** A server is lost: what it said meanwhile is missing. */
  onLost(server: HubServer): void;
  /** Whether a listener hears nothing more of a server here. */
  isOver(server: HubServer, listener: Listener): boolean;
  /** A message, as Listener.take(), that clients who come may have to hear. */
  take(server: HubServer, topic: Topic, bytes: Buffer, start: number, end: number): void;
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
    const name = bytes.toString('latin1', frame.nameStart, frame.nameEnd);
    const topic = this.#topics.find(frame.kind, name);
    if (topic === undefined) {
      for (const cut of [...this.cuts]) cut.onMark(server, bytes, start, end);
      return;
    }
    // What marks a cut, of this ringway or of another, is for no client.
    if (frame.kind === PATTERN && isChannelOfCuts(bytes, frame.channelStart, end)) return;
    for (const cut of this.cuts) cut.take(server, topic, bytes, start, end);
    for (const listener of topic.listeners) {
      if (this.cuts.size > 0 && this.#isOver(server, listener)) continue;
      try {
        listener.take(bytes, start, end);
      } catch (error) {
        listener.onException(error);
      }
    }
  }

  #isOver(server: HubServer, listener: Listener): boolean {
    for (const cut of this.cuts) if (cut.isOver(server, listener)) return true;
    return false;
  }

  /** A server has granted or refused something. */
  onProgress(): void {
    for (const cut of [...this.cuts]) cut.onProgress();
  }

  onLost(server: HubServer): void {
    for (const cut of [...this.cuts]) cut.onLost(server);
  }
}
