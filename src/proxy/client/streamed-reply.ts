import { LOG_NOTICE } from '../../log.ts';
import type { Engine } from '../engine/engine.ts';
import type { ReplyStream } from '../engine/receiver.ts';
import type { ClientPipeline } from './client-pipeline.ts';
import type { StoredReply } from './stored-reply.ts';

/** The client, as a reply that comes in pieces sees it. */
export interface StreamOwner {
  readonly closed: boolean;
  readonly pipeline: ClientPipeline;
  destroy(reason: string, level?: number): void;
  /** Bytes that are kept of a reply which may have to be made again. */
  readonly mostHeldBack: number;
  /** Length of a reply as its first bytes say; -1 = they do not. */
  replyBytes(start: number, length: number): number;
  /** So many are kept of `reply`. */
  readAlone(reply: StreamedReply): void;
  onException(error: unknown): void;
}

/** A reply too large to be kept whole, handed to its client piece by piece as it arrives. */
export class StreamedReply implements StoredReply, ReplyStream {
  readonly client: StreamOwner;
  readonly #engine: Engine;
  /** Pieces that arrived before the client's turn. */
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #direct = false;
  #done = false;
  readonly slot: number;
  /** Nothing is passed on before all is there, or it is known that it will not be made again. */
  #heldBack: boolean;

  constructor(engine: Engine, client: StreamOwner, slot: number, holdBack: boolean = false) {
    this.#engine = engine;
    this.client = client;
    this.slot = slot;
    this.#heldBack = holdBack;
    client.pipeline.storeObject(slot, this);
  }

  /** Takes one piece from the arena. */
  push(start: number, length: number, last: boolean): void {
    const { client } = this;
    if (client.closed) return;
    if (this.#heldBack && this.#earlyBytes === 0) this.#releaseShort(start, length);
    if (this.#direct) {
      client.pipeline.out.passOn(start, length);
      this.#engine.flushSoon(client.pipeline.out);
      if (last) client.pipeline.completeHead();
      return;
    }
    this.#early.push(this.#engine.copyOf(start, length));
    this.#earlyBytes += length;
    client.pipeline.hold(length);
    this.#done = last;
    if (!this.#heldBack) return;
    if (last) this.release();
    else if (this.#earlyBytes > client.mostHeldBack) client.readAlone(this);
  }

  /** What its client's output has room for never stands still: it need not be kept back. */
  #releaseShort(start: number, length: number): void {
    const { pipeline, mostHeldBack } = this.client;
    const bytes = this.client.replyBytes(start, length);
    if (bytes >= 0 && bytes + pipeline.undeliveredBytes <= mostHeldBack) this.release();
  }

  get isHeldBack(): boolean {
    return this.#heldBack;
  }

  /** It is passed on from here on. */
  release(): void {
    if (!this.#heldBack) return;
    this.#heldBack = false;
    if (!this.client.closed) this.client.pipeline.goOn(this.slot);
  }

  /** The server failed in the middle: an error if nothing was sent yet, else the client must go. */
  fail(error: Buffer): void {
    const { client } = this;
    if (client.closed) return;
    if (this.#direct) {
      client.destroy('its server failed in the middle of a large reply', LOG_NOTICE);
      return;
    }
    client.pipeline.free(this.#earlyBytes);
    client.pipeline.hold(error.length);
    this.#early = [error];
    this.#earlyBytes = error.length;
    this.#done = true;
    this.release();
  }

  onException(error: unknown): void {
    this.client.onException(error);
  }

  writeTo(pipeline: ClientPipeline): boolean {
    if (this.#heldBack) return false;
    this.#direct = true;
    for (const piece of this.#early) pipeline.out.append(piece);
    pipeline.free(this.#earlyBytes);
    this.#early = [];
    this.#earlyBytes = 0;
    return this.#done;
  }

  drop(): void {
    this.#heldBack = false;
    this.#early = [];
  }

  retract(pipeline: ClientPipeline): void {
    pipeline.free(this.#earlyBytes);
    this.drop();
    this.#earlyBytes = 0;
  }
}
