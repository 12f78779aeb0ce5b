import {
  FLAG_LAST,
  MC_REPLY_ERROR,
  MC_REPLY_VALUES,
  NO_COMMAND,
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_LENGTH,
  RECORD_START,
  WHOLE,
} from '../../protocol/frame-table.ts';
import { itemEnds } from '../../protocol/memcache/items.ts';
import { END } from '../../protocol/memcache/replies.ts';
import { FORWARD_ERROR, REPLIES_TOO_LARGE } from '../../stats/counters.ts';
import type { NotedRequest } from '../backend/flight/noted-request.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { ClientPipeline } from '../client/client-pipeline.ts';
import type { StoredReply } from '../client/stored-reply.ts';
import { setItemTable, setPartTable, spliceItems, spliceParts } from '../engine/splice.ts';
import { KeptPart } from '../routing/kept-part.ts';
import { KeptRequest } from '../routing/kept-request.ts';
import { endParts, type NotedParts, notePart } from '../routing/noted-parts.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { INVALID, REPLY_TOO_LARGE } from './failure-reply.ts';

const RECORD_WORDS = RECORD_BYTES / 4;
const LF = 0x0a;

/** The reply to one server's line. */
class LineReply extends KeptPart implements ReplyTarget {
  readonly distrusts = false;
  readonly #whole: MultigetReply;
  readonly keys: number;
  /** The line that came, or comes, instead of END. */
  error: Buffer | null = null;
  failed = false;
  /** The ends of the items that are wanted of it stand in so many words from `ends` on. */
  items = 0;
  ends = 0;
  /** It has items whose ends are not known. */
  unknown = false;

  constructor(whole: MultigetReply, keys: number) {
    super();
    this.#whole = whole;
    this.keys = keys;
  }

  get claim(): Claim {
    return this.#whole.claim;
  }

  onReply(start: number, length: number, info: number, count: number, key: number): void {
    this.#whole.take(this, start, length, info, count, key);
  }

  onNoted(part: NotedRequest): void {
    this.#whole.noted = notePart(this.#whole.noted, part);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    this.giveBack(this.#whole.client);
    this.error = error;
    this.failed = true;
    this.#whole.complete();
  }

  override giveBack(client: ClientConnection): void {
    super.giveBack(client);
    this.items = 0;
    this.ends = 0;
    this.unknown = false;
  }
}

/** What becomes of the reply to a get that is not simply its request's. */
export interface ReplyUse {
  /** Of the request; not settled by the reply. */
  readonly claim: Claim;
  /** All lines are answered or lost. */
  onComplete(reply: MultigetReply): void;
  /** The request was not sent; `error` is an error line. */
  onRefused(error: Buffer): void;
  /** Some of it took long, for the slow log. */
  onNoted(part: NotedRequest): void;
}

/** Makes a get again whose reply could not be kept whole. */
export type ReadAgain = (
  client: ClientConnection,
  reply: MultigetReply,
  request: Buffer,
) => ReplyUse;

/** What becomes of the reply to a get of several keys. */
export interface ReplyPlan {
  /** Null = it goes to a slot of its own. */
  readonly use: ReplyUse | null;
  /** Null = it gets an error when it is too large. */
  readonly readAgain: ReadAgain | null;
}

/**
 * The VALUE items of several servers on their way to become one reply. As in nutcracker, each key
 * in turn takes the next item of its server, whichever key that is for; END comes once. When a
 * server fails its error line takes the place of END, behind the items of the others.
 */
export class MultigetReply implements StoredReply {
  readonly client: ClientConnection;
  readonly #order: readonly number[];
  readonly claim: Claim;
  readonly #parts: LineReply[] = [];
  /** Of the parts that took long, for the slow log. */
  noted: NotedParts | null = null;
  #left: number;
  /** Who takes it, instead of the request's slot. */
  #use: ReplyUse | null;
  readonly #readAgain: ReadAgain | null;
  /** What is needed for that. */
  readonly #request: KeptRequest = new KeptRequest();
  /** Bytes that are kept on the heap. */
  #heapBytes = 0;
  /** Its bytes were too many: they are counted only. */
  tooLarge = false;
  /** Bytes of all parts. */
  receivedBytes = 0;

  /** @param order line of each key, in request order */
  constructor(
    request: SpecialRequest,
    order: readonly number[],
    parts: number,
    { use, readAgain }: ReplyPlan,
  ) {
    const { client } = request;
    this.client = client;
    this.#order = order;
    this.#left = parts;
    this.#use = use;
    this.#readAgain = readAgain;
    if (readAgain !== null) this.#request.keep(request);
    this.claim = use === null ? client.claims.claim() : use.claim;
    // What it is expected to have may be too much: nothing is asked behind it.
    const most = client.pool.config.clientOutputLimit >> 2;
    if (readAgain !== null && order.length * client.elementBytes > most) client.barrier();
  }

  part(index: number, keys: number): ReplyTarget {
    const part = new LineReply(this, keys);
    this.#parts[index] = part;
    return part;
  }

  /** Takes one piece of a server's reply. */
  take(
    part: LineReply,
    start: number,
    length: number,
    info: number,
    count: number,
    ends: number,
  ): void {
    const last = (info & FLAG_LAST) !== 0;
    this.receivedBytes += length;
    if (!this.claim.closed && part.error === null && !this.tooLarge) {
      const whole = (info & WHOLE) === WHOLE;
      if (!whole || !this.#stash(part, start, length, count, ends)) {
        this.#keep(part, start, length);
      }
      if (last) this.#judge(part, start, length, info & NO_COMMAND);
    }
    if (last) this.complete();
  }

