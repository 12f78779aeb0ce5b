import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { ReaderKind } from '../../src/net/reader.ts';
import { SendQueue } from '../../src/net/send-queue.ts';
import { SlabPool } from '../../src/net/slab-pool.ts';
import { Writer } from '../../src/net/writer.ts';
import { waitFor } from '../support/wait.ts';

const BASE = 4096;
const SMALL = 16;
export const SMALL_BYTES = 4096;
export const LARGE = 8;
const LARGE_BYTES = 65536;
/** Room for what is passed on, behind the slabs. */
const WINDOW_BYTES = 300_000;

/** A queue of its own memory; byte i of what it sends is i modulo a prime. */
export class Sender {
  readonly slabs: SlabPool;
  readonly writer: Writer;
  readonly queue: SendQueue;
  readonly #window: number;
  drained = 0;
  sent = 0;

  constructor(reader: ReaderKind) {
    const bytes =
      BASE +
      SlabPool.bytes({ count: SMALL, bytes: SMALL_BYTES }, { count: LARGE, bytes: LARGE_BYTES });
    const memory = Buffer.alloc(bytes + WINDOW_BYTES);
    this.#window = bytes;
    this.slabs = new SlabPool(
      memory,
      BASE,
      { count: SMALL, bytes: SMALL_BYTES },
      { count: LARGE, bytes: LARGE_BYTES },
    );
    this.writer = new Writer(memory, reader);
    this.queue = new SendQueue(this.slabs, this.writer, {
      onDrained: () => void this.drained++,
      onException: (error) => {
        throw error;
      },
    });
  }

  #fill(into: Uint8Array, at: number, length: number): void {
    for (let i = 0; i < length; i++) into[at + i] = (this.sent + i) % 251;
    this.sent += length;
  }

  /** Puts the next `length` bytes into a slab. */
  put(length: number): void {
    const at = this.queue.reserve(length);
    assert.notEqual(at, 0);
    this.#fill(this.slabs.memory, at, length);
  }

  /** Queues the next `length` bytes as a buffer of their own. */
  append(length: number): void {
    const buffer = Buffer.alloc(length);
    this.#fill(buffer, 0, length);
    this.queue.append(buffer);
  }

  /** Passes the next `length` bytes on, from where others stand as soon as that is done. */
  pass(length: number): void {
    const { memory } = this.slabs;
    this.#fill(memory, this.#window, length);
    this.queue.passOn(this.#window, length);
    memory.fill(0xff, this.#window, this.#window + length);
  }

  get allSlabsFree(): boolean {
    return this.slabs.smallLeft === SMALL && this.slabs.largeLeft === LARGE;
  }

  /** Writes until the kernel takes no more. */
  async fillKernel(): Promise<void> {
    for (let i = 0; this.queue.pendingBytes === 0; i++) {
      assert.ok(i < 1000, 'the kernel takes everything');
      // It had room again by the second attempt: that is told later.
      if (this.queue.blocked) await waitFor('room', () => !this.queue.blocked);
      this.put(60_000);
      this.queue.flush();
    }
  }

  /** Takes every slab that is free, and overwrites it. @returns them */
  scribble(): { small: number[]; large: number[] } {
    const taken = { small: [] as number[], large: [] as number[] };
    while (this.slabs.smallLeft > 0) taken.small.push(this.slabs.leaseSmall());
    while (this.slabs.largeLeft > 0) taken.large.push(this.slabs.leaseLarge());
    for (const at of taken.small) this.#overwrite(at, SMALL_BYTES);
    for (const at of taken.large) this.#overwrite(at, LARGE_BYTES);
    return taken;
  }

  giveBack(...slabs: number[][]): void {
    for (const at of slabs.flat()) this.slabs.release(at);
  }

  #overwrite(at: number, length: number): void {
    this.slabs.memory.fill(0xff, at, at + length);
  }
}

/** Reads until `bytes` have come; each must be the one that belongs there. */
export async function receive(to: Socket, bytes: number): Promise<void> {
  let received = 0;
  let wrong = -1;
  to.on('data', (chunk: Buffer) => {
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] !== (received + i) % 251 && wrong < 0) wrong = received + i;
    }
    received += chunk.length;
  });
  to.resume();
  await waitFor(`${bytes} bytes`, () => received >= bytes);
  assert.deepEqual({ received, wrong }, { received: bytes, wrong: -1 });
}
