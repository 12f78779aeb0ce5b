import type { MemoryHolder } from './memory-budget.ts';
import type { Flushable } from './turn.ts';

/** What a client waits for before its next request can be sent. */
export interface SendGate {
  readonly closed: boolean;
  /** Nobody gets on here: what is queued must be taken first, or a server be reached. */
  readonly full: boolean;
  /** The client does not wait for it any more. */
  stopWaiting(client: ReplyReceiver): void;
}

/** Where replies come from, as those see it for whom it may have to stand still. */
export interface ReplySource extends SendGate {
  /**
   * Whether the reply that `client` gets next, to its request `slot`, or a part of it, is to come
   * from here.
   */
  owes(client: number, slot: number): boolean;
  /** Whether nobody else waits for it, nor will: it may stand still for as long as it likes. */
  isFor(client: number): boolean;
  /** The client that held it up has taken its bytes, or is gone. */
  resume(): void;
  /** Something went wrong with that. */
  onException(error: unknown): void;
}

/** Where a reply comes from that is nobody's any more. */
export interface SwallowingSource {
  /** More of that is still to come. */
  readonly swallows: boolean;
}

/** A reply that arrives in pieces. */
export interface ReplyStream {
  /** @param last the piece at [start, start + length) of the arena completes the reply */
  push(start: number, length: number, last: boolean): void;
  /** The rest will not come; `error` is a complete error reply. */
  fail(error: Buffer): void;
  /** Something went wrong with that. */
  onException(error: unknown): void;
}

/**
 * Whoever gets replies: a client, as the connections to servers see it. Each request that it is
 * named for in flight ends with exactly one of takeRecord(), takeTwo(), takeReply() and
 * endStream(), also when the client has gone meanwhile.
 */
export interface ReplyReceiver extends Flushable, MemoryHolder {
  readonly id: number;
  readonly closed: boolean;
  /** Where it connected from. */
  readonly address: string;
  /** What it calls itself, or an empty text. */
  readonly name: string;
  /** Bytes that it has ever taken. */
  readonly takenBytes: number;
  /** What has to take more, or be there, before the next request can be sent. */
  waitsFor: SendGate | null;
  /** Its later requests wait until all earlier ones are answered. */
  barrier(): void;
  /** Whether its request `slot`, and all before it, are answered: never once it is closed. */
  isAnswered(slot: number): boolean;
  /**
   * A whole reply stands in the arena; during a walk, with `record` the word index of its record.
   * @param series of the latencies, or NO_SERIES @param arrived the request, in microseconds
   */
  takeRecord(
    slot: number,
    record: number,
    start: number,
    length: number,
    series: number,
    arrived: number,
  ): void;
  /** As takeRecord(); two ranges of the arena make the reply, and are copied at once. */
  takeTwo(
    slot: number,
    start: number,
    length: number,
    tail: number,
    tailLength: number,
    series: number,
    arrived: number,
  ): void;
  /** A complete reply that ringway made in place of the server's. */
  takeReply(slot: number, reply: Buffer): void;
  /** The reply for `slot` comes in pieces. @param othersWait behind it, for the same connection */
  openStream(slot: number, othersWait: boolean): ReplyStream;
  /** The reply that came in pieces is complete, or will never be. */
  endStream(): void;
  /** It got replies, or pieces of one: written with this turn, or sooner when they are many. */
  tookReplies(): void;
  /** Whether a source must stand still until this client has taken more. */
  holdsUp(source: ReplySource): boolean;
  /** `source` stands still for this client, and is resumed by it. */
  blocks(source: ReplySource): void;
}

/** For whom a request was made, as far as others need to know. */
export interface ReplyClaim {
  readonly clientId: number;
  /** The place of the reply among those of its client. */
  readonly slot: number;
  /** Whether all that its client has asked before is answered. */
  readonly isNext: boolean;
  readonly clientAddress: string;
  readonly clientName: string;
  /** Bytes that are queued for the client and not handed to its socket. */
  readonly unsentBytes: number;
  /** Something was kept for the reply: much of it is counted at the end of this turn. */
  onKept(): void;
  /**
   * Something went wrong with a reply that was being given to it.
   * @param unsentBefore `unsentBytes` as it was then
   */
  onException(error: unknown, unsentBefore: number): void;
}