  /** Finds the error that a complete reply is or ends with. */
  #judge(part: LineReply, start: number, length: number, kind: number): void {
    if (kind === MC_REPLY_VALUES || part.error !== null) return;
    if (kind >= MC_REPLY_ERROR) {
      const { memory } = this.client.pool.engine;
      const lastLine = memory.lastIndexOf(LF, start + length - 2) + 1;
      part.error = Buffer.from(memory.subarray(Math.max(start, lastLine), start + length));
    } else {
      part.giveBack(this.client);
      part.error = INVALID;
    }
  }

  /** Keeps a whole reply in the stash, the ends of its items behind it. @returns whether it fits */
  #stash(part: LineReply, start: number, length: number, count: number, ends: number): boolean {
    const { words } = this.client.pool.engine;
    const items = ends === 0 ? 0 : Math.min(count, part.keys);
    const at = part.putIntoStash(this.client, start, length, length + 3 + items * 4);
    if (at === 0) return false;
    part.unknown = ends === 0 && count !== 0;
    part.ends = (at + length + 3) & ~3;
    part.items = items;
    const from = ends / 4;
    const to = part.ends / 4;
    for (let i = 0; i < items; i++) words[to + i] = words[from + i] - start + at;
    return true;
  }

  #keep(part: LineReply, start: number, length: number): void {
    const { client } = this;
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

  /** A line is answered or lost; the last one makes the reply. */
  complete(): void {
    if (--this.#left !== 0) return;
    const client = this.client;
    if (this.#use === null || this.#heapBytes !== 0) client.pipeline.release(this, 0);
    if (this.#readAgain !== null && !this.claim.closed) {
      const bytes = this.receivedBytes / this.#order.length;
      // Large ones are not forgotten at once.
      const before = client.elementBytes === Infinity ? 0 : client.elementBytes;
      client.elementBytes = Math.max(bytes, before * 0.9);
    }
    if (this.tooLarge && this.#use === null) this.#beginAgain();
    this.#request.drop(this.client);
    if (this.noted !== null) {
      if (this.#use === null) endParts(client.pool, this.noted);
      else this.noted.give(this.#use);
    }
    if (this.#use !== null) this.#use.onComplete(this);
    else this.claim.store(this);
  }

  #beginAgain(): void {
    if (this.#readAgain === null || this.claim.closed) return;
    this.#use = this.#readAgain(this.client, this, this.#request.take(this.client));
  }

  /**
   * Queues the items, without what stands behind them.
   * @returns the error line that stands there; null = END
   */
  writeItems(pipeline: ClientPipeline): Buffer | null {
    const { config, counters } = this.client.pool;
    if (this.#parts.some((part) => part.failed)) counters[FORWARD_ERROR]++;
    const bad = this.#parts.find((part) => part.error !== null);
    if (bad === undefined || config.multigetFailure === 'hits') this.#writeItems(pipeline);
    this.drop();
    return bad?.error ?? null;
  }

  writeTo(pipeline: ClientPipeline): boolean {
    pipeline.out.copy(this.writeItems(pipeline) ?? END);
    return true;
  }

  #writeItems(pipeline: ClientPipeline): void {
    const inArena = this.#parts.every((part) => !part.onHeap);
    if (!inArena || this.#order.length > PART_TABLE_RECORDS) this.#spliceOnHeap(pipeline);
    else if (!this.#spliceByEnds(pipeline)) this.#spliceInArena(pipeline);
  }

  /** Copies the items in the order of the keys. @returns false when their ends are not known */
  #spliceByEnds(pipeline: ClientPipeline): boolean {
    const { engine } = this.client.pool;
    const { words } = engine;
    const parts = this.#parts;
    let bytes = 0;
    for (let i = 0; i < parts.length; i++) {
      const { stash, items, ends, unknown } = parts[i];
      if (unknown) return false;
      const last = ends + items * 4;
      setItemTable(words, i, stash, ends, last);
      if (items !== 0) bytes += words[last / 4 - 1] - stash;
    }
    if (bytes === 0) return true; // only misses
    return spliceItems(pipeline.out, engine, this.#order, bytes);
  }

  /** Splits the parts into one table and copies their items in the order of the keys. */
  #spliceInArena(pipeline: ClientPipeline): void {
    const { words, codec } = this.client.pool.engine;
    const parts = this.#parts;
    this.client.pool.engine.takePartTable();
    let base = PART_TABLE;
    let bytes = 0;
    for (let i = 0; i < parts.length; i++) {
      const { stash, length, keys } = parts[i];
      const items = length === 0 ? 0 : codec.splitMemcacheValues(stash, stash + length, base, keys);
      const end = base + items * RECORD_BYTES;
      setPartTable(words, i, base, end);
      base = end;
      if (items === 0) continue;
      const last = end / 4 - RECORD_WORDS;
      bytes += words[last + RECORD_START] + words[last + RECORD_LENGTH] - stash;
    }
    spliceParts(pipeline.out, this.client.pool.engine, this.#order, base, bytes);
  }

  #spliceOnHeap(pipeline: ClientPipeline): void {
    const sources = this.#parts.map((part) => part.contents(this.client));
    const ends = sources.map(itemEnds);
    const next = new Uint32Array(sources.length);
    for (const line of this.#order) {
      const at = next[line];
      if (at + 1 >= ends[line].length) continue;
      next[line] = at + 1;
      pipeline.out.append(sources[line].subarray(ends[line][at], ends[line][at + 1]));
    }
  }

  drop(): void {
    for (const part of this.#parts) part.giveBack(this.client);
  }
}
