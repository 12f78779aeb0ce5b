import type { Address, MasterFacts, SentinelEvent } from './facts.ts';
import { addressOf, addressText } from './facts.ts';
import { FollowedShard, type ShardContext } from './followed-shard.ts';
import { RoleProbe } from './role-probe.ts';
import { ShardServers } from './roles/shard-servers.ts';
import type { MasterListener, SentinelSet } from './sentinel-set.ts';
import type { ShardSpec, ShardView } from './shard.ts';
import { type ShardPlace, type ShardStart, ShardWatch } from './shard-watch.ts';

/** A shard that sentinels know: its watch, and the servers that are asked for their role. */
export class SentinelShard extends FollowedShard implements MasterListener {
  readonly #set: SentinelSet;
  readonly #watch: ShardWatch;
  /** Only where replicas are read. */
  protected readonly servers: ShardServers | null;
  #listed = '';
  /** A sentinel has answered. */
  #informed = false;
  #probe: RoleProbe | null = null;

  constructor(
    spec: ShardSpec,
    key: string,
    start: ShardStart,
    context: ShardContext,
    set: SentinelSet,
  ) {
    super(spec, key, start, context);
    const { clock, say } = context.options;
    const { tls, reads } = spec;
    const access = { clock, tls, login: () => this.spec.serverLogin() };
    this.#set = set;
    this.servers = reads.from === 'master' ? null : new ShardServers(access, () => this.review());
    this.#watch = new ShardWatch(
      start,
      spec.sentinels.length,
      {
        hold: () => this.steer('hold'),
        release: () => this.steer('release'),
        move: () => {
          this.steer('move');
          this.#ask();
        },
        probe: (server) => this.#probeRole(server),
        stopProbe: () => this.#stopProbe(),
        askSentinels: () => set.onTrouble(spec.master),
        say: (text) => say(text, this.spec),
      },
      () => clock.now(),
    );
    set.add(spec.master, this);
  }

  override begin(start: ShardStart): void {
    super.begin(start);
    this.#watch.begin(start);
    this.#ask();
  }

  learn(start: ShardStart): void {
    this.#watch.learn(start);
  }

  get place(): ShardPlace {
    return this.#watch.place;
  }

  protected get watched(): ShardStart {
    return this.#watch.start;
  }

  protected get switching(): boolean {
    return this.#watch.state === 'switching';
  }

  protected describe(): Pick<ShardView, 'state' | 'replicas' | 'sentinels' | 'sentinelsUp'> {
    const [sentinelsUp, sentinels] = this.#set.up;
    return { state: this.#watch.state, replicas: this.#watch.replicas, sentinelsUp, sentinels };
  }

  onTrouble(): void {
    this.#set.onTrouble(this.spec.master);
  }

  async failover(): Promise<object> {
    return { sentinel: await this.#set.failover(this.spec.master) };
  }

  onView(
    sentinel: number,
    facts: MasterFacts,
    replicas: ReadonlySet<string>,
    healthy: ReadonlySet<string>,
  ): void {
    this.#watch.onView(sentinel, facts, replicas, healthy);
    this.#informed = true;
    this.#ask();
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

  /**
   * The master and the replicas that most sentinels list are asked themselves; until these answer,
   * those that were read before.
   */
  #ask(): void {
    const { servers, place } = this;
    if (servers === null) return;
    const before = this.readers.flatMap((each) => (each === null ? [] : [addressText(each)]));
    const replicas = this.#informed ? this.#watch.replicas : before;
    const listed = JSON.stringify([place.address, replicas]);
    if (listed === this.#listed) return;
    this.#listed = listed;
    const found = replicas.map((text) => {
      const colon = text.lastIndexOf(':');
      return addressOf(text.slice(0, colon), text.slice(colon + 1));
    });
    servers.set([place.address, ...found.filter((each) => each !== null)]);
    this.review();
  }

  #probeRole(server: Address): void {
    this.#stopProbe();
    const { tls } = this.spec;
    const target = { kind: 'tcp', ...server, path: '', tls } as const;
    this.#probe = new RoleProbe(
      target,
      () => this.spec.serverLogin(),
      this.context.options.clock,
      (master) => this.#watch.onRole(server, master),
    );
  }

  #stopProbe(): void {
    this.#probe?.stop();
    this.#probe = null;
  }

  stop(): void {
    this.#stopProbe();
    this.servers?.close();
    this.#set.remove(this.spec.master, this);
  }
}
