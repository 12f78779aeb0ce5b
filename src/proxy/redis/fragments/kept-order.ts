import { PLACE_ORDER } from '../../../protocol/frame-table.ts';
import type { ClientConnection } from '../../client/client-connection.ts';

/**
 * Which fragment has the next key, for each key of a request: two bytes each, kept in the client's
 * stash until the replies are there, or on the heap. One after the other's.
 */
export class KeptOrder {
  #keys = 0;
  #at = 0;
  #heap: readonly number[] | null = null;

  /** @param order null = it stands in PLACE_ORDER, where Codec.fragment has put it */
  keep(client: ClientConnection, keys: number, order: readonly number[] | null): void {
    const { bytes } = client.pool.engine;
    this.#keys = keys;
    this.#at = order === null ? client.pipeline.stash(keys * 2) : 0;
    if (this.#at === 0) this.#heap = order ?? this.#numbers(bytes, PLACE_ORDER);
    else bytes.copyWithin(this.#at, PLACE_ORDER, PLACE_ORDER + keys * 2);
  }

  /** Its address in the arena, 0 = it is not there. */
  get address(): number {
    return this.#at;
  }

  /** @param bytes of the arena */
  numbers(bytes: Uint8Array): readonly number[] {
    return this.#heap ?? this.#numbers(bytes, this.#at);
  }

  #numbers(bytes: Uint8Array, at: number): number[] {
    const list: number[] = [];
    for (let i = 0; i < this.#keys; i++)
      list.push(bytes[at + i * 2] | (bytes[at + i * 2 + 1] << 8));
    return list;
  }

  giveBack({ pipeline }: ClientConnection): void {
    if (this.#at !== 0) pipeline.unstash(this.#at, this.#keys * 2);
    this.#at = 0;
    this.#heap = null;
  }
}
