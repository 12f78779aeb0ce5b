import { PIECE_BYTES } from '../../limits.ts';
import { LOG_NOTICE } from '../../log.ts';
import { MC_GET, MC_GETS } from '../../protocol/frame-table.ts';
import { END } from '../../protocol/memcache/replies.ts';
import { READS_IN_PIECES } from '../../stats/counters.ts';
import { HEAD_BYTES } from '../backend/flight/request-heads.ts';
import type { SlowRequest } from '../backend/flight/slow-request.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { MAY_WAIT } from '../client/router.ts';
import type { Detour } from '../client/session/detour.ts';
import type { Kept } from '../client/stored-reply.ts';
import { logSlowest, slowerPart } from '../routing/slowest-part.ts';
import { sendMultiget } from './multiget.ts';
import type { MultigetReply, ReplyPlan, ReplyUse } from './multiget-reply.ts';
import { type ItemTaker, SingleItem } from './single-item.ts';

const BLANK = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const LINE_END = Buffer.from(' \r\n');
/** The request's bytes go with this object. */
const NOTHING_MORE: Kept = { drop() {} };

/**
 * A get of several keys with more in its reply than a client may have waiting. It is made again as
 * one get after the other, of as many keys as have about PIECE_BYTES, each when the client has
 * taken the one before. A gat has given its items their time by then: they are only read. Nothing
 * else of the client is sent meanwhile.
 */
class PiecewiseGet implements ReplyUse, ItemTaker, Detour {
  readonly endsWithClient = false;
  readonly blocked = false;
  readonly claim: Claim;
  readonly #client: ClientConnection;
  readonly #request: Buffer;
  readonly #command: number;
  readonly #keys: number;
  #left: number;
  /** Where the keys begin that were not asked for yet. */
  #at: number;
  /** Keys of the next piece, and those of the one that is under way. */
  #most = 1;
  #asked = 0;
  /** Where the next piece begins, when this one is good. */
  #next = 0;
  #first: MultigetReply | null;
  #begun = false;
  /** Of all its pieces, for the slow log. */
  #slowest: SlowRequest | null = null;

  /** @param first the reply that was too large, of which nothing is kept */
  constructor(client: ClientConnection, first: MultigetReply, request: Buffer) {
    this.#client = client;
    this.#first = first;
    this.#request = request;
    this.claim = first.claim;
    const nameEnd = this.#wordEnd(0);
    const name = request.toString('latin1', 0, nameEnd).trim();
    this.#command = name.endsWith('s') ? MC_GETS : MC_GET;
    this.#at = name.startsWith('gat') ? this.#wordEnd(nameEnd) : nameEnd;
    let keys = 0;
    for (let at = this.#at; ; keys++) {
      const end = this.#wordEnd(at);
      if (end === at) break;
      at = end;
    }
    this.#keys = keys;
    this.#left = keys;
    this.claim.keep(NOTHING_MORE, request.length);
    client.pool.counters[READS_IN_PIECES]++;
    client.barrier();
    client.session.detour = this;
  }

  /** @returns the offset behind the next word from `start` on; `start` when there is none */
  #wordEnd(start: number): number {
    const request = this.#request;
    let at = start;
    while (request[at] === BLANK) at++;
    const word = at;
    while (at < request.length && !this.#endsWord(request[at])) at++;
    return at === word ? start : at;
  }

  #endsWord(byte: number): boolean {
    return byte === BLANK || byte === CR || byte === LF;
  }

  onComplete(reply: MultigetReply): void {
    const { claim } = this;
    if (claim.closed) {
      claim.forget();
      return;
    }
    if (reply === this.#first) this.#begin(reply);
    else if (reply.tooLarge) this.#most = Math.max(1, this.#asked >> 2);
    else this.#take(reply);
    this.#asked = 0;
    if (claim.closed) claim.forget();
    else this.#client.onAnswered();
  }

  /** All parts of the reply that was too large are swallowed. */
  #begin(reply: MultigetReply): void {
    this.#first = null;
    this.#most = Math.ceil((this.#keys * PIECE_BYTES) / reply.receivedBytes);
  }

  #take(reply: MultigetReply): void {
    this.begin();
    const error = reply.writeItems(this.#client.pipeline);
    if (error !== null) {
      this.itemFailed(error);
      return;
    }
    this.#most = Math.min(this.#keys, this.#most + (this.#most >> 1) + 1);
    this.pieceDone();
  }

  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.claim.beginParts();
  }

  pieceDone(): void {
    this.#left -= this.#asked;
    this.#at = this.#next;
    this.#asked = 0;
    if (this.#left === 0) this.#end(END);
    this.#client.onAnswered();
  }

  /** An error line stands in the place of END, behind the items that came. */
  itemFailed(error: Buffer): void {
    this.#asked = 0;
    this.#end(error);
    this.#client.onAnswered();
  }

  itemLost(): void {
    this.#client.destroy('its server failed in the middle of a large reply', LOG_NOTICE);
  }

  onSlow(part: SlowRequest): void {
    this.#slowest = slowerPart(this.#slowest, part);
  }

  /** A piece is not even sent. */
  onRefused(error: Buffer): void {
    this.itemFailed(error);
  }

  #end(line: Buffer): void {
    const { pipeline } = this.#client;
    this.#leave();
    this.begin();
    pipeline.out.copy(line);
    pipeline.completeHead();
    this.claim.forget();
  }

  #leave(): void {
    if (this.#client.session.detour === this) this.#client.session.detour = null;
    if (this.#slowest === null) return;
    // One entry, by the keys of the client.
    logSlowest(this.#client.pool, {
      ...this.#slowest,
      head: this.#request.subarray(0, HEAD_BYTES),
    });
    this.#slowest = null;
  }

  /** Asks for the next piece, once it is this request's turn and its client takes the reply. */
  advance(): void {
    if (this.#first !== null || this.#asked > 0 || !this.claim.isNext) return;
    const { pipeline, pool } = this.#client;
    if (pipeline.undeliveredBytes > Math.min(PIECE_BYTES, pool.config.clientOutputLimit >> 1))
      return;
    const keys = Math.min(this.#most, this.#left);
    this.#next = this.#at;
    for (let i = 0; i < keys; i++) this.#next = this.#wordEnd(this.#next);
    this.#asked = keys;
    if (!this.#ask(keys)) this.#asked = 0;
  }

  /** @returns false when a server has to take more first, which then tells the client */
  #ask(keys: number): boolean {
    const client = this.#client;
    const name = Buffer.from(this.#command === MC_GETS ? 'gets' : 'get');
    const bytes = Buffer.concat([name, this.#request.subarray(this.#at, this.#next), LINE_END]);
    const start = client.pool.engine.placeAssembled(bytes);
    const request = { client, start, length: bytes.length, intent: MAY_WAIT };
    if (keys === 1) return new SingleItem(client, this).send(request, bytes);
    return sendMultiget(request, this.#command, { use: this, readAgain: null });
  }

  reroute(): void {}

  drop(): void {
    this.#leave();
    if (this.#asked === 0 && this.#first === null) this.claim.forget();
  }
}

/** The plan for a get that is made again in pieces where its reply is too large. */
export const READ_IN_PIECES: ReplyPlan = {
  use: null,
  readAgain: (client, reply, request) => new PiecewiseGet(client, reply, request),
};
