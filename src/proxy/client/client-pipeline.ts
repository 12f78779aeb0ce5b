import { ASSERTS, assert } from '../../assert.ts';
import { COPY_LIMIT } from '../../limits.ts';
import type { SendQueue } from '../../net/send-queue.ts';
import { Stash } from '../../net/stash.ts';
import { RECORD_DEST } from '../../protocol/frame-table.ts';
import { NO_SERIES, type PoolLatency } from '../../stats/latency.ts';
import type { Engine } from '../engine/engine.ts';
import { ClientPushes } from './client-pushes.ts';
import { HeapReply, type Kept, NO_REPLY, type StoredReply } from './stored-reply.ts';

const WAITING = 0;
const OBJECT = -1;
const STRIDE = 4;
const LENGTH = 1;
const SERIES = 2;
const ARRIVED = 3;
const NO_RING = new Int32Array(STRIDE);
const IDLE_RING_SLOTS = 64;

/**
 * A client's requests in order, each a slot from `head` (the oldest unanswered) to `tail`. A reply
 * for the head goes straight to the client's send queue; one that comes early is stored until its
 * turn: small ones in a slab that the client leases for them, others as objects.
 */
export class ClientPipeline {
  readonly out: SendQueue;
  readonly pushes: ClientPushes;
  readonly #engine: Engine;
  head = 0;
  tail = 0;
  /** Bytes of stored replies, and of those that are kept for one to come. */
  #stored = 0;
  #closed = false;
  /** Replies that are not complete, with something on the heap. */
  #kept: Set<Kept> | null = null;
  /**
   * Per slot: address and length of a stored reply, its request's series of latencies and arrival;
   * instead of an address WAITING, or OBJECT with the reply in #objects.
   */
  #ring: Int32Array = NO_RING;
  #mask = 0;
  /** Slots behind requests that came together: those being answered, and the ones after them. */
  #burstEnd = 0;
  #nextBurstEnd = 0;
  #objects: (StoredReply | null)[] = [];
  readonly #stash: Stash;

  readonly #latency: PoolLatency | null;

  /** @param latency where total times are recorded */
  constructor(engine: Engine, out: SendQueue, latency: PoolLatency | null) {
    this.#engine = engine;
    this.#latency = latency;
    this.#stash = new Stash(engine.slabs);
    this.out = out;
    this.pushes = new ClientPushes(engine, this);
  }

  /** Requests without a delivered reply. */
  get outstanding(): number {
    return (this.tail - this.head) | 0;
  }

  /** Whether one that was asked, however long ago, is answered: places wrap. */
  isAnswered(slot: number): boolean {
    return (slot - this.head) >>> 0 >= this.outstanding;
  }

  /** Reply bytes the client has not taken yet. */
  get undeliveredBytes(): number {
    return this.#stored + this.out.pendingBytes;
  }

  /** Bytes of stored replies, and of those that are kept for one to come. */
  get storedBytes(): number {
    return this.#stored;
  }

