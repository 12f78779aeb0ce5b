import { COPY_LIMIT } from '../../limits.ts';
import type { ClientPipeline } from '../client/client-pipeline.ts';
import type { SpecialRequest } from './request.ts';

/** A copy of a request that may have to be made again, among what is kept for its client. */
export class KeptRequest {
  readonly #pipeline: ClientPipeline;
  readonly #memory: Buffer;
  readonly #length: number;
  /** In the client's stash, 0 = on the heap. */
  #at = 0;
  #heap: Buffer | null = null;

  constructor({ client, start, length }: SpecialRequest) {
    const { engine } = client.pool;
    const { memory, bytes } = engine;
    this.#pipeline = client.pipeline;
    this.#memory = memory;
    this.#length = length;
    if (length <= COPY_LIMIT) this.#at = client.pipeline.stash(length);
    if (this.#at !== 0) {
      bytes.copyWithin(this.#at, start, start + length);
      return;
    }
    this.#heap = engine.copyOf(start, length);
    client.pipeline.hold(length);
  }

  /** @returns the request, which is not counted any longer */
  take(): Buffer {
    const at = this.#at;
    const bytes = this.#heap ?? Buffer.from(this.#memory.subarray(at, at + this.#length));
    this.drop();
    return bytes;
  }

  /** It is answered. */
  drop(): void {
    if (this.#at !== 0) this.#pipeline.unstash(this.#at, this.#length);
    else if (this.#heap !== null) this.#pipeline.free(this.#length);
    this.#at = 0;
    this.#heap = null;
  }
}
