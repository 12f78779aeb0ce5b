/** A reply that is not simply passed to a client: a fragment's, or one of our own requests'. */
export interface ReplyTarget {
  /**
   * One piece of the reply, in the arena at `start`. `info` holds the record's flags and type byte.
   */
  onReply(start: number, length: number, info: number, count: number): void;
  /** Asked behind each complete reply: whether another one is for this target too. */
  awaitsMore?(): boolean;
  /** The reply will not come; `error` is a complete error reply. */
  onFailure(error: Buffer): void;
}

const STRIDE = 4;

/**
 * Requests sent on one backend connection whose replies are outstanding, oldest first: a
 * power-of-two ring of (client id, slot, time, bytes). Client id -1 says that the target stands in
 * `targets`.
 */
export class InFlight {
  #ring = new Int32Array(16 * STRIDE);
  #targets: (ReplyTarget | null)[] = [];
  #mask = 15;
  #head = 0;
  #tail = 0;

  get count(): number {
    return (this.#tail - this.#head) | 0;
  }

  push(client: number, slot: number, time: number): void {
    if (((this.#tail - this.#head) | 0) > this.#mask) this.#grow();
    const at = (this.#tail & this.#mask) * STRIDE;
    const ring = this.#ring;
    ring[at] = client;
    ring[at + 1] = slot;
    ring[at + 2] = time;
    this.#tail = (this.#tail + 1) | 0;
  }

  pushTarget(target: ReplyTarget, time: number): void {
    this.push(-1, 0, time);
    this.#targets[(this.#tail - 1) & this.#mask] = target;
  }

  /** Client id of the oldest entry; -1 means headTarget. */
  get headClient(): number {
    return this.#ring[(this.#head & this.#mask) * STRIDE];
  }

  get headSlot(): number {
    return this.#ring[(this.#head & this.#mask) * STRIDE + 1];
  }

  get headTime(): number {
    return this.#ring[(this.#head & this.#mask) * STRIDE + 2];
  }

  get headTarget(): ReplyTarget {
    return this.#targets[this.#head & this.#mask] as ReplyTarget;
  }

  shift(): void {
    const at = this.#head & this.#mask;
    if (this.#ring[at * STRIDE] < 0) this.#targets[at] = null;
    this.#head = (this.#head + 1) | 0;
  }

  #grow(): void {
    const size = this.#mask + 1;
    const ring = new Int32Array(size * 2 * STRIDE);
    const targets: (ReplyTarget | null)[] = [];
    for (let i = 0; i < size; i++) {
      const from = (this.#head + i) & this.#mask;
      ring.set(this.#ring.subarray(from * STRIDE, from * STRIDE + STRIDE), i * STRIDE);
      const target = this.#targets[from];
      if (target !== null && target !== undefined) targets[i] = target;
    }
    this.#ring = ring;
    this.#targets = targets;
    this.#mask = size * 2 - 1;
    this.#head = 0;
    this.#tail = size;
  }
}