  /** So many bytes are kept for the client; free() tells when they are not any more. */
  hold(bytes: number): void {
    if (!this.#closed) this.#stored += bytes;
  }

  free(bytes: number): void {
    if (this.#closed) return;
    this.#stored -= bytes;
    if (ASSERTS) assert(this.#stored >= 0, 'no more is freed than was held');
  }

  /** So many bytes more are on the heap for `kept`, which is dropped with the client. */
  keep(kept: Kept, bytes: number): void {
    if (this.#closed) return;
    this.#kept ??= new Set();
    this.#kept.add(kept);
    this.hold(bytes);
  }

  /** `kept` is done with, and `bytes` of its bytes are given back. */
  release(kept: Kept, bytes: number): void {
    this.#kept?.delete(kept);
    this.free(bytes);
  }

  /** The requests from slot `first` to the newest came together. */
  addBurst(first: number): void {
    if (((this.tail - first) | 0) < 2) return;
    this.#nextBurstEnd = this.tail;
    if (first === this.head && this.out.unsentBytes === 0) this.#burstEnd = this.tail;
  }

  /** Some of the requests that came together are answered, and some are not. */
  get insideBurst(): boolean {
    return ((this.#burstEnd - this.head) | 0) > 0;
  }

  /** All replies so far are written: those of the next burst go together. */
  beginBurst(): void {
    this.#burstEnd = this.#nextBurstEnd;
  }

  /** The replies of this burst are too far apart. */
  endBurst(): void {
    this.#burstEnd = this.head;
    this.#nextBurstEnd = this.head;
  }

  /** `slot` is next, and neither a reply to it nor a later request is there. */
  isBare(slot: number): boolean {
    if (slot !== this.head || this.outstanding > 1) return false;
    return this.#ring[(slot & this.#mask) * STRIDE] === WAITING;
  }

  /** The reply at the head is queued in part: what follows in the queue is the rest of it. */
  get isCut(): boolean {
    const at = this.head & this.#mask;
    return this.#ring[at * STRIDE] === OBJECT && this.#objects[at]?.isHeldBack !== true;
  }

  /** Takes the next slot. */
  open(): number {
    const slot = this.tail;
    this.tail = (slot + 1) | 0;
    return slot;
  }

  /**
   * A whole reply stands in the arena; during a walk, with `record` the word index of its record.
   * @param series of the latencies, or NO_SERIES @param arrived the request, in microseconds
   */
  deliverRecord(
    slot: number,
    record: number,
    start: number,
    length: number,
    series: number,
    arrived: number,
  ): void {
    const words = this.#engine.words;
    if (slot === this.head) {
      const at = this.out.reserve(length);
      words[record + RECORD_DEST] = at;
      if (at === 0) this.out.passOn(start, length);
      if (series >= 0) this.#measure(series, arrived);
      this.#advance();
      return;
    }
    const at = length <= COPY_LIMIT ? this.stash(length) : 0;
    words[record + RECORD_DEST] = at;
    if (at === 0) {
      this.#storeHeap(slot, this.#engine.copyOf(start, length));
    } else {
      this.#place(slot, at, length);
    }
    if (series >= 0) this.#noteRequest(slot, series, arrived);
  }

  #noteRequest(slot: number, series: number, arrived: number): void {
    const word = (slot & this.#mask) * STRIDE;
    this.#ring[word + SERIES] = series;
    this.#ring[word + ARRIVED] = arrived;
  }

  /**
   * Two ranges of the arena make a whole reply; they are copied now.
   * @param series @param arrived as for deliverRecord()
   */
  deliverTwo(
    slot: number,
    start: number,
    length: number,
    tail: number,
    tailLength: number,
    series: number,
    arrived: number,
  ): void {
    const bytes = length + tailLength;
    if (slot === this.head) {
      const at = this.out.reserve(bytes);
      if (at === 0) {
        this.out.copyFrom(start, length);
        this.out.copyFrom(tail, tailLength);
      } else {
        this.#copyTwo(at, start, length, tail, tailLength);
      }
      if (series >= 0) this.#measure(series, arrived);
      this.#advance();
      return;
    }
    const at = bytes <= COPY_LIMIT ? this.stash(bytes) : 0;
    if (at === 0) {
      const parts = [this.#engine.copyOf(start, length), this.#engine.copyOf(tail, tailLength)];
      this.#storeHeap(slot, Buffer.concat(parts));
    } else {
      this.#copyTwo(at, start, length, tail, tailLength);
      this.#place(slot, at, bytes);
    }
    if (series >= 0) this.#noteRequest(slot, series, arrived);
  }

  #copyTwo(at: number, start: number, length: number, tail: number, tailLength: number): void {
    const { bytes } = this.#engine;
    if (length !== 0) bytes.copyWithin(at, start, start + length);
    for (let i = 0; i < tailLength; i++) bytes[at + length + i] = bytes[tail + i];
  }

  #measure(series: number, arrived: number): void {
    this.#latency?.delivered(series, arrived, this.#engine.micros);
  }

  /** A complete reply that ringway made itself. */
  deliver(slot: number, reply: Buffer): void {
    if (slot === this.head) {
      if (reply.length <= COPY_LIMIT) this.out.copy(reply);
      else this.out.append(reply);
      this.#advance();
    } else {
      this.#storeHeap(slot, reply);
    }
  }

  #storeHeap(slot: number, reply: Buffer): void {
    this.hold(reply.length);
    this.storeObject(slot, new HeapReply(reply));
  }

  /** The request is done, and its client does not hear the reply. */
  deliverNothing(slot: number): void {
    if (slot === this.head) this.#advance();
    else this.storeObject(slot, NO_REPLY);
  }

  /** Stores a reply object; it is written now if its turn has come. */
  storeObject(slot: number, reply: StoredReply): void {
    this.#place(slot, OBJECT, 0);
    this.#objects[slot & this.#mask] = reply;
    if (slot === this.head) this.#drain();
  }

  /** The object of `slot` has more to queue, if its turn has come. */
  goOn(slot: number): void {
    if (slot === this.head) this.#drain();
  }

  /** The object at the head has queued its last byte. */
  completeHead(): void {
    const at = this.head & this.#mask;
    this.#objects[at] = null;
    this.#ring[at * STRIDE] = WAITING;
    this.pushes.goOn();
    this.#advance();
  }

  /** The head is answered elsewhere: what is complete behind it goes out in front of it. */
  passHead(): void {
    const { head } = this;
    this.head = (head + 1) | 0;
    if (this.head !== this.tail) this.#drain();
    if (this.head === this.tail) this.tail = (head + 1) | 0;
    this.head = head;
  }

  /** Room for an early reply of `length` bytes. @returns its address, 0 when there is none */
  stash(length: number): number {
    const at = this.#stash.take(length);
    if (at !== 0) this.hold(length);
    return at;
  }

  /** Gives the room of a stashed reply back. */
  unstash(at: number, length: number): void {
    if (this.#closed) return;
    this.free(length);
    this.#stash.give(at, length);
  }

  /** The requests from slot `first` on are not under way any more; their replies are dropped. */
  retract(first: number): void {
    for (let slot = first; slot !== this.tail; slot = (slot + 1) | 0) {
      const index = slot & this.#mask;
      const at = index * STRIDE;
      const address = this.#ring[at];
      if (address === WAITING) continue;
      if (address === OBJECT) this.#objects[index]?.retract?.(this);
      else this.unstash(address, this.#ring[at + LENGTH]);
      this.#objects[index] = null;
      this.#ring[at] = WAITING;
    }
    this.tail = first;
    this.endBurst();
  }

  #place(slot: number, address: number, length: number): void {
    if (((this.tail - this.head) | 0) > this.#mask + 1 || this.#ring === NO_RING) this.#grow();
    const at = (slot & this.#mask) * STRIDE;
    this.#ring[at] = address;
    this.#ring[at + LENGTH] = length;
    this.#ring[at + SERIES] = NO_SERIES;
  }

  #advance(): void {
    const head = (this.head + 1) | 0;
    this.head = head;
    if (this.#ring[(head & this.#mask) * STRIDE] !== WAITING) this.#drain();
  }

  /** Queues stored replies from the head on, as far as they are complete. */
  #drain(): void {
    const ring = this.#ring;
    while (this.head !== this.tail) {
      const slot = this.head & this.#mask;
      const at = slot * STRIDE;
      const address = ring[at];
      if (address === WAITING) break;
      if (address === OBJECT) {
        const reply = this.#objects[slot] as StoredReply;
        if (!reply.writeTo(this)) break;
        this.#objects[slot] = null;
        this.pushes.goOn();
      } else {
        this.#unstore(address, ring[at + LENGTH]);
      }
      if (ring[at + SERIES] >= 0) this.#measure(ring[at + SERIES], ring[at + ARRIVED]);
      ring[at] = WAITING;
      this.head = (this.head + 1) | 0;
    }
    if (this.head === this.tail && this.#mask >= IDLE_RING_SLOTS) this.#shrink();
  }

  #unstore(address: number, length: number): void {
    const at = this.out.reserve(length);
    if (at !== 0) {
      this.#engine.drain(address, length, at);
    } else {
      this.#engine.gatherNow();
      this.out.append(this.#engine.copyOf(address, length));
    }
    this.unstash(address, length);
  }

  #grow(): void {
    const needed = Math.max(8, (this.tail - this.head) | 0);
    const size = 2 ** Math.ceil(Math.log2(needed));
    const ring = new Int32Array(size * STRIDE);
    const objects: (StoredReply | null)[] = [];
    if (this.#ring !== NO_RING) {
      for (let i = 0; i <= this.#mask; i++) {
        const slot = (this.head + i) | 0;
        const from = slot & this.#mask;
        const to = slot & (size - 1);
        for (let word = 0; word < STRIDE; word++) {
          ring[to * STRIDE + word] = this.#ring[from * STRIDE + word];
        }
        if (this.#ring[from * STRIDE] === OBJECT) objects[to] = this.#objects[from];
      }
    }
    this.#ring = ring;
    this.#objects = objects;
    this.#mask = size - 1;
  }

  #shrink(): void {
    this.#ring = NO_RING;
    this.#mask = 0;
    this.#objects = [];
  }

  /** The client is gone: everything stored goes back. */
  close(): void {
    this.#closed = true;
    this.pushes.drop();
    this.#stash.close();
    for (const object of this.#objects) object?.drop();
    for (const kept of this.#kept ?? []) kept.drop();
    this.#kept = null;
    this.#shrink();
    this.#stored = 0;
    this.head = this.tail;
  }
}
