import { type History, writeName } from '../../clients/history.ts';
import { labelOf } from '../../clients/values.ts';
import type { KeyEffect } from '../../servers/keyspace.ts';
import { SimRedis } from '../../servers/redis/sim-redis.ts';
import type { ServerProcess } from '../../servers/server-process.ts';

/** Values and elements of queues in what a server holds, by the writes that put them there. */
function writesIn(effects: readonly KeyEffect[]): Set<string> {
  const found = new Set<string>();
  for (const { value } of effects) {
    if (value === null) continue;
    for (const bytes of value.type === 'list' ? value.items : [value.bytes]) {
      const label = labelOf(bytes);
      if (label !== null) found.add(writeName(label.id, label.key));
    }
  }
  return found;
}

function writesOf({ data }: ServerProcess): Set<string> {
  return writesIn(data.snapshot());
}

/**
 * Nothing whose write was acknowledged is lost, but by the servers' own doing: a replica that takes
 * over did not have it yet, a server has lost its data, one that had been replaced already took it,
 * and threw it away when it heard of that, or a node did so with the keys of a slot that it lost.
 */
export class Losses {
  readonly #history: History;
  /** What servers lost of themselves, and what a replaced master had taken. */
  readonly #lost: Set<string> = new Set();
  readonly #thrownAway: Set<string> = new Set();

  constructor(history: History, servers: readonly ServerProcess[]) {
    this.#history = history;
    for (const server of servers) {
      server.onWiped = () => this.#noteGone(writesOf(server));
      if (!(server instanceof SimRedis)) continue;
      server.onDropped = (effects) => this.#noteGone(writesIn(effects));
      server.onResync = (kept) => {
        const thrown = writesOf(server);
        for (const name of writesIn(kept)) thrown.delete(name);
        this.#note(this.#thrownAway, thrown);
      };
      server.onPromoted = ({ host }) => {
        const before = servers.find(({ address }) => address === host);
        if (before === undefined) return;
        const missing = writesOf(before);
        for (const name of writesOf(server)) missing.delete(name);
        this.#note(this.#lost, missing);
      };
    }
  }

  #noteGone(names: ReadonlySet<string>): void {
    this.#note(this.#lost, names);
    this.#note(this.#history.gone, names);
  }

  #note(set: Set<string>, names: Iterable<string>): void {
    for (const name of names) set.add(name);
  }

  /**
   * At the end. @param serving those whose data count
   * @param planned nothing but what clients must not lose anything of has happened
   */
  check(serving: readonly ServerProcess[], planned: boolean): string[] {
    const { kept, replacedOrTaken } = this.#history;
    const held = new Set<string>();
    for (const server of serving) this.#note(held, writesOf(server));
    const complaints: string[] = [];
    for (const name of kept) {
      if (held.has(name) || replacedOrTaken.has(name) || this.#lost.has(name)) continue;
      if (this.#thrownAway.has(name) && !planned) continue;
      const how = this.#thrownAway.has(name) ? 'went to a master that was replaced' : 'is lost';
      complaints.push(`write ${name.replace(' ', ' of ')} was acknowledged and ${how}`);
    }
    return complaints;
  }
}
