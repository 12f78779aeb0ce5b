import { HUB_TOPIC_BYTES } from '../../../../limits.ts';
import type { Kind } from './kinds.ts';

/** Clients that go to another process together. */
export interface Leaving {
  /** Known there, too. */
  readonly id: string;
  /** Whether they hear nothing more of a server here. @param server one of the hub */
  isOver(server: object): boolean;
}

/** A client, as what it hears sees it. */
export interface Listener {
  /** Those that it goes to another process with; null = it does not go. */
  readonly leaving: Leaving | null;
  /**
   * A message: a whole frame of RESP2 at [start, end) of `bytes`, which are the arena's or do not
   * change any more.
   */
  take(bytes: Buffer, start: number, end: number): void;
  /** Messages may have been lost, or will be. */
  lose(): void;
  /** One of these went wrong. */
  onException(error: unknown): void;
}

/** A subscription that waits for servers. */
export interface Waiter {
  onConfirmed(topic: Topic): void;
  /** @param error a complete error reply */
  onRefused(topic: Topic, error: Buffer): void;
}

/** One channel, pattern or shard channel that clients of a pool have subscribed to. */
export class Topic {
  readonly kind: Kind;
  /** As bytes, and as text with one character per byte. */
  readonly name: Buffer;
  readonly text: string;
  /** Clients that hear it, or have asked to. */
  users = 0;
  /** When it is given up, in milliseconds of the clock; 0 = it has users. */
  until = 0;
  /** A server has refused it: it is asked for again with the next who wants it. */
  refused = false;
  /** Its only user gives it up: no server is asked for it again. */
  ends = false;
  /** How often a node of a cluster has sent it elsewhere since it was confirmed. */
  redirections = 0;
  readonly listeners: Set<Listener> = new Set();
  readonly waiting: Set<Waiter> = new Set();

  constructor(kind: Kind, name: Buffer, text: string) {
    this.kind = kind;
    this.name = name;
    this.text = text;
  }

  /** Bytes that it takes. */
  get bytes(): number {
    return this.name.length * 2 + HUB_TOPIC_BYTES;
  }
}
