import type { Engine } from '../engine/engine.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ClientPipeline, StoredReply } from './client-pipeline.ts';

/** A reply too large to be kept whole, handed to its client piece by piece as it arrives. */
export class StreamedReply implements StoredReply {
  readonly client: ClientConnection;
  readonly #engine: Engine;
  /** Pieces that arrived before the client's turn. */
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #direct = false;
  #done = false;

  constructor(engine: Engine, client: ClientConnection, slot: number) {
    this.#engine = engine;
    this.client = client;
    client.pipeline.storeObject(slot, this, 0);
  }

  /** Takes one piece from the arena. */
  push(start: number, length: number, last: boolean): void {
    const { client } = this;
    if (client.closed) return;
    if (this.#direct) {
      client.pipeline.out.copyFrom(start, length);
      if (last) client.pipeline.completeHead();
      return;
    }
    const piece = Buffer.allocUnsafeSlow(length);
    this.#engine.memory.copy(piece, 0, start, start + length);
    this.#early.push(piece);
    this.#earlyBytes += length;
    client.pipeline.storedBytes += length;
    this.#done = last;
  }

  /** The server failed in the middle: an error if nothing was sent yet, else the client must go. */
  fail(error: Buffer): void {
    const { client } = this;
    if (client.closed) return;
    if (this.#direct) {
      client.destroy('its server failed in the middle of a large reply');
      return;
    }
    client.pipeline.storedBytes += error.length - this.#earlyBytes;
    this.#early = [error];
    this.#earlyBytes = error.length;
    this.#done = true;
  }

  writeTo(pipeline: ClientPipeline): boolean {
    this.#direct = true;
    for (const piece of this.#early) pipeline.out.append(piece);
    pipeline.storedBytes -= this.#earlyBytes;
    this.#early = [];
    this.#earlyBytes = 0;
    return this.#done;
  }

  drop(): void {
    this.#early = [];
  }
}
