import { ASSERTS, assert } from '../../assert.ts';
import { NO_SERIES } from '../../stats/latency.ts';
import { millis } from '../engine/clock.ts';
import type { ReplyClaim } from '../engine/receiver.ts';
import type { NotedRequest } from './flight/noted-request.ts';
import { RequestHeads } from './flight/request-heads.ts';

/** A reply that is not simply passed to a client: a fragment's, or one of our own requests'. */
export interface ReplyTarget {
  /**
   * One piece of the reply, in the arena at `start`. `info` holds the record's flags and type byte;
   * `count` and `key` are the record's.
   */
  onReply(start: number, length: number, info: number, count: number, key: number): void;
  /** For whom it was asked; null when it is one of ringway's own requests. */
  readonly claim: ReplyClaim | null;
  /** Asked behind each complete reply: whether another one is for this target too. */
  awaitsMore(): boolean;
  /** Several replies are for it: none is that of a request that could go elsewhere by itself. */
  readonly several?: true;
  /** The slot of its request in a cluster; null or absent = the words of the request tell it. */
  readonly slot?: number | null;
  /** Of EXEC: the slot of all that is carried out with it. */
  readonly blockSlot?: number;
  /** What came cannot be its reply: nobody knows whose the next ones are. */
  readonly distrusts: boolean;
  /** The reply will not come; `error` is a complete error reply. */
  onFailure(error: Buffer): void;
  /** It is to be noted, and is one of several of one request: that is what is noted. */
  onNoted?(part: NotedRequest): void;
}

/** For replies that nobody wants any more. */
export const SWALLOWED: ReplyTarget = {
  claim: null,
  distrusts: false,
  onReply() {},
  awaitsMore: () => false,
  onFailure() {},
};

/** Where the bytes of a client's request are, for the slow log. */
export interface RequestHead {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
}

const STRIDE = 8;
/** Words of an entry in `ring`, from `headAt` on. */
export const IN_FLIGHT_CLIENT = 0;
export const IN_FLIGHT_SLOT = 1;
const TIME = 2;
export const IN_FLIGHT_ARRIVED = 3;
export const IN_FLIGHT_WRITTEN = 4;
export const IN_FLIGHT_SERIES = 5;
const BYTES = 6;
/**
 * Keys of a get whose line others may join; the first of several in one line has their number in
 * the upper half.
 */
export const IN_FLIGHT_JOINED = 7;
/** Where requests are kept until they are answered: where they begin in the stream. */
const OFFSET = IN_FLIGHT_JOINED;

/** One request in flight, by itself. */
export interface InFlightEntry {
  /** -1 = the reply is the target's. */
  readonly clientId: number;
  readonly slot: number;
  readonly target: ReplyTarget | null;
  readonly time: number;
  readonly arrived: number;
  readonly series: number;
  /** Of the request; 0 = it was not sent like the others. */
  readonly bytes: number;
  readonly offset: number;
  /** The first bytes of the client's request, of which this is a part; null = it is all of it. */
  readonly head: Buffer | null;
}

/**
 * Requests sent on one backend connection whose replies are outstanding, oldest first: a
 * power-of-two ring of (client id, slot, millisecond, microsecond of arrival and of writing, series
 * of the latencies, bytes, IN_FLIGHT_JOINED). Client id -1 says that the target stands in
 * `targets`.
 */
export class InFlight {
  /** Read in place by who hands the replies out; a push may replace it. */
  ring: Int32Array = new Int32Array(16 * STRIDE);
  #targets: (ReplyTarget | null)[] = [];
  #mask = 15;
  #head = 0;
  #tail = 0;
  /** Entries that the ring has forgotten by growing. */
  #before = 0;
  /** Beginnings of the requests, for the slow log; null when there is none. */
  readonly #heads: RequestHeads | null;

  constructor(keepHeads: boolean) {
    this.#heads = keepHeads ? new RequestHeads(this.#mask + 1) : null;
  }

