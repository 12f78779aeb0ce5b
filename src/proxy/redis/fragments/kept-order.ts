import { PLACE_ORDER } from '../../../protocol/frame-table.ts';
import type { ClientConnection } from '../../client/client-connection.ts';

/**
 * Which fragment has the next key, for each key of a request: two bytes each, kept in the client's
 * stash until the replies are there, or on the heap.
 */
export class KeptOrder {
  readonly #client: ClientConnection;
  readonly keys: number;
  #at = 0;
  #heap: readonly number[] | null = null;

  /** @param order null = it stands in PLACE_ORDER, where Codec.fragment has put it */
  constructor(client: ClientConnection, keys: number, order: readonly number[] | null) {
    this.#client = client;
    this.keys = keys;
    if (order === null) this.#at = client.pipeline.stash(keys * 2);
    if (this.#at === 0) this.#heap = order ?? this.#numbers(PLACE_ORDER);
    else client.pool.engine.bytes.copyWithin(this.#at, PLACE_ORDER, PLACE_ORDER + keys * 2);
  }

  /** Its address in the arena, 0 = it is not there. */
  get address(): number {
    return this.#at;
  }

  numbers(): readonly number[] {
    return this.#heap ?? this.#numbers(this.#at);
  }

  #numbers(at: number): number[] {
    const { bytes } = this.#client.pool.engine;
    const list: number[] = [];
    for (let i = 0; i < this.keys; i++) list.push(bytes[at + i * 2] | (bytes[at + i * 2 + 1] << 8));
    return list;
  }

  giveBack(): void {
    if (this.#at !== 0) this.#client.pipeline.unstash(this.#at, this.keys * 2);
    this.#at = 0;
    this.#heap = null;
  }
}
