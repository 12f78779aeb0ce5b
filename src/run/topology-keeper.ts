import type { Config, Members } from '../config/index.ts';
import { SLOTS } from '../distribution/slots.ts';
import { RingwayError } from '../errors.ts';
import { LOG_NOTICE, LOG_WARN, type Log } from '../log.ts';
import type { ReplicaSnapshot } from '../stats/snapshot.ts';
import type { ServiceFigures, TopologyFigures } from '../stats/topology-figures.ts';
import { SYSTEM_CLOCK } from '../topology/clock.ts';
import { Clusters, type ClusterView } from '../topology/cluster/clusters.ts';
import { type Address, addressText } from '../topology/facts.ts';
import { type AnyStep, isCluster, isPeers, type Known, stepsTo } from '../topology/known.ts';
import type { MembersView } from '../topology/names/ring-members.ts';
import { RESOLVE_SRV } from '../topology/names/srv-members.ts';
import { SrvWatch } from '../topology/names/srv-watch.ts';
import { Peers } from '../topology/peers/peers.ts';
import type { KnownShard, ShardView } from '../topology/shard.ts';
import { Topology } from '../topology/topology.ts';
import { MemberKeeper } from './members/member-keeper.ts';
import { NameKeeper } from './name-keeper.ts';
import type { KnownAddresses, Serving } from './serving.ts';
import {
  clustersOf,
  isMeant,
  peersOf,
  shardsOf,
  srvNamesOf,
  unknownClusters,
  unknownShards,
} from './shard-specs.ts';

/** What is known of names, for another process. */
interface KnownNames {
  readonly members?: Members;
  readonly addresses?: KnownAddresses;
}

const NOWHERE: Pick<Serving, 'steer'> = { steer: () => {} };

/** Follows the masters of a program's pools, whoever answers its clients. */
export class TopologyKeeper {
  readonly #topology: Topology;
  readonly #clusters: Clusters;
  readonly #peers: Peers;
  #serving: Pick<Serving, 'steer'> = NOWHERE;
  /** What another process had found out, until it is followed here. */
  #inherited: readonly Known[];
  /** The same for what is followed when it is known who tells of it. */
  #later: readonly Known[] = [];
  readonly #listed: SrvWatch;
  readonly #listing = (name: string): readonly Address[] | null => this.#listed.membersOf(name);
  #config: Config | null = null;

  /** Where their names lead. */
  readonly names: NameKeeper;
  /** What rings are made of, where SRV records say that. */
  readonly members: MemberKeeper;