  get count(): number {
    return (this.#tail - this.#head) | 0;
  }

  /** Entries ever pushed. */
  get pushed(): number {
    return (this.#before + this.#tail) | 0;
  }

  /**
   * @param time milliseconds @param arrived microseconds, which may wrap
   * @param series of the pool's latencies, or NO_SERIES
   */
  push(
    client: number,
    slot: number,
    time: number,
    arrived: number,
    series: number,
    bytes: number,
  ): void {
    if (((this.#tail - this.#head) | 0) > this.#mask) this.#grow();
    const at = (this.#tail & this.#mask) * STRIDE;
    const ring = this.ring;
    ring[at] = client;
    ring[at + IN_FLIGHT_SLOT] = slot;
    ring[at + TIME] = time;
    ring[at + IN_FLIGHT_ARRIVED] = arrived;
    ring[at + IN_FLIGHT_SERIES] = series;
    ring[at + BYTES] = bytes;
    ring[at + IN_FLIGHT_JOINED] = 0;
    this.#heads?.forget(this.#tail & this.#mask);
    this.#tail = (this.#tail + 1) | 0;
  }

  pushTarget(target: ReplyTarget, time: number, arrived = 0, series = NO_SERIES, bytes = 0): void {
    if (((this.#tail - this.#head) | 0) > this.#mask) this.#grow();
    this.#targets[this.#tail & this.#mask] = target;
    this.push(-1, 0, time, arrived, series, bytes);
  }

  /** The newest request is one of `requests` in one line, and has `keys` of its keys. */
  join(requests: number, keys: number): void {
    const { ring } = this;
    const mask = this.#mask;
    ring[((this.#tail - 1) & mask) * STRIDE + IN_FLIGHT_JOINED] = keys;
    if (requests < 2) return;
    const first = ((this.#tail - requests) & mask) * STRIDE + IN_FLIGHT_JOINED;
    ring[first] = (ring[first] & 0xffff) | (requests << 16);
  }

  /** Keeps the beginning of the newest request, when there is a slow log. */
  keepHead(bytes: Uint8Array, start: number, length: number): void {
    this.#heads?.keep((this.#tail - 1) & this.#mask, bytes, start, length);
  }

  /** The newest `count` requests are written at `now`: their time in the queue is over. */
  markWritten(count: number, now: number): void {
    const { ring } = this;
    const mask = this.#mask;
    const end = this.#tail;
    for (let i = (end - count) | 0; i !== end; i = (i + 1) | 0) {
      ring[(i & mask) * STRIDE + IN_FLIGHT_WRITTEN] = now;
    }
  }

  /** Where the oldest entry begins in `ring`. */
  get headAt(): number {
    return (this.#head & this.#mask) * STRIDE;
  }

  /** Bytes of the requests whose replies are outstanding. */
  get bytes(): number {
    let total = 0;
    for (let i = this.#head; i !== this.#tail; i = (i + 1) | 0) {
      total += this.ring[(i & this.#mask) * STRIDE + BYTES];
    }
    return total;
  }

  /** Client id of the oldest entry; -1 means headTarget. */
  get headClient(): number {
    return this.ring[(this.#head & this.#mask) * STRIDE];
  }

  get headSlot(): number {
    return this.ring[(this.#head & this.#mask) * STRIDE + IN_FLIGHT_SLOT];
  }

  /** The ring holds 32 bits of it, enough for ages below 24 days. */
  get headTime(): number {
    const now = millis();
    return now - ((now - this.ring[(this.#head & this.#mask) * STRIDE + TIME]) | 0);
  }

  get headArrived(): number {
    return this.ring[(this.#head & this.#mask) * STRIDE + IN_FLIGHT_ARRIVED];
  }

  get headWritten(): number {
    return this.ring[(this.#head & this.#mask) * STRIDE + IN_FLIGHT_WRITTEN];
  }

  get headSeries(): number {
    return this.ring[(this.#head & this.#mask) * STRIDE + IN_FLIGHT_SERIES];
  }

  /** Requests that share the oldest one's line, itself included; 0 = it is alone in its line. */
  get headJoined(): number {
    return this.ring[(this.#head & this.#mask) * STRIDE + IN_FLIGHT_JOINED] >>> 16;
  }

  /** Keys of the oldest request, when it is one of several in a line. */
  get headKeys(): number {
    return this.ring[(this.#head & this.#mask) * STRIDE + IN_FLIGHT_JOINED] & 0xffff;
  }

  /** The beginning of the oldest request; empty when it was not kept. */
  get headBytes(): Buffer {
    return this.#heads?.at(this.#head & this.#mask) ?? Buffer.alloc(0);
  }

  /** When the newest entry was pushed, also when all are answered; 0 = never. */
  get lastTime(): number {
    return this.ring[((this.#tail - 1) & this.#mask) * STRIDE + TIME];
  }

  get headTarget(): ReplyTarget {
    return this.#targets[this.#head & this.#mask] as ReplyTarget;
  }

  /** Whether anybody but `client` waits for a reply. */
  hasOther(client: number): boolean {
    for (let i = this.#head; i !== this.#tail; i = (i + 1) | 0) {
      const at = i & this.#mask;
      const id = this.ring[at * STRIDE];
      if (id >= 0 ? id !== client : this.#isOther(this.#targets[at], client)) return true;
    }
    return false;
  }

  #isOther(target: ReplyTarget | null | undefined, client: number): boolean {
    return target !== SWALLOWED && target?.claim?.clientId !== client;
  }

  /** Replies to the plain requests of `client` from `slot` on are nobody's. @returns how many */
  disown(client: number, slot: number): number {
    let count = 0;
    for (let i = this.#head; i !== this.#tail; i = (i + 1) | 0) {
      const at = i & this.#mask;
      const word = at * STRIDE;
      if (this.ring[word] !== client) continue;
      if (((this.ring[word + IN_FLIGHT_SLOT] - slot) | 0) < 0) continue;
      this.ring[word] = -1;
      this.#targets[at] = SWALLOWED;
      count++;
    }
    return count;
  }

  /**
   * Whether the reply that `client` gets next, to its request `slot`, or a part of it, is to come
   * from here. It may be behind others of the client's: what is sent again is.
   */
  owes(client: number, slot: number): boolean {
    for (let i = this.#head; i !== this.#tail; i = (i + 1) | 0) {
      const at = i & this.#mask;
      const id = this.ring[at * STRIDE];
      if (id === client && this.ring[at * STRIDE + IN_FLIGHT_SLOT] === slot) return true;
      const claim = id < 0 ? this.#targets[at]?.claim : null;
      if (claim?.clientId === client && claim.isNext) return true;
    }
    return false;
  }

  /** Adds the clients that are named as those who wait for a reply. */
  collectClients(ids: Set<number>): void {
    for (let i = this.#head; i !== this.#tail; i = (i + 1) | 0) {
      const id = this.ring[(i & this.#mask) * STRIDE];
      if (id >= 0) ids.add(id);
    }
  }

  /** The newest request begins there in the stream. */
  noteOffset(offset: number): void {
    this.ring[((this.#tail - 1) & this.#mask) * STRIDE + OFFSET] = offset;
  }

  get headOffset(): number {
    return this.ring[(this.#head & this.#mask) * STRIDE + OFFSET];
  }

  get headEntry(): InFlightEntry {
    return this.#entry(this.#head);
  }

  /** Notes how many of all have left when the newest of a client has. @param from the first is 0 */
  noteNewest(newest: Map<number, number>, from: number): void {
    for (let i = (from - this.#before) | 0; i !== this.#tail; i = (i + 1) | 0) {
      const at = i & this.#mask;
      const id = this.ring[at * STRIDE];
      const client = id < 0 ? (this.#targets[at]?.claim?.clientId ?? -1) : id;
      if (client >= 0) newest.set(client, (this.#before + i + 1) | 0);
    }
  }

  #entry(number: number): InFlightEntry {
    const { ring } = this;
    const index = number & this.#mask;
    const at = index * STRIDE;
    const head = ring[at] < 0 ? this.#heads?.at(index) : undefined;
    return {
      clientId: ring[at],
      slot: ring[at + IN_FLIGHT_SLOT],
      target: ring[at] < 0 ? (this.#targets[index] as ReplyTarget) : null,
      time: ring[at + TIME],
      arrived: ring[at + IN_FLIGHT_ARRIVED],
      series: ring[at + IN_FLIGHT_SERIES],
      bytes: ring[at + BYTES],
      offset: ring[at + OFFSET],
      head: head === undefined ? null : Buffer.from(head),
    };
  }

  /** How many of the newest requests have `bytes` bytes in all. */
  newestOf(bytes: number): number {
    let left = bytes;
    let count = 0;
    for (; count < this.count; count++) {
      left -= this.ring[((this.#tail - 1 - count) & this.#mask) * STRIDE + BYTES];
      if (left < 0) break;
    }
    return count;
  }

  /** Takes everything out, oldest first. */
  takeAll(): InFlightEntry[] {
    const entries: InFlightEntry[] = [];
    for (; this.count > 0; this.shift()) entries.push(this.headEntry);
    return entries;
  }

  /** An entry that was taken out is the newest. */
  putBack({ clientId, slot, target, time, arrived, series, bytes }: InFlightEntry): void {
    if (target === null) this.push(clientId, slot, time, arrived, series, bytes);
    else this.pushTarget(target, time, arrived, series, bytes);
  }

  /** The time of all of them begins now. */
  renew(time: number): void {
    for (let i = this.#head; i !== this.#tail; i = (i + 1) | 0) {
      this.ring[(i & this.#mask) * STRIDE + TIME] = time;
    }
  }

  /** The clients that wait for a reply or for a part of one. */
  waitingClients(): Set<number> {
    const ids = new Set<number>();
    this.collectClients(ids);
    for (const target of this.#targets) if (target?.claim) ids.add(target.claim.clientId);
    return ids;
  }

  shift(): void {
    if (ASSERTS) assert(this.count > 0, 'no more replies than requests in flight');
    const at = this.#head & this.#mask;
    if (this.ring[at * STRIDE] < 0) this.#targets[at] = null;
    this.#head = (this.#head + 1) | 0;
  }

  /** The same, when the oldest entry is known to name a client. */
  shiftPlain(): void {
    if (ASSERTS) assert(this.count > 0, 'no more replies than requests in flight');
    this.#head = (this.#head + 1) | 0;
  }

  #grow(): void {
    const size = this.#mask + 1;
    const ring = new Int32Array(size * 2 * STRIDE);
    const targets: (ReplyTarget | null)[] = [];
    for (let i = 0; i < size; i++) {
      const from = (this.#head + i) & this.#mask;
      ring.set(this.ring.subarray(from * STRIDE, from * STRIDE + STRIDE), i * STRIDE);
      const target = this.#targets[from];
      if (target !== null && target !== undefined) targets[i] = target;
    }
    this.#heads?.grow(this.#head & this.#mask, size);
    this.#before += this.#tail - size;
    this.ring = ring;
    this.#targets = targets;
    this.#mask = size * 2 - 1;
    this.#head = 0;
    this.#tail = size;
  }
}
