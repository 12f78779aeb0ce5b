import { PIECE_BYTES, REQUEST_HEAD_BYTES } from '../../limits.ts';
import { LOG_NOTICE } from '../../log.ts';
import { READS_IN_PIECES } from '../../stats/counters.ts';
import type { NotedRequest } from '../backend/flight/noted-request.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { MAY_WAIT } from '../client/router.ts';
import type { Detour } from '../client/session/detour.ts';
import { NOTHING_MORE } from '../client/stored-reply.ts';
import { endParts, type NotedParts, notePart } from './noted-parts.ts';
import type { SpecialRequest } from './request.ts';

/** What several servers have answered together. */
export interface JoinedReply {
  readonly claim: Claim;
  /** It has more than a client may have waiting: nothing of it was kept. */
  readonly tooLarge: boolean;
  readonly receivedBytes: number;
}

/** A request whose elements, or items, are asked for one at a time where one alone is large. */
export interface PieceTaker {
  readonly claim: Claim;
  /** It took long, for the slow log. */
  onNoted(part: NotedRequest): void;
  /** In front of the first element. */
  begin(): void;
  /** The element is queued, or there is none. */
  pieceDone(): void;
  /** The element cannot be had; `error` is a complete reply, or a line of one. */
  elementFailed(error: Buffer): void;
  /** Some of the element is with the client, and the rest cannot be had. */
  elementLost(): void;
}

/**
 * A read of several keys with more in its reply than a client may have waiting. It is made again as
 * one read after the other, of as many keys as have about PIECE_BYTES, each when the client has
 * taken the one before. Nothing else of the client is sent meanwhile.
 */
export abstract class PiecewiseReply<Reply extends JoinedReply> implements PieceTaker, Detour {
  readonly blocked = false;
  readonly claim: Claim;
  protected readonly client: ClientConnection;
  protected readonly request: Buffer;
  /** Whether the client has some of the reply, or is about to. */
  protected begun = false;
  protected keys = 0;
  #left = 0;
  /** Where the keys begin that were not asked for yet. */
  #at = 0;
  /** Keys of the next piece, and those of the one that is under way. */
  #most = 1;
  #asked = 0;
  /** Where the next piece begins, when this one is good. */
  #next = 0;
  #first: Reply | null;
  /** Of all its pieces, for the slow log. */
  #noted: NotedParts | null = null;

  /** @param first the reply that was too large, of which nothing is kept */
  constructor(client: ClientConnection, first: Reply, request: Buffer) {
    this.client = client;
    this.#first = first;
    this.request = request;
    this.claim = first.claim;
    this.claim.keep(NOTHING_MORE, request.length);
    client.pool.counters[READS_IN_PIECES]++;
    client.barrier();
    client.session.detour = this;
  }

  /** @param at where the first key begins */
  protected setKeys(count: number, at: number): void {
    this.keys = count;
    this.#left = count;
    this.#at = at;
  }

  /** @returns the offset behind the key at `start` */
  protected abstract keyEnd(start: number): number;
  /** What stands in front of the first element, and behind the last. */
  protected abstract readonly head: Buffer | null;
  protected abstract readonly tail: Buffer | null;
  /** Why the reply that was too large is none at all; null when it was only that. */
  protected abstract errorOf(first: Reply): Buffer | null;
  /** Queues the elements of a piece. @returns false when they have failed, and all is over */
  protected abstract write(piece: Reply): boolean;
  /** An error stands for what has not been answered, or for all. */
  protected abstract fail(error: Buffer): void;
  /**
   * Asks for a piece.
   * @param words its keys, as the client wrote them
   * @returns false when a server has to take more first, which then tells the client
   */
  protected abstract ask(keys: number, words: Buffer): boolean;
  abstract elementFailed(error: Buffer): void;
  abstract onRefused(error: Buffer): void;

  onComplete(reply: Reply): void {
    const { claim } = this;
    if (claim.closed) {
      claim.forget();
      return;
    }
    if (reply === this.#first) this.#start(reply);
    else if (reply.tooLarge) this.#most = Math.max(1, this.#asked >> 2);
    else this.#take(reply);
    this.#asked = 0;
    if (claim.closed) claim.forget();
    else this.client.onAnswered();
  }

  /** All parts of the reply that was too large are swallowed. */
  #start(first: Reply): void {
    const error = this.errorOf(first);
    this.#first = null;
    if (error !== null) this.fail(error);
    else this.#most = Math.ceil((this.keys * PIECE_BYTES) / first.receivedBytes);
  }

  #take(piece: Reply): void {
    if (!this.write(piece)) return;
    this.#most = Math.min(this.keys, this.#most + (this.#most >> 1) + 1);
    this.pieceDone();
  }

  begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.claim.beginParts();
    if (this.head !== null) this.client.pipeline.out.copy(this.head);
  }

  pieceDone(): void {
    this.#left -= this.#asked;
    this.#at = this.#next;
    this.#asked = 0;
    if (this.#left === 0) this.end(this.tail);
    this.client.onAnswered();
  }

  elementLost(): void {
    this.client.destroy('its server failed in the middle of a large reply', LOG_NOTICE);
  }

  onNoted(part: NotedRequest): void {
    this.#noted = notePart(this.#noted, part);
  }

  /** The reply ends with `last`. */
  protected end(last: Buffer | null): void {
    const { pipeline } = this.client;
    this.#asked = 0;
    this.leave();
    this.begin();
    if (last !== null) pipeline.out.copy(last);
    pipeline.completeHead();
    this.claim.forget();
  }

  /** Nothing more is asked for. */
  protected leave(): void {
    const { session, pool } = this.client;
    if (session.detour === this) session.detour = null;
    if (this.#noted === null) return;
    // One entry, by the keys of the client.
    endParts(pool, this.#noted, this.request.subarray(0, REQUEST_HEAD_BYTES));
    this.#noted = null;
  }

  /** Asks for the next piece, once it is this request's turn and its client takes the reply. */
  advance(): void {
    if (this.#first !== null || this.#asked > 0 || !this.claim.isNext) return;
    const { pipeline, pool } = this.client;
    if (pipeline.undeliveredBytes > Math.min(PIECE_BYTES, pool.config.clientOutputLimit >> 1))
      return;
    const keys = Math.min(this.#most, this.#left);
    this.#next = this.#at;
    for (let i = 0; i < keys; i++) this.#next = this.keyEnd(this.#next);
    this.#asked = keys;
    if (!this.ask(keys, this.request.subarray(this.#at, this.#next))) this.#asked = 0;
  }

  /** A request of the client made of these bytes. */
  protected requestOf(bytes: Buffer): SpecialRequest {
    const { client } = this;
    const start = client.pool.engine.placeAssembled(bytes);
    return { client, start, length: bytes.length, intent: MAY_WAIT };
  }

  reroute(): void {}

  endSoon(): void {}

  part(): void {}

  get rest(): null {
    return null;
  }

  get unheard(): boolean {
    return this.claim.unheard;
  }

  drop(): void {
    this.leave();
    if (this.#asked === 0 && this.#first === null) this.claim.forget();
  }
}
