import type { Done } from '../../clients/history.ts';
import type { Shards } from './shards.ts';

interface Heard {
  /** Who carried out the write. */
  readonly server: string;
  readonly doneAt: number;
  /** When a client of the proxy heard of it. */
  readonly heardAt: number;
}

/**
 * A proxy acknowledges writes of one master of a shard at a time: what is asked after it has
 * acknowledged one of the new master does not go to the old one, unless that was promoted again, or
 * the new one was turned back into a replica.
 */
export class Masters {
  readonly #complaints: { readonly shard: string; readonly text: string }[] = [];
  readonly #shards: Shards;
  readonly #heard: Map<string, Heard> = new Map();

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  /** @param collided shards that have had two masters of one epoch */
  complaintsBut(collided: ReadonlySet<string>): string[] {
    return this.#complaints.flatMap(({ shard, text }) => (collided.has(shard) ? [] : text));
  }

  #promotedAt(server: string): number {
    return this.#shards.servers.find(({ name }) => name === server)?.promotedAt ?? 0;
  }

  /** A client of `proxy` was told that its write is carried out. */
  acknowledged(proxy: number, { server, at }: Done, sentAt: number, now: number): void {
    const shard = this.#shards.shardOf(server);
    const key = `${proxy} ${shard}`;
    const before = this.#heard.get(key);
    if (before === undefined || at > before.doneAt) {
      this.#heard.set(key, { server, doneAt: at, heardAt: now });
    }
    if (before === undefined || before.server === server || sentAt <= before.heardAt) return;
    const promotedAt = this.#promotedAt(server);
    // The one of before was the old one, which nobody could know.
    const isNewer = promotedAt > this.#promotedAt(before.server);
    if (promotedAt > before.doneAt || isNewer || !this.#shards.isReplaced(server)) return;
    const afterMs = Math.round((sentAt - before.heardAt) / 1000);
    const asked = `asked ${afterMs} ms after one of ${before.server}`;
    this.#complaints.push({
      shard,
      text: `proxy${proxy} acknowledges a write of ${server}, ${asked}`,
    });
  }
}
