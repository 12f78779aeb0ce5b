import { PIECE_BYTES } from '../../../limits.ts';
import { LOG_NOTICE } from '../../../log.ts';
import type { CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { FORWARD_ERROR, READS_IN_PIECES } from '../../../stats/counters.ts';
import { HEAD_BYTES } from '../../backend/flight/request-heads.ts';
import type { SlowRequest } from '../../backend/flight/slow-request.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MAY_WAIT } from '../../client/router.ts';
import type { Detour } from '../../client/session/detour.ts';
import type { Kept } from '../../client/stored-reply.ts';
import { logSlowest, slowerPart } from '../../routing/slowest-part.ts';
import type { CoalescedReply, ReadAgain, ReplyUse } from './coalesced-reply.ts';
import { sendFragments } from './fragmented-request.ts';
import { SingleValue } from './single-value.ts';

const CR = 0x0d;
/** The request's bytes go with this object. */
const NOTHING_MORE: Kept = { drop() {} };

/**
 * MGET over several servers, with more in its reply than a client may have waiting. It is made
 * again as one MGET after the other, of as many keys as have about PIECE_BYTES, each when the
 * client has taken the one before. Nothing else of the client is sent meanwhile.
 */
class PiecewiseRead implements ReplyUse, Detour {
  readonly endsWithClient = false;
  readonly blocked = false;
  readonly claim: Claim;
  readonly #client: ClientConnection;
  readonly #request: Buffer;
  readonly #spec: CommandSpec;
  readonly #name: Buffer;
  /** Keys in all, and where they begin in the request. */
  readonly #keys: number;
  #left: number;
  #at: number;
  /** Keys of the next piece, and those of the one that is under way. */
  #most = 1;
  #asked = 0;
  /** Where the next piece begins, when this one is good. */
  #next = 0;
  #first: CoalescedReply | null;
  #begun = false;
  /** Of all its pieces, for the slow log. */
  #slowest: SlowRequest | null = null;

  /** @param first the reply that was too large, of which nothing is kept */
  constructor(client: ClientConnection, first: CoalescedReply, request: Buffer, spec: CommandSpec) {
    this.#client = client;
    this.#first = first;
    this.#request = request;
    this.#spec = spec;
    this.claim = first.claim;
    const headEnd = request.indexOf(CR);
    this.#keys = Number(request.toString('latin1', 1, headEnd)) - 1;
    this.#left = this.#keys;
    this.#name = request.subarray(headEnd + 2, this.#wordEnd(headEnd + 2));
    this.#at = headEnd + 2 + this.#name.length;
    this.claim.keep(NOTHING_MORE, request.length);
    client.pool.counters[READS_IN_PIECES]++;
    client.barrier();
    client.session.detour = this;
  }

  /** @returns the offset behind the word at `start` */
  #wordEnd(start: number): number {
    const lineEnd = this.#request.indexOf(CR, start);
    return lineEnd + 4 + Number(this.#request.toString('latin1', start + 1, lineEnd));
  }

  onComplete(reply: CoalescedReply): void {
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
  #begin(reply: CoalescedReply): void {
    const { error } = reply;
    this.#first = null;
    if (error !== null) this.#fail(error);
    else this.#most = Math.ceil((this.#keys * PIECE_BYTES) / reply.receivedBytes);
  }

  #take(reply: CoalescedReply): void {
    const { pipeline } = this.#client;
    const { error } = reply;
    if (error !== null) {
      this.#fail(error);
      return;
    }
    this.writeHead();
    if (!reply.writeElements(pipeline)) {
      this.elementLost();
      return;
    }
    this.#most = Math.min(this.#keys, this.#most + (this.#most >> 1) + 1);
    this.pieceDone();
  }

  /** In front of the first element. */
  writeHead(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.claim.beginParts();
    this.#client.pipeline.out.copy(Buffer.from(`*${this.#keys}\r\n`));
  }

  /** The elements of the piece that was asked for are queued. */
  pieceDone(): void {
    this.#left -= this.#asked;
    this.#at = this.#next;
    this.#asked = 0;
    if (this.#left > 0) {
      this.#client.onAnswered();
      return;
    }
    this.#end();
    this.#client.pipeline.completeHead();
    this.claim.forget();
    this.#client.onAnswered();
  }

  /** An error stands for the whole reply, or there is none any more. */
  #fail(error: Buffer): void {
    this.#client.pool.counters[FORWARD_ERROR]++;
    if (this.#begun) {
      this.elementLost();
      return;
    }
    this.#end();
    this.claim.deliver(error);
  }

  elementFailed(error: Buffer): void {
    if (!this.#client.pool.config.perKeyFailure) {
      this.#fail(error);
      return;
    }
    this.writeHead();
    this.#client.pipeline.out.copy(error);
    this.pieceDone();
  }

  /** Some elements are with the client, and the next cannot be had. */
  elementLost(): void {
    this.#client.destroy('its server failed in the middle of a large reply', LOG_NOTICE);
  }

  onSlow(part: SlowRequest): void {
    this.#slowest = slowerPart(this.#slowest, part);
  }

  /** A piece is not even sent. */
  onRefused(error: Buffer): void {
    this.#fail(error);
    if (this.claim.closed) this.claim.forget();
  }

  #end(): void {
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
    const { claim } = this;
    if (this.#first !== null || this.#asked > 0 || !claim.isNext) return;
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
    const words = this.#request.subarray(this.#at, this.#next);
    const bytes = Buffer.concat([Buffer.from(`*${keys + 1}\r\n`), this.#name, words]);
    const start = client.pool.engine.placeAssembled(bytes);
    const request = { client, start, length: bytes.length, intent: MAY_WAIT };
    if (keys > 1) return sendFragments(request, this.#spec, null, this);
    return new SingleValue(client, this).send(request, bytes);
  }

  reroute(): void {}

  drop(): void {
    this.#end();
    if (this.#asked === 0 && this.#first === null) this.claim.forget();
  }
}

/** Makes an MGET again, in pieces. */
export const readInPieces: ReadAgain = (client, reply, request, spec) => {
  return new PiecewiseRead(client, reply, request, spec);
};
