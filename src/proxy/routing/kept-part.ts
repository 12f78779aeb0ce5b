import type { ClientConnection } from '../client/client-connection.ts';
import type { Kept } from '../client/stored-reply.ts';

/**
 * What one server said of a reply that is put together from several: kept until all is there, in
 * the client's stash, or on the heap when it is large or comes in pieces.
 */
export class KeptPart {
  /** Its address in the stash; 0 = it is not there. */
  stash = 0;
  #room = 0;
  /** Bytes of it so far. */
  length = 0;
  #heap: Buffer[] | null = null;

  get onHeap(): boolean {
    return this.#heap !== null;
  }

  /**
   * Keeps all of it in the stash. @param room bytes to take there, `length` at least
   * @returns its address; 0 when there is no place for it
   */
  putIntoStash(client: ClientConnection, start: number, length: number, room: number): number {
    const { memory, slabs } = client.pool.engine;
    const at = room <= slabs.largeBytes ? client.pipeline.stash(room) : 0;
    if (at === 0) return 0;
    memory.copyWithin(at, start, start + length);
    this.stash = at;
    this.#room = room;
    this.length = length;
    return at;
  }

  /** Keeps a piece on the heap. @param whole hears when the client is gone */
  addPiece(client: ClientConnection, whole: Kept, start: number, length: number): void {
    this.#heap ??= [];
    this.#heap.push(client.pool.engine.copyOf(start, length));
    this.length += length;
    client.pipeline.keep(whole, length);
  }

  /** Nothing is kept any more. */
  giveBack({ pipeline }: ClientConnection): void {
    if (this.stash !== 0) pipeline.unstash(this.stash, this.#room);
    else if (this.#heap !== null) pipeline.free(this.length);
    this.stash = 0;
    this.length = 0;
    this.#heap = null;
  }

  /** All of it, wherever it is. */
  contents({ pool }: ClientConnection): Buffer {
    if (this.stash !== 0) return pool.engine.copyOf(this.stash, this.length);
    return Buffer.concat(this.#heap ?? []);
  }
}
