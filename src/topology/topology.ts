import { randomBytes } from 'node:crypto';
import { RingwayError } from '../errors.ts';
import { goesOn } from '../net/addresses/place.ts';
import type { FollowedShard, ShardContext } from './followed-shard.ts';
import { WitnessSet } from './promotion/witness-set.ts';
import { ReplicatedShard, type Witnessed } from './replicated-shard.ts';
import { SentinelSet } from './sentinel-set.ts';
import { SentinelShard } from './sentinel-shard.ts';
import type { KnownShard, ShardSpec, ShardView, TopologyOptions } from './shard.ts';
import type { ShardStart } from './shard-watch.ts';

/**
 * Where the masters of all pools with sentinels or replicas are. There is one for all processes of
 * a proxy.
 */
export class Topology implements ShardContext {
  readonly #options: TopologyOptions;
  readonly #sets: Map<string, SentinelSet> = new Map();
  readonly #witnesses: Map<string, WitnessSet> = new Map();
  /** Of this process, at witnesses. */
  readonly #id: string = randomBytes(12).toString('hex');
  #shards: Map<string, FollowedShard> = new Map();
  #frozen = false;

  constructor(options: TopologyOptions) {
    this.#options = options;
  }

  /**
   * Follows these shards from now on; those that are followed already go on.
   * @param known where another process has found them
   */
  follow(specs: readonly ShardSpec[], known: readonly KnownShard[] = []): void {
    const before = this.#shards;
    this.#shards = new Map();
    for (const spec of specs) {
      const key = JSON.stringify(spec);
      const name = nameOf(spec.pool, spec.server);
      const old = before.get(name);
      if (old?.key === key) {
        before.delete(name);
        old.spec = spec;
        this.#shards.set(name, old);
        continue;
      }
      const place = known.find(({ pool, server }) => nameOf(pool, server) === name);
      const heirOf = old !== undefined && isMeant(spec, old) ? old : null;
      const start = heirOf?.start ?? place ?? { address: spec.address, epoch: 0 };
      const shard = this.#newShard(spec, key, start);
      this.#shards.set(name, shard);
      shard.inherit(heirOf?.readers ?? place?.readers ?? []);
      shard.begin(start);
    }
    for (const shard of before.values()) shard.stop();
    for (const [key, set] of this.#sets) {
      if (!set.isEmpty) continue;
      set.close();
      this.#sets.delete(key);
    }
    for (const [key, set] of this.#witnesses) {
      if (set.users > 0) continue;
      set.close();
      this.#witnesses.delete(key);
    }
  }

  #newShard(spec: ShardSpec, key: string, start: ShardStart): FollowedShard {
    return spec.sentinels.length > 0
      ? new SentinelShard(spec, key, start, this, this.#setOf(spec))
      : new ReplicatedShard(spec, key, start, this, this.#witnessed(spec));
  }

  #witnessed({ promotion, serverLogin, tls }: ShardSpec): Witnessed | null {
    if (promotion === null) return null;
    const { witnesses: addresses, access } = promotion;
    const key = JSON.stringify([addresses, access, tls]);
    let witnesses = this.#witnesses.get(key);
    if (witnesses === undefined) {
      const { clock, say } = this.#options;
      const login = { login: serverLogin, tls };
      witnesses = new WitnessSet(addresses, login, clock, (text) => say(text, null));
      this.#witnesses.set(key, witnesses);
    }
    return { witnesses, id: this.#id };
  }

  /** What a process that hands over has found out until now. */
  learn(known: readonly KnownShard[]): void {
    for (const each of known) this.#shards.get(nameOf(each.pool, each.server))?.learn(each);
  }

  #setOf({ sentinels, sentinelAccess, sentinelLogin, sentinelTls }: ShardSpec): SentinelSet {
    const access = { login: sentinelLogin, tls: sentinelTls };
    const key = JSON.stringify([sentinels, sentinelAccess, sentinelTls]);
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const { clock, say } = this.#options;
    const set = new SentinelSet(sentinels, access, clock, (text) => say(text, null));
    this.#sets.set(key, set);
    return set;
  }

  get options(): TopologyOptions {
    return this.#options;
  }

  /** Requests of clients wait for a server. */
  onTrouble(pool: string, server: string): void {
    this.#shards.get(nameOf(pool, server))?.onTrouble();
  }

  /** @throws Error when there is no such shard, or no sentinel does it */
  async failover(pool: string, server: string): Promise<object> {
    const shard = this.#shards.get(nameOf(pool, server));
    if (shard === undefined) {
      throw new RingwayError('RINGWAY_USAGE', `no server ${server} of a pool ${pool} is followed`);
    }
    if (this.#frozen) {
      throw new RingwayError('RINGWAY_USAGE', 'the topology is frozen, until: topology resume');
    }
    return { pool, server, ...(await shard.failover()) };
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /**
   * While it is frozen servers stay where they are; afterwards they go where they belong. A
   * promotion that is under way is waited for first: what its old master is sent would be lost.
   */
  set frozen(frozen: boolean) {
    if (frozen === this.#frozen) return;
    this.#frozen = frozen;
    for (const shard of this.#shards.values()) {
      if (frozen) shard.freeze();
      else shard.resume();
    }
  }

  /** For another process, which goes on from there. */
  get known(): KnownShard[] {
    return [...this.#shards.values()].map(({ spec: { pool, server }, start, readers }) => {
      return { pool, server, ...start, ...(readers.length > 0 ? { readers } : {}) };
    });
  }

  get views(): ShardView[] {
    return [...this.#shards.values()].map((shard) => shard.view);
  }

  stop(): void {
    this.follow([]);
  }
}

/** Whether another configuration means the shard that is followed. */
function isMeant({ address }: ShardSpec, { spec, start }: FollowedShard): boolean {
  return goesOn(address, { line: spec.address, now: start.address });
}

function nameOf(pool: string, server: string): string {
  return JSON.stringify([pool, server]);
}
