import { COPY_LIMIT } from '../../limits.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { SpecialRequest } from './request.ts';

/**
 * A copy of a request that may have to be made again, among what is kept for its client. One after
 * the other's.
 */
export class KeptRequest {
  #length = 0;
  /** In the client's stash; 0 = on the heap, or nowhere. */
  #at = 0;
  #heap: Buffer | null = null;

  keep({ client, start, length }: SpecialRequest): void {
    const { memory, bytes } = client.pool.engine;
    this.#length = length;
    if (length <= COPY_LIMIT) this.#at = client.pipeline.stash(length);
    if (this.#at !== 0) {
      bytes.copyWithin(this.#at, start, start + length);
      return;
    }
    this.#heap = Buffer.allocUnsafeSlow(length);
    memory.copy(this.#heap, 0, start, start + length);
    client.pipeline.hold(length);
  }

  /** @returns the request, which is not counted any longer */
  take(client: ClientConnection): Buffer {
    const { memory } = client.pool.engine;
    const at = this.#at;
    const bytes = this.#heap ?? Buffer.from(memory.subarray(at, at + this.#length));
    this.drop(client);
    return bytes;
  }

  /** It is answered. */
  drop({ pipeline }: ClientConnection): void {
    if (this.#at !== 0) pipeline.unstash(this.#at, this.#length);
    else if (this.#heap !== null) pipeline.free(this.#length);
    this.#at = 0;
    this.#heap = null;
  }
}
