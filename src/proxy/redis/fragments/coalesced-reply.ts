import { SPARE_REPLIES, SPARE_REPLY_PARTS } from '../../../limits.ts';
import { FLAG_LAST, WHOLE } from '../../../protocol/frame-table.ts';
import { readSmallInteger } from '../../../protocol/redis/replies/integers.ts';
import { OK, REPLY_TOO_LARGE } from '../../../protocol/redis/replies/replies.ts';
import { errorOf, withoutAttributes } from '../../../protocol/redis/replies/reply-parts.ts';
import type { CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { FORWARD_ERROR, REPLIES_TOO_LARGE } from '../../../stats/counters.ts';
import type { NotedRequest } from '../../backend/flight/noted-request.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { ClientPipeline } from '../../client/client-pipeline.ts';
import type { StoredReply } from '../../client/stored-reply.ts';
import { digitsOf, writeDecimal } from '../../engine/short-text.ts';
import { KeptRequest } from '../../routing/kept-request.ts';
import { endParts, type NotedParts } from '../../routing/noted-parts.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import { FragmentReply, type WholeReply } from './fragment-reply.ts';
import { KeptOrder } from './kept-order.ts';
import { Spares } from './spare-replies.ts';
import { type ArrayParts, writeArray } from './spliced-array.ts';

const ARRAY = 0x2a; // '*'
const STATUS = 0x2b; // '+'
const CR = 0x0d;
const LF = 0x0a;
const ERROR = 0x2d; // '-'
const INTEGER = 0x3a; // ':'
const BULK_ERROR = 0x21; // '!'

/** What becomes of a coalesced reply that is not simply its request's. */
export interface ReplyUse {
  /** Of the request; not settled by the reply. */
  readonly claim: Claim;
  /** All fragments are answered or lost. */
  onComplete(reply: CoalescedReply): void;
  /** The request was not sent; `error` is a complete error reply. */
  onRefused(error: Buffer): void;
  /** Some of it took long, for the slow log. */
  onNoted(part: NotedRequest): void;
}

/** Makes a request again whose reply could not be kept whole. */
export type ReadAgain = (
  client: ClientConnection,
  reply: CoalescedReply,
  request: Buffer,
  spec: CommandSpec,
) => ReplyUse;

const SPARES = new Spares(() => new CoalescedReply(), SPARE_REPLIES);

/**
 * The replies to a request's fragments on their way to become one. Most requests take one that
 * another is done with: none of what is needed for them is made anew.
 */
export class CoalescedReply implements StoredReply, WholeReply, ArrayParts {
  /** Those of whoever is asking at the moment; null = nobody is. */
  #client: ClientConnection | null = null;
  #spec: CommandSpec | null = null;
  #claim: Claim | null = null;
  /** Used for one request after the other. */
  #ownClaim: Claim | null = null;
  readonly order: KeptOrder = new KeptOrder();
  keys = 0;
  readonly parts: FragmentReply[] = [];
  count = 0;
  #left = 0;
  /** Bytes of this reply that are kept on the heap. */
  #heapBytes = 0;
  /** Who takes it, instead of the request's slot. */
  #use: ReplyUse | null = null;
  /** Null = it gets an error when it is too large. */
  #readAgain: ReadAgain | null = null;
  /** What is needed for that. */
  readonly #request: KeptRequest = new KeptRequest();
  /** It is in its client's hands, and done with when that is dropped. */
  #stored = false;
  /** Its bytes were too many: they are counted only. */
  tooLarge = false;
  /** Of the parts that took long, for the slow log. */
  noted: NotedParts | null = null;
  /** Bytes of all parts. */
  receivedBytes = 0;

  /**
   * The reply to a request that is about to be sent.
   * @param count its fragments @param order fragment of each key; null = where the codec put it
   * @param use null = it goes to a slot of its own
   */
  static of(
    request: SpecialRequest,
    spec: CommandSpec,
    keys: number,
    count: number,
    order: readonly number[] | null,
    readAgain: ReadAgain | null,
    use: ReplyUse | null,
  ): CoalescedReply {
    const { client } = request;
    const reply = SPARES.take(client.pool.engine.chunk);
    reply.#begin(client, spec, keys, count);
    reply.#use = use;
    reply.#readAgain = readAgain;
    if (spec.coalesce === 'array') reply.order.keep(client, keys, order);
    if (readAgain !== null) reply.#request.keep(request);
    if (use === null) reply.#open(client);
    else reply.#claim = use.claim;
    // What it is expected to have may be too much: nothing is asked behind it.
    const most = client.pool.config.clientOutputLimit >> 2;
    if (readAgain !== null && keys * client.elementBytes > most) client.barrier();
    return reply;
  }

  #begin(client: ClientConnection, spec: CommandSpec, keys: number, count: number): void {
    this.#client = client;
    this.#spec = spec;
    this.keys = keys;
    this.count = count;
    this.#left = count;
    this.#heapBytes = 0;
    this.#stored = false;
    this.tooLarge = false;
    this.receivedBytes = 0;
  }

  #open({ claims }: ClientConnection): void {
    if (this.#ownClaim === null) this.#ownClaim = claims.claim();
    else claims.claimWith(this.#ownClaim);
    this.#claim = this.#ownClaim;
  }

  get client(): ClientConnection {
    return this.#client as ClientConnection;
  }

  get claim(): Claim {
    return this.#claim as Claim;
  }

  get withHead(): boolean {
    return this.#use === null;
  }

  part(index: number, keys: number): ReplyTarget {
    if (index === this.parts.length) this.parts.push(new FragmentReply(this));
    const part = this.parts[index];
    part.begin(keys);
    return part;
  }

  /** Takes one piece of a fragment's reply. */
  take(part: FragmentReply, start: number, length: number, info: number, count: number): void {
    const last = (info & FLAG_LAST) !== 0;
    this.receivedBytes += length;
    if (!this.claim.closed && part.error === null && !this.tooLarge) {
      const type = info & 0xff;
      if ((type === ERROR || type === BULK_ERROR) && (info & WHOLE) === WHOLE) {
        part.error = errorOf(withoutAttributes(this.client.pool.engine.copyOf(start, length)));
      }
      if (part.error === null && !this.#fits(part, info, count, start, length))
        part.error = INVALID;
    }
    if (last) this.complete();
  }

  /** Keeps what a good reply says. @returns false when it is not what the command answers */
  #fits(part: FragmentReply, info: number, count: number, start: number, length: number): boolean {
    const type = info & 0xff;
    switch (this.#spec?.coalesce) {
      case 'sum':
        if (type !== INTEGER || (info & WHOLE) !== WHOLE) return false;
        part.value = this.#integer(start, length);
        return part.value >= 0 && part.value <= part.keys;
      case 'ok':
        return type === STATUS && (info & WHOLE) === WHOLE;
      default:
        if (type !== ARRAY || count !== part.keys) return false;
        this.#keep(part, start, length, (info & WHOLE) === WHOLE);
        return true;
    }
  }

  #integer(start: number, length: number): number {
    const { engine } = this.client.pool;
    const { bytes } = engine;
    if (bytes[start] === INTEGER) return readSmallInteger(bytes, start + 1, start + length - 2);
    const body = withoutAttributes(engine.copyOf(start, length));
    return readSmallInteger(body, 1, body.length - 2);
  }

  /** A reply that comes in pieces is kept on the heap: the stash holds whole ones. */
  #keep(part: FragmentReply, start: number, length: number, whole: boolean): void {
    const { client } = this;
    if (whole && part.putIntoStash(client, start, length, length) !== 0) return;
    const { clientOutputLimit } = client.pool.config;
    this.#heapBytes += length;
    if (this.#heapBytes > clientOutputLimit >> 1 && (this.#use !== null || this.#mayReadAgain)) {
      this.tooLarge = true;
      this.drop();
      if (this.#use === null) client.barrier();
    } else if (this.#heapBytes <= clientOutputLimit) {
      part.addPiece(client, this, start, length);
    } else {
      part.giveBack(client);
      client.pool.counters[REPLIES_TOO_LARGE]++;
      part.error = REPLY_TOO_LARGE;
    }
  }

  /** Nothing was asked behind it that it would see, nor will be before it is answered. */
  get #mayReadAgain(): boolean {
    if (this.#readAgain === null || this.claim.unheard || !this.claim.isNewest) return false;
    return this.client.session.detour === null;
  }

  /** A fragment is answered or lost; the last one makes the reply. */
  complete(): void {
    if (--this.#left !== 0) return;
    const { client, claim } = this;
    if (this.#heapBytes !== 0) client.pipeline.release(this, 0);
    if (this.#readAgain !== null && !claim.closed) {
      const bytes = this.receivedBytes / this.keys;
      // Large ones are not forgotten at once.
      const before = client.elementBytes === Infinity ? 0 : client.elementBytes;
      client.elementBytes = Math.max(bytes, before * 0.9);
    }
    if (this.tooLarge && this.#use === null) this.#beginAgain();
    this.#request.drop(client);
    const { noted } = this;
    this.noted = null;
    if (noted !== null) {
      if (this.#use === null) endParts(client.pool, noted);
      else noted.give(this.#use);
    }
    if (this.#use !== null) {
      this.#use.onComplete(this);
      return;
    }
    this.#stored = true;
    claim.store(this);
  }

  #beginAgain(): void {
    const { client } = this;
    if (this.#readAgain === null || this.claim.closed) return;
    const spec = this.#spec as CommandSpec;
    this.#use = this.#readAgain(client, this, this.#request.take(client), spec);
  }

  /** Queues the elements without a head. @returns false when they are not what was asked for */
  writeElements(pipeline: ClientPipeline): boolean {
    const good = writeArray(this, pipeline);
    this.drop();
    return good;
  }

  /** The error that stands for the whole reply; null when there is none. */
  get error(): Buffer | null {
    return this.#perKey ? null : (this.#bad?.error ?? null);
  }

  /** The first fragment that got an error. */
  get #bad(): FragmentReply | null {
    for (let i = 0; i < this.count; i++) if (this.parts[i].error !== null) return this.parts[i];
    return null;
  }

  writeTo(pipeline: ClientPipeline): boolean {
    const bad = this.#bad;
    if (bad?.failed) this.client.pool.counters[FORWARD_ERROR]++;
    if (bad !== null && !this.#perKey) pipeline.out.copy(bad.error as Buffer);
    else if (this.#spec?.coalesce === 'sum') this.#writeSum(pipeline);
    else if (this.#spec?.coalesce === 'ok') pipeline.out.copy(OK);
    else if (!writeArray(this, pipeline)) pipeline.out.copy(INVALID);
    this.drop();
    return true;
  }

  #writeSum({ out }: ClientPipeline): void {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.parts[i].value;
    const at = out.reserve(digitsOf(sum) + 3);
    if (at === 0) {
      out.append(Buffer.from(`:${sum}\r\n`));
      return;
    }
    const { bytes } = this.client.pool.engine;
    bytes[at] = INTEGER;
    const end = writeDecimal(bytes, at + 1, sum);
    bytes[end] = CR;
    bytes[end + 1] = LF;
  }

  /** Errors stand in the places of their keys. */
  get #perKey(): boolean {
    return this.#spec?.coalesce === 'array' && this.client.pool.config.perKeyFailure;
  }

  /** Nothing is kept any more. */
  drop(): void {
    const { client } = this;
    for (let i = 0; i < this.count; i++) this.parts[i]?.giveBack(client);
    this.order.giveBack(client);
    if (!this.#stored) return;
    this.#stored = false;
    if (this.parts.length <= SPARE_REPLY_PARTS) SPARES.give(this, client.pool.engine.chunk);
  }

  clear(): void {
    this.#ownClaim?.clear();
    this.#client = null;
    this.#use = null;
    this.#readAgain = null;
    for (const part of this.parts) part.error = null;
  }
}
