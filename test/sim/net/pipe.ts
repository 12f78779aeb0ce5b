import type { Random } from '../../fuzz/random.ts';
import type { World } from '../world/world.ts';

/** How a direction of a connection carries bytes. */
export interface PipeTraits {
  readonly latencyMicros: number;
  /** On top of the latency, up to so much for each segment. */
  readonly jitterMicros: number;
  /** Bytes per microsecond. */
  readonly bandwidth: number;
  /** Bytes that the kernels of both sides and the wire hold; more waits in the sender. */
  readonly capacity: number;
  /** One segment in so many is cut at any byte. */
  readonly cutOnce: number;
}

/** Bytes that the sending process still holds: read when the kernel takes them, not before. */
interface Waiting {
  readonly bytes: Uint8Array;
  at: number;
  readonly done: (error: string | null) => void;
}

/** Bytes on the wire, or the end of them. */
type Segment = Uint8Array | null;

/** The receiving side of a pipe. */
export interface PipeReceiver {
  /** There is something to read, or the end. */
  onArrival(): void;
}

/** The sending side of a pipe. */
export interface PipeSender {
  /** Calls back in the sending process when it gets to it. */
  later(run: () => void): void;
}

const LARGEST_SEGMENT = 16 * 1024;

/** One direction of a connection: a sender's queue, the kernels and the wire, arrived bytes. */
export class Pipe {
  readonly #world: World;
  readonly #random: Random;
  readonly traits: PipeTraits;
  readonly #sender: PipeSender;
  readonly #receiver: PipeReceiver;
  #waiting: Waiting[] = [];
  #finWaits: (() => void) | null = null;
  readonly #wire: Segment[] = [];
  /** Segments whose time has come while the wire was cut. */
  #late = 0;
  #lastArrival = 0;
  #wireBytes = 0;
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  /** The end of the stream has arrived. */
  ended = false;
  #closed = false;
  #pumping = false;
  #cut = false;
  finSent = false;

  constructor(
    world: World,
    random: Random,
    traits: PipeTraits,
    sender: PipeSender,
    receiver: PipeReceiver,
  ) {
    this.#world = world;
    this.#random = random;
    this.traits = traits;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  /** Bytes that the kernel has not taken. */
  get waitingBytes(): number {
    let sum = 0;
    for (const { bytes, at } of this.#waiting) sum += bytes.length - at;
    return sum;
  }

  /** Bytes that have arrived and are not read. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  get wireBytes(): number {
    return this.#wireBytes;
  }

  /**
   * Sends what the kernel takes at once; the rest is read from `bytes` later.
   * @returns whether all was taken; otherwise `done` is called
   */
  send(bytes: Uint8Array, done: (error: string | null) => void): boolean {
    if (this.#closed) return true;
    const one = { bytes, at: 0, done };
    if (this.#waiting.length === 0) this.#take(one);
    if (one.at === bytes.length && this.#waiting.length === 0) return true;
    this.#waiting.push(one);
    return false;
  }

  /** The end goes out behind everything. */
  finish(done: () => void): void {
    if (this.#waiting.length > 0) this.#finWaits = done;
    else {
      this.#sendFin();
      done();
    }
  }

  #sendFin(): void {
    if (this.finSent || this.#closed) return;
    this.finSent = true;
    this.#carry(null);
  }

  #take(one: Waiting): void {
    while (one.at < one.bytes.length) {
      const room = this.traits.capacity - this.#wireBytes - this.#arrivedBytes;
      if (room <= 0) return;
      const size = this.#segmentSize(Math.min(room, one.bytes.length - one.at));
      // The process may use its memory for something else from now on.
      const segment = Buffer.allocUnsafe(size);
      segment.set(one.bytes.subarray(one.at, one.at + size));
      this.#carry(segment);
      one.at += size;
    }
  }

  #segmentSize(most: number): number {
    if (this.#random.once(this.traits.cutOnce)) return 1 + this.#random.below(most);
    return Math.min(most, LARGEST_SEGMENT);
  }

  #carry(segment: Segment): void {
    const { latencyMicros, jitterMicros, bandwidth } = this.traits;
    const length = segment?.length ?? 0;
    const first = this.#world.micros + latencyMicros + this.#random.below(jitterMicros + 1);
    const arrival = Math.max(first, this.#lastArrival) + Math.ceil(length / bandwidth);
    this.#lastArrival = arrival;
    this.#wire.push(segment);
    this.#wireBytes += length;
    this.#world.at(arrival, () => this.#arrive());
  }

  #arrive(): void {
    if (this.#closed) return;
    if (this.#cut) {
      this.#late++;
      return;
    }
    const segment = this.#wire.shift();
    if (segment === undefined) return;
    if (segment === null) this.ended = true;
    else {
      this.#wireBytes -= segment.length;
      this.#arrived.push(segment);
      this.#arrivedBytes += segment.length;
    }
    this.#receiver.onArrival();
  }

  /** Nothing arrives any more. */
  cut(): void {
    this.#cut = true;
  }

  /** What was sent meanwhile arrives. */
  heal(): void {
    if (!this.#cut) return;
    this.#cut = false;
    const late = this.#late;
    this.#late = 0;
    for (let i = 0; i < late; i++) {
      const { latencyMicros, jitterMicros } = this.traits;
      this.#world.after(latencyMicros + this.#random.below(jitterMicros + 1), () => this.#arrive());
    }
  }

  /** @returns up to `most` bytes of what has arrived; null when there is nothing */
  read(most: number): Uint8Array | null {
    if (this.#arrivedBytes === 0) return null;
    const parts: Uint8Array[] = [];
    let room = most;
    while (room > 0 && this.#arrived.length > 0) {
      const first = this.#arrived[0];
      if (first.length <= room) {
        parts.push(first);
        this.#arrived.shift();
        room -= first.length;
      } else {
        parts.push(first.subarray(0, room));
        this.#arrived[0] = first.subarray(room);
        room = 0;
      }
    }
    this.#arrivedBytes -= most - room;
    this.#pumpSoon();
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** There is room again: the sender hears of it after the way back. */
  #pumpSoon(): void {
    if (this.#pumping || this.#waiting.length === 0) return;
    this.#pumping = true;
    this.#world.after(this.traits.latencyMicros, () => {
      this.#sender.later(() => {
        this.#pumping = false;
        this.#pump();
      });
    });
  }

  #pump(): void {
    while (this.#waiting.length > 0 && !this.#closed) {
      const first = this.#waiting[0];
      this.#take(first);
      if (first.at < first.bytes.length) {
        // All is on its way or unread: the next read, or arrival at a reader, makes room.
        return;
      }
      this.#waiting.shift();
      first.done(null);
    }
    const finished = this.#finWaits;
    if (finished === null || this.#waiting.length > 0 || this.#closed) return;
    this.#finWaits = null;
    this.#sendFin();
    finished();
  }

  /** The sending process has closed: what it still holds is not sent. */
  cancel(error: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#finWaits = null;
    for (const { done } of waiting) done(error);
  }

  /** Nothing moves any more. @param keepArrived what has arrived can still be read */
  close(keepArrived: boolean): void {
    this.#closed = true;
    this.#wire.length = 0;
    this.#wireBytes = 0;
    if (keepArrived) return;
    this.#arrived = [];
    this.#arrivedBytes = 0;
  }
}