  /**
   * @param known what another process has found out @param frozen and must stay so
   * @param names what it has made rings of, and where names led for it
   */
  constructor(log: Log, known: readonly Known[] = [], frozen = false, names: KnownNames = {}) {
    this.#inherited = known;
    this.members = new MemberKeeper(log, (name) => this.#listed.heard(name), names.members ?? {});
    this.members.frozen = frozen;
    this.names = new NameKeeper(log, names.addresses);
    this.names.frozen = frozen;
    this.#topology = new Topology({
      clock: SYSTEM_CLOCK,
      steer: (step) => this.#steer(step),
      say: (text, shard) => {
        if (shard === null) {
          log.write(LOG_WARN, text, { event: text.includes('witness') ? 'witness' : 'sentinel' });
          return;
        }
        const { pool, server } = shard;
        log.write(LOG_NOTICE, `${pool} | ${server}: ${text}`, { event: 'failover', pool, server });
      },
    });
    this.#clusters = new Clusters({
      clock: SYSTEM_CLOCK,
      steer: (step) => this.#steer(step),
      say: (text, pool) => {
        log.write(LOG_NOTICE, `${pool} | cluster: ${text}`, { event: 'cluster', pool });
      },
    });
    this.#peers = new Peers({
      clock: SYSTEM_CLOCK,
      steer: (step) => this.#steer(step),
      say: (text, pool) => log.write(LOG_NOTICE, `${pool} | ${text}`, { event: 'peer', pool }),
    });
    this.#listed = new SrvWatch({
      clock: SYSTEM_CLOCK,
      resolve: RESOLVE_SRV,
      onMembers: () => this.#onListed(),
      say: (text) => log.write(LOG_NOTICE, text, { event: 'name' }),
    });
    this.#topology.frozen = frozen;
    this.#clusters.frozen = frozen;
  }

  /** Begins, with those who answer clients and know what `known` says already. */
  start(
    serving: Pick<Serving, 'steer' | 'setAddresses'>,
    config: Config,
    members: Members = {},
  ): void {
    this.#serving = serving;
    this.names.start(serving, config);
    this.#later = this.#inherited;
    this.#inherited = [];
    this.#followAll(config, members);
  }

  #followAll(config: Config, members: Members): void {
    this.#config = config;
    this.#listed.follow(srvNamesOf(config));
    this.members.follow(config, members);
    this.#followMasters();
    this.#peers.follow(peersOf(config), this.#later.filter(isPeers));
  }

  /** By whoever tells of them, as far as SRV records have listed these. */
  #followMasters(): void {
    if (this.#config === null) return;
    const shards = shardsOf(this.#config, this.#listing);
    this.#topology.follow(shards, this.#later.filter(isShard));
    this.#clusters.follow(clustersOf(this.#config, this.#listing), this.#later.filter(isCluster));
  }

  /** Of those that are followed only now others may have been told what does not hold any more. */
  #onListed(): void {
    const before = this.#found;
    this.#followMasters();
    this.#tell(this.#found.filter((each) => !before.some(isOf(each))));
  }

  /** Tells all of it, but what is not to be done while it is frozen. */
  #tell(known: readonly Known[]): void {
    const told = known.filter((each) => !(this.frozen && isCluster(each)));
    for (const step of stepsTo(told)) this.#steer(step);
  }

  #steer(step: AnyStep): void {
    this.#serving.steer(step);
  }

  /**
   * The program goes on with another configuration. Who answers clients is told all again: what was
   * said while that was taken over went by names that may mean other servers now.
   * @param members what SRV records list, as its rings are made of it
   */
  follow(config: Config, members: Members = {}): void {
    const before = this.#config;
    this.names.follow(config);
    // What is not followed until SRV records list who tells of it is not forgotten.
    this.#later = this.known.filter((each) => isMeant(each, before, config));
    this.#followAll(config, members);
    this.#tell(this.known);
  }

  /** What the process that hands over has found out since it said what it knew. */
  learn(known: readonly Known[]): void {
    this.#later = this.#later.map((each) => known.filter(isShard).find(isOf(each)) ?? each);
    this.#topology.learn(known.filter(isShard));
  }

  /** @param isHint a node of a cluster redirects requests, nobody waits */
  onTrouble(pool: string, server: string, isHint: boolean): void {
    if (isHint) this.#clusters.onHint(pool, server);
    else {
      this.#topology.onTrouble(pool, server);
      this.#clusters.onTrouble(pool);
    }
  }

  /** Where masters are, for another process. */
  get known(): readonly Known[] {
    if (this.#inherited.length > 0) return this.#inherited;
    return [...this.#found, ...this.#later.filter((each) => this.#isAwaited(each))];
  }

  get #found(): readonly Known[] {
    return [...this.#topology.known, ...this.#clusters.known, ...this.#peers.known];
  }

  /** Whether it is to be followed as soon as SRV records say who tells of it. */
  #isAwaited(known: Known): boolean {
    const pool = this.#config?.pools.find(({ name }) => name === known.pool);
    if (pool === undefined || isPeers(known)) return false;
    if (isCluster(known)) return pool.cluster && !this.#clusters.known.some(isOf(known));
    return pool.followsMaster && !pool.cluster && !this.#topology.known.some(isOf(known));
  }

  /** @throws RingwayError RINGWAY_USAGE when there is no such shard, or no sentinel does it */
  failover(pool: string, server: string): Promise<object> {
    return this.#topology.failover(pool, server);
  }

  /** What `ringway ctl topology` prints. */
  get view(): object {
    const { views: members } = this.members;
    return { frozen: this.frozen, shards: this.#shards, clusters: this.#clusterViews, members };
  }

  /** Those of whom nobody tells yet are where requests go. */
  get #shards(): ShardView[] {
    const unknown = this.#config === null ? [] : unknownShards(this.#config, this.#listing);
    const awaited = unknown.map((view): ShardView => {
      const known = this.#later.filter(isShard).find(isOf(view));
      return known === undefined ? view : { ...view, ...placeOf(known) };
    });
    return [...this.#topology.views, ...awaited];
  }

  get #clusterViews(): ClusterView[] {
    const unknown = this.#config === null ? [] : unknownClusters(this.#config, this.#listing);
    return [...this.#clusters.views, ...unknown];
  }

  /** What metrics tell of it. */
  get figures(): TopologyFigures {
    const clusters = this.#clusterViews.map((view) => {
      return { ...view, slotsUnowned: SLOTS - view.slotsOwned };
    });
    const names = this.#config === null ? [] : srvNamesOf(this.#config);
    const rings = this.members.views;
    const services = names.map(({ pool, name, isRing }): ServiceFigures => {
      const ring = isRing ? rings.find((each) => each.name === name) : undefined;
      const members = this.#listing(name)?.length ?? 0;
      return { pool, name, members, ring: ring === undefined ? null : pendingOf(ring) };
    });
    const { changes: memberChanges, errors: memberErrors } = this.members.counts;
    const counts = { memberChanges, memberErrors };
    return { frozen: this.frozen, shards: this.#shards, clusters, services, ...counts };
  }

  /**
   * Rings are made of what SRV records list now, by order of an operator.
   * @throws RingwayError RINGWAY_USAGE when nothing comes of that
   */
  acceptMembers(name: string): void {
    if (this.frozen) throw new RingwayError('RINGWAY_USAGE', 'the topology is frozen');
    this.members.accept(name);
  }

  /** Servers that are asked for their role. */
  get replicas(): ReplicaSnapshot[] {
    const ofShards = this.#topology.views.flatMap(({ pool, server, servers }) =>
      servers.map((each) => ({ pool, server, ...each })),
    );
    return [...ofShards, ...this.#clusters.replicas];
  }

  /** Servers stay where they are, also in a process that takes over. */
  get frozen(): boolean {
    return this.#topology.frozen;
  }

  set frozen(frozen: boolean) {
    this.#topology.frozen = frozen;
    this.#clusters.frozen = frozen;
    this.names.frozen = frozen;
    this.members.frozen = frozen;
  }

  stop(): void {
    this.names.stop();
    this.members.stop();
    this.#config = null;
    this.#listed.stop();
    this.#topology.stop();
    this.#clusters.stop();
    this.#peers.stop();
  }
}

function pendingOf({ coming, leaving, withheld }: MembersView): ServiceFigures['ring'] {
  return { pending: coming.length + leaving.length, withheld: withheld.length };
}

function placeOf({ address, epoch }: KnownShard): Pick<ShardView, 'address' | 'epoch'> {
  return { address: addressText(address), epoch };
}

/** About the same shard, or the same cluster. */
function isOf(known: Pick<Known, 'pool'>): (other: Known) => boolean {
  const { pool, server } = known as Partial<KnownShard>;
  return (other) => other.pool === pool && (other as Partial<KnownShard>).server === server;
}

function isShard(known: Known): known is KnownShard {
  return !isCluster(known) && !isPeers(known);
}
