import type { History } from '../../clients/history.ts';
import { labelOf } from '../../clients/values.ts';
import type { Keyspace } from '../../servers/keyspace.ts';
import type { SimRedis } from '../../servers/redis/sim-redis.ts';

/** Elements of queues in what a server holds, by the writes that put them there. */
function elementsOf(data: Keyspace): Set<number> {
  const found = new Set<number>();
  for (const { value } of data.snapshot()) {
    if (value?.type !== 'list') continue;
    for (const item of value.items) {
      const label = labelOf(item);
      if (label !== null) found.add(label.id);
    }
  }
  return found;
}

/**
 * No element of a queue whose push was acknowledged is lost, but by the servers' own doing: a
 * replica that takes over did not have it yet, a server has lost its data, or one that had been
 * replaced already took it, and threw it away when it heard of that.
 */
export class Losses {
  readonly #history: History;
  /** Elements that servers lost of themselves, and those that a replaced master had taken. */
  readonly #lost: Set<number> = new Set();
  readonly #thrownAway: Set<number> = new Set();

  constructor(history: History, servers: readonly SimRedis[]) {
    this.#history = history;
    for (const server of servers) {
      server.onWiped = () => this.#note(this.#lost, elementsOf(server.data));
      server.onResync = (kept) => {
        const thrown = elementsOf(server.data);
        for (const { value } of kept) {
          if (value?.type !== 'list') continue;
          for (const item of value.items) thrown.delete(labelOf(item)?.id ?? 0);
        }
        this.#note(this.#thrownAway, thrown);
      };
      server.onPromoted = ({ host }) => {
        const before = servers.find(({ address }) => address === host);
        if (before === undefined) return;
        const missing = elementsOf(before.data);
        for (const id of elementsOf(server.data)) missing.delete(id);
        this.#note(this.#lost, missing);
      };
    }
  }

  #note(set: Set<number>, ids: Iterable<number>): void {
    for (const id of ids) set.add(id);
  }

  /**
   * At the end. @param serving those whose data count
   * @param planned nothing but what clients must not lose anything of has happened
   */
  check(serving: readonly SimRedis[], planned: boolean): string[] {
    const held = new Set<number>();
    for (const { data } of serving) this.#note(held, elementsOf(data));
    const complaints: string[] = [];
    for (const id of this.#history.pushed) {
      if (held.has(id) || this.#history.popped.has(id) || this.#lost.has(id)) continue;
      if (this.#thrownAway.has(id) && !planned) continue;
      const how = this.#thrownAway.has(id) ? 'went to a master that was replaced' : 'is lost';
      complaints.push(`push ${id} was acknowledged and ${how}`);
    }
    return complaints;
  }
}
