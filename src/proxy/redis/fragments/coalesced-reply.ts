import {
  FLAG_LAST,
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_START,
  WHOLE,
} from '../../../protocol/frame-table.ts';
import { elementEnds } from '../../../protocol/redis/replies/elements.ts';
import { readSmallInteger } from '../../../protocol/redis/replies/integers.ts';
import { REPLY_TOO_LARGE } from '../../../protocol/redis/replies/replies.ts';
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
import { checkEnd, setPartTable, spliceParts } from '../../engine/splice.ts';
import type { Server } from '../../pool/server.ts';
import { KeptPart } from '../../routing/kept-part.ts';
import { KeptRequest } from '../../routing/kept-request.ts';
import { endParts, type NotedParts, notePart } from '../../routing/noted-parts.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import type { KeptOrder } from './kept-order.ts';

const ARRAY = 0x2a; // '*'
const STATUS = 0x2b; // '+'
const CR = 0x0d;
const LF = 0x0a;
const ERROR = 0x2d; // '-'
const INTEGER = 0x3a; // ':'
const BULK_ERROR = 0x21; // '!'

/** The reply to one fragment. */
class FragmentReply extends KeptPart implements ReplyTarget {
  readonly distrusts = false;
  readonly #whole: CoalescedReply;
  readonly keys: number;
  readonly server: Server;
  /** A complete error reply that this fragment got or caused. */
  error: Buffer | null = null;
  failed = false;
  value = 0;

  constructor(whole: CoalescedReply, keys: number, server: Server) {
    super();
    this.#whole = whole;
    this.keys = keys;
    this.server = server;
  }

  get claim(): Claim {
    return this.#whole.claim;
  }

  onReply(start: number, length: number, info: number, count: number): void {
    this.#whole.take(this, start, length, info, count);
  }

  onNoted(part: NotedRequest): void {
    this.#whole.noted = notePart(this.#whole.noted, part);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    this.error = error;
    this.failed = true;
    this.#whole.complete();
  }
}

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

/** What becomes of a coalesced reply. */
export interface ReplyPlan {
  /** Null = it goes to a slot of its own. */
  readonly use: ReplyUse | null;
  /** Null = it gets an error when it is too large. */
  readonly readAgain: ReadAgain | null;
}

/** The replies to a request's fragments on their way to become one. */
export class CoalescedReply implements StoredReply {
  readonly #client: ClientConnection;
  readonly #spec: CommandSpec;
  /** Fragment of each key, in request order. */
  readonly #order: KeptOrder | null;
  readonly #keys: number;
  readonly claim: Claim;
  readonly #parts: FragmentReply[] = [];
  #left: number;
  /** Bytes of this reply that are kept on the heap. */
  #heapBytes = 0;
  /** Who takes it, instead of the request's slot. */
  #use: ReplyUse | null;
  readonly #readAgain: ReadAgain | null;
  /** What is needed for that. */
  readonly #request: KeptRequest | null;
  /** Its bytes were too many: they are counted only. */
  tooLarge = false;
  /** Of the parts that took long, for the slow log. */
  noted: NotedParts | null = null;
  /** Bytes of all parts. */
  receivedBytes = 0;

  constructor(
    request: SpecialRequest,
    spec: CommandSpec,
    keys: number,
    order: KeptOrder | null,
    parts: number,
    { use, readAgain }: ReplyPlan,
  ) {
    const { client } = request;
    this.#client = client;
    this.#spec = spec;
    this.#keys = keys;
    this.#order = order;
    this.#left = parts;
    this.#use = use;
    this.#readAgain = readAgain;
    this.#request = readAgain === null ? null : new KeptRequest(request);
    this.claim = use === null ? client.claims.claim() : use.claim;
    // What it is expected to have may be too much: nothing is asked behind it.
    const most = client.pool.config.clientOutputLimit >> 2;
    if (readAgain !== null && keys * client.elementBytes > most) client.barrier();
  }

  part(index: number, keys: number, server: Server): ReplyTarget {
    const part = new FragmentReply(this, keys, server);
    this.#parts[index] = part;
    return part;
  }

