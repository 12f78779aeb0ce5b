import type { DialTarget } from '../net/dial.ts';
import type { Clock } from './clock.ts';
import { type Address, type MasterFacts, type SentinelEvent, sameAddress } from './facts.ts';
import { RoleProbe } from './role-probe.ts';
import { SentinelSet } from './sentinel-set.ts';
import { type ShardPlace, type ShardStart, ShardWatch } from './shard-watch.ts';

/** A server of a pool whose master is to be followed. */
export interface ShardSpec {
  readonly pool: string;
  readonly server: string;
  /** What sentinels call it. */
  readonly master: string;
  /** Where it is until sentinels have said so. */
  readonly address: Address;
  readonly sentinels: readonly Address[];
  /** Stands for the login to the sentinels: another text, another login; not the login itself. */
  readonly sentinelAccess: string;
  /** Words of AUTH for the sentinels, asked each time: they may change; null = not said. */
  sentinelLogin(): readonly string[] | null;
  /** The same for the servers. */
  serverLogin(): readonly string[] | null;
  /** How servers are reached. */
  readonly tls: DialTarget['tls'];
  /** The same of sentinels. */
  readonly sentinelTls: DialTarget['tls'];
}

/** What is to be done to a server of a pool. */
export interface Step {
  readonly pool: string;
  readonly server: string;
  readonly action: 'hold' | 'release' | 'move';
  /** Where the server is, or where it moves to. */
  readonly host: string;
  readonly port: number;
}

/** Where a shard is, for another process. */
export interface KnownShard extends ShardStart {
  readonly pool: string;
  readonly server: string;
}

/** Where a shard is, for people. */
export interface ShardView {
  readonly pool: string;
  readonly server: string;
  readonly master: string;
  readonly address: string;
  readonly epoch: number;
  readonly state: string;
  readonly replicas: readonly string[];
  readonly sentinelsUp: number;
  readonly sentinels: number;
}

/** What a topology needs of whoever runs it. */
export interface TopologyOptions {
  readonly clock: Clock;
  steer(step: Step): void;
  /** One line for the log; about a shard, or about a sentinel. */
  say(text: string, shard: ShardSpec | null): void;
}

/** Where the masters of all pools with sentinels are. There is one for all processes of a proxy. */
export class Topology {
  readonly #options: TopologyOptions;
  readonly #sets: Map<string, SentinelSet> = new Map();
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
      const goesOn = old !== undefined && sameAddress(old.spec.address, spec.address);
      const start = goesOn ? old.start : (place ?? { address: spec.address, epoch: 0 });
      const shard = new FollowedShard(spec, key, start, this.#setOf(spec), this);
      this.#shards.set(name, shard);
      shard.begin(start);
    }
    for (const shard of before.values()) shard.stop();
    for (const [key, set] of this.#sets) {
      if (!set.isEmpty) continue;
      set.close();
      this.#sets.delete(key);
    }
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
    if (shard === undefined) throw new Error(`no server ${server} of a pool ${pool} is followed`);
    if (this.#frozen) throw new Error('the topology is frozen');
    return { pool, server, sentinel: await shard.failover() };
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
    return [...this.#shards.values()].map(({ spec: { pool, server }, start }) => {
      return { pool, server, ...start };
    });
  }

  get views(): ShardView[] {
    return [...this.#shards.values()].map((shard) => shard.view);
  }

  stop(): void {
    this.follow([]);
  }
}

function nameOf(pool: string, server: string): string {
  return JSON.stringify([pool, server]);
}

/** One shard: its watch, its sentinels, and the server that is asked for its role. */
class FollowedShard {
  /** Its login may become another. */
  spec: ShardSpec;
  readonly key: string;
  readonly #set: SentinelSet;
  readonly #topology: Topology;
  readonly #watch: ShardWatch;
  #probe: RoleProbe | null = null;
  /** Where requests go. */
  #steeredTo: Address;
  /** Though it is frozen, a promotion that was under way comes to its end. */
  #finishing = false;

  constructor(
    spec: ShardSpec,
    key: string,
    start: ShardStart,
    set: SentinelSet,
    topology: Topology,
  ) {
    const { clock, say } = topology.options;
    this.spec = spec;
    this.key = key;
    this.#set = set;
    this.#topology = topology;
    this.#steeredTo = start.address;
    this.#watch = new ShardWatch(
      start,
      {
        hold: () => this.steer('hold'),
        release: () => this.steer('release'),
        move: () => this.steer('move'),
        probe: (server) => this.#ask(server),
        stopProbe: () => this.#stopProbe(),
        askSentinels: () => set.onTrouble(spec.master),
        say: (text) => say(text, spec),
      },
      () => clock.now(),
    );
    set.add(spec.master, this);
  }

  /** Once, when it is followed. */
  begin(start: ShardStart): void {
    this.#finishing = (start.promoting ?? null) !== null;
    this.#watch.begin(start);
  }

  learn(start: ShardStart): void {
    this.#watch.learn(start);
  }

  get place(): ShardPlace {
    return this.#watch.place;
  }

  /** For whoever goes on from here: of a frozen one, what requests go to and not what is known. */
  get start(): ShardStart {
    return this.#stays ? { address: this.#steeredTo, epoch: 0 } : this.#watch.start;
  }

  /** Whatever happens, requests go on as they do. */
  get #stays(): boolean {
    return this.#topology.frozen && !this.#finishing;
  }

  freeze(): void {
    this.#finishing = this.#watch.state === 'switching';
  }

  /** It is not frozen any more. */
  resume(): void {
    if (this.#finishing) return;
    this.steer('move');
    if (this.#watch.state === 'switching') this.steer('hold');
  }

  get view(): ShardView {
    const { pool, server, master } = this.spec;
    const { address, epoch } = this.place;
    const [sentinelsUp, sentinels] = this.#set.up;
    return {
      ...{ pool, server, master },
      address: `${address.host}:${address.port}`,
      epoch,
      state: this.#watch.state,
      replicas: this.#watch.replicas,
      sentinelsUp,
      sentinels,
    };
  }

  steer(action: Step['action']): void {
    if (this.#stays) return;
    if (action !== 'hold') this.#finishing = false;
    const { pool, server } = this.spec;
    const { address } = this.place;
    this.#steeredTo = address;
    this.#topology.options.steer({ pool, server, action, ...address });
  }

  onTrouble(): void {
    this.#set.onTrouble(this.spec.master);
  }

  failover(): Promise<string> {
    return this.#set.failover(this.spec.master);
  }

  onView(sentinel: number, facts: MasterFacts, replicas: ReadonlySet<string>): void {
    this.#watch.onView(sentinel, facts, replicas);
  }

  onSilence(sentinel: number): void {
    this.#watch.onSilence(sentinel);
  }

  onEvent(sentinel: number, event: SentinelEvent): void {
    this.#watch.onEvent(sentinel, event);
  }

  onTick(): void {
    this.#watch.onTick();
  }

  #ask(server: Address): void {
    this.#stopProbe();
    const { tls } = this.spec;
    const target = { kind: 'tcp', ...server, path: '', tls } as const;
    this.#probe = new RoleProbe(
      target,
      () => this.spec.serverLogin(),
      this.#topology.options.clock,
      (master) => {
        this.#watch.onRole(server, master);
      },
    );
  }

  #stopProbe(): void {
    this.#probe?.stop();
    this.#probe = null;
  }

  stop(): void {
    this.#stopProbe();
    this.#set.remove(this.spec.master, this);
  }
}
