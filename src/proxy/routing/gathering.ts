import { FLAG_LAST } from '../../protocol/frame-table.ts';
import { FORWARD_ERROR, REPLIES_TOO_LARGE } from '../../stats/counters.ts';
import type { NotedRequest } from '../backend/flight/noted-request.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Kept } from '../client/stored-reply.ts';
import type { Server } from '../pool/server.ts';
import { endParts, type NotedParts, notePart } from './noted-parts.ts';

/** What one of several servers says to a request. */
export class GatheredReply implements ReplyTarget {
  readonly distrusts = false;
  readonly server: Server;
  /** Of the request's keys in a cluster; null = its words tell it. */
  slot: number | null = null;
  readonly #all: Gathering;
  #pieces: Buffer[] = [];
  /** An error in its place, from a lost connection or of ringway's own. */
  failure: Buffer | null = null;
  /** INFO of the record of its last piece. */
  info = 0;
  /** The connection was lost before it came, or there was none. */
  lost = false;

  constructor(server: Server, all: Gathering) {
    this.server = server;
    this.#all = all;
  }

  get claim(): Claim {
    return this.#all.claim;
  }

  /** All of it, as it came, or the error in its place. */
  get bytes(): Buffer {
    return this.failure ?? Buffer.concat(this.#pieces);
  }

  onReply(start: number, length: number, info: number): void {
    const piece = this.failure === null ? this.#all.keep(start, length) : null;
    if (piece === null) this.#fail(this.#all.tooLarge);
    else this.#pieces.push(piece);
    if ((info & FLAG_LAST) === 0) return;
    this.info = info;
    this.#all.complete();
  }

  #fail(error: Buffer): void {
    this.failure = error;
    this.#pieces = [];
  }

  onNoted(part: NotedRequest): void {
    this.#all.noted = notePart(this.#all.noted, part);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    this.#fail(error);
    this.lost = true;
    this.#all.complete();
  }

  /** Nobody hears it. */
  drop(): void {
    this.#pieces = [];
  }
}

/**
 * Keeps what several servers say to one request, as far as the client's output limit lets it, until
 * all have said it or are lost. Whoever asks them says when all are asked: there may be none.
 */
export class Gathering implements Kept {
  readonly claim: Claim;
  readonly replies: readonly GatheredReply[];
  /** What stands for a reply that must not be kept. */
  readonly tooLarge: Buffer;
  readonly #client: ClientConnection;
  readonly #done: (replies: readonly GatheredReply[]) => void;
  readonly #most: number;
  noted: NotedParts | null = null;
  #left: number;
  #bytes = 0;

  /**
   * @param claim of the client's request; not settled here, unless the client goes
   * @param done not called when the client has gone
   * @param most bytes that are kept
   */
  constructor(
    client: ClientConnection,
    claim: Claim,
    servers: readonly Server[],
    tooLarge: Buffer,
    done: (replies: readonly GatheredReply[]) => void,
    most: number = client.pool.config.clientOutputLimit,
  ) {
    this.#client = client;
    this.claim = claim;
    this.replies = servers.map((server) => new GatheredReply(server, this));
    this.tooLarge = tooLarge;
    this.#left = servers.length + 1;
    this.#done = done;
    this.#most = most;
  }

  /** @returns a copy, null when no more may be kept; nothing is kept for a client that is gone */
  keep(start: number, length: number): Buffer | null {
    const { pool, pipeline } = this.#client;
    if (this.claim.closed) return null;
    if (this.#bytes + length > this.#most) {
      if (this.#most === pool.config.clientOutputLimit) pool.counters[REPLIES_TOO_LARGE]++;
      return null;
    }
    this.#bytes += length;
    pipeline.keep(this, length);
    return pool.engine.copyOf(start, length);
  }

  /** The client is gone: a server may owe its reply for ever. */
  drop(): void {
    for (const reply of this.replies) reply.drop();
  }

  /** No more of them are asked. */
  asked(): void {
    this.complete();
  }

  /** A reply is there, or lost. */
  complete(): void {
    if (--this.#left > 0) return;
    const client = this.#client;
    if (this.noted !== null) endParts(client.pool, this.noted);
    client.pipeline.release(this, this.#bytes);
    if (this.claim.closed) {
      this.claim.forget();
      return;
    }
    if (this.replies.some(({ lost }) => lost)) client.pool.counters[FORWARD_ERROR]++;
    this.#done(this.replies);
  }
}