  /** Takes one piece of a fragment's reply. */
  take(part: FragmentReply, start: number, length: number, info: number, count: number): void {
    const last = (info & FLAG_LAST) !== 0;
    this.receivedBytes += length;
    if (!this.claim.closed && part.error === null && !this.tooLarge) {
      const type = info & 0xff;
      if ((type === ERROR || type === BULK_ERROR) && (info & WHOLE) === WHOLE) {
        part.error = errorOf(withoutAttributes(this.#client.pool.engine.copyOf(start, length)));
      }
      if (part.error === null && !this.#fits(part, info, count, start, length))
        part.error = INVALID;
    }
    if (last) this.complete();
  }

  /** Keeps what a good reply says. @returns false when it is not what the command answers */
  #fits(part: FragmentReply, info: number, count: number, start: number, length: number): boolean {
    const type = info & 0xff;
    switch (this.#spec.coalesce) {
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
    const { bytes } = this.#client.pool.engine;
    if (bytes[start] === INTEGER) return readSmallInteger(bytes, start + 1, start + length - 2);
    const body = withoutAttributes(this.#client.pool.engine.copyOf(start, length));
    return readSmallInteger(body, 1, body.length - 2);
  }

  /** A reply that comes in pieces is kept on the heap: the stash holds whole ones. */
  #keep(part: FragmentReply, start: number, length: number, whole: boolean): void {
    const client = this.#client;
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
    return this.#client.session.detour === null;
  }

  /** A fragment is answered or lost; the last one makes the reply. */
  complete(): void {
    if (--this.#left > 0) return;
    if (this.#heapBytes !== 0) this.#client.pipeline.release(this, 0);
    if (this.#readAgain !== null && !this.claim.closed) {
      const client = this.#client;
      const bytes = this.receivedBytes / this.#keys;
      // Large ones are not forgotten at once.
      const before = client.elementBytes === Infinity ? 0 : client.elementBytes;
      client.elementBytes = Math.max(bytes, before * 0.9);
    }
    if (this.tooLarge && this.#use === null) this.#beginAgain();
    this.#request?.drop();
    if (this.noted !== null) {
      if (this.#use === null) endParts(this.#client.pool, this.noted);
      else this.noted.give(this.#use);
    }
    if (this.#use !== null) this.#use.onComplete(this);
    else this.claim.store(this);
  }

  #beginAgain(): void {
    if (this.#request === null || this.#readAgain === null || this.claim.closed) return;
    this.#use = this.#readAgain(this.#client, this, this.#request.take(), this.#spec);
  }

  /** Queues the elements without a head. @returns false when they are not what was asked for */
  writeElements(pipeline: ClientPipeline): boolean {
    const good = this.#writeArray(pipeline);
    this.drop();
    return good;
  }

  /** The error that stands for the whole reply; null when there is none. */
  get error(): Buffer | null {
    if (this.#perKey) return null;
    return this.#parts.find((part) => part.error !== null)?.error ?? null;
  }

  writeTo(pipeline: ClientPipeline): boolean {
    const bad = this.#parts.find((part) => part.error !== null);
    if (bad !== undefined && !this.#perKey) {
      if (bad.failed) this.#client.pool.counters[FORWARD_ERROR]++;
      pipeline.out.copy(bad.error as Buffer);
    } else if (this.#spec.coalesce === 'sum') {
      let sum = 0;
      for (const part of this.#parts) sum += part.value;
      pipeline.out.copy(Buffer.from(`:${sum}\r\n`));
    } else if (this.#spec.coalesce === 'ok') {
      pipeline.out.copy(Buffer.from('+OK\r\n'));
    } else {
      if (bad?.failed) this.#client.pool.counters[FORWARD_ERROR]++;
      if (!this.#writeArray(pipeline)) pipeline.out.copy(INVALID);
    }
    this.drop();
    return true;
  }

  /** Errors stand in the places of their keys. */
  get #perKey(): boolean {
    return this.#spec.coalesce === 'array' && this.#client.pool.config.perKeyFailure;
  }

  /** @returns false when a part does not have its elements */
  #writeArray(pipeline: ClientPipeline): boolean {
    const inArena = this.#parts.every((part) => part.stash !== 0);
    if (inArena && this.#spliceAtOnce(pipeline)) return true;
    if (inArena && this.#keys <= PART_TABLE_RECORDS) return this.#spliceInArena(pipeline);
    return this.#spliceOnHeap(pipeline);
  }

  #writeHeader({ out }: ClientPipeline): void {
    if (this.#use !== null) return;
    const count = this.#keys;
    const at = out.reserve(digitsOf(count) + 3);
    if (at === 0) {
      out.append(Buffer.from(`*${count}\r\n`));
      return;
    }
    writeHead(this.#client.pool.engine.bytes, at, count);
  }

  /** Copies the elements in one call. @returns false when it is not that simple */
  #spliceAtOnce(pipeline: ClientPipeline): boolean {
    const { engine } = this.#client.pool;
    const { words, bytes, codec, slabs } = engine;
    const order = this.#order?.address ?? 0;
    if (order === 0) return false;
    let length = 0;
    for (let i = 0; i < this.#parts.length; i++) {
      const { stash, length: whole } = this.#parts[i];
      if (bytes[stash] !== ARRAY) return false;
      let first = stash + 1;
      while (bytes[first - 1] !== LF) first++;
      setPartTable(words, i, first, stash + whole);
      length += stash + whole - first;
    }
    const head = this.#use === null ? digitsOf(this.#keys) + 3 : 0;
    const at = head + length <= slabs.largeBytes ? pipeline.out.reserve(head + length) : 0;
    if (at === 0) return false;
    if (head !== 0) writeHead(bytes, at, this.#keys);
    checkEnd(codec.spliceElements(order, this.#keys, at + head), at + head + length);
    return true;
  }

  /** Splits the parts into one table and copies its elements in request order. */
  #spliceInArena(pipeline: ClientPipeline): boolean {
    const { engine } = this.#client.pool;
    const { words, codec } = engine;
    engine.takePartTable();
    let base = PART_TABLE;
    let bytes = 0;
    for (let i = 0; i < this.#parts.length; i++) {
      const { stash, length, keys } = this.#parts[i];
      if (codec.splitReply(stash, stash + length, base, keys) !== keys) return false;
      bytes += stash + length - words[base / 4 + RECORD_START];
      const end = base + keys * RECORD_BYTES;
      setPartTable(words, i, base, end);
      base = end;
    }
    this.#writeHeader(pipeline);
    spliceParts(pipeline.out, engine, this.#order?.numbers() ?? [], base, bytes);
    return true;
  }

  /** As #spliceInArena, for any parts. */
  #spliceOnHeap(pipeline: ClientPipeline): boolean {
    const sources: Buffer[] = [];
    const ends: Float64Array[] = [];
    for (const part of this.#parts) {
      if (part.error !== null) {
        sources.push(part.error);
        ends.push(new Float64Array(0));
        continue;
      }
      const source = part.contents(this.#client);
      const found = elementEnds(source, part.keys);
      if (found === null) return false;
      sources.push(source);
      ends.push(found);
    }
    this.#writeHeader(pipeline);
    const next = new Uint32Array(this.#parts.length);
    for (const fragment of this.#order?.numbers() ?? []) {
      const { error } = this.#parts[fragment];
      const at = next[fragment]++;
      if (error !== null) pipeline.out.copy(error);
      else
        pipeline.out.append(sources[fragment].subarray(ends[fragment][at], ends[fragment][at + 1]));
    }
    return true;
  }

  drop(): void {
    for (const part of this.#parts) part.giveBack(this.#client);
    this.#order?.giveBack();
  }
}

/** Writes the head of an array of `count` elements. */
function writeHead(bytes: Uint8Array, at: number, count: number): void {
  bytes[at] = ARRAY;
  const lineEnd = writeDecimal(bytes, at + 1, count);
  bytes[lineEnd] = CR;
  bytes[lineEnd + 1] = LF;
}
