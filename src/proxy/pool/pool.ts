import type { PoolConfig } from '../../config/index.ts';
import { writePool } from '../../distribution/pool-descriptor.ts';
import { routeKey } from '../../distribution/route.ts';
import { LEASES_KEPT } from '../../limits.ts';
import {
  FRAME_TABLE,
  NO_SERVER,
  POOL_RANDOM,
  SCAN_PARTIAL,
  STATE_SERVER,
  STATE_STATUS,
  WINDOW,
  WINDOW_BYTES,
} from '../../protocol/frame-table.ts';
import { type PoolCounters, poolCounters } from '../../stats/counters.ts';
import { CLASSES, PoolLatency } from '../../stats/latency.ts';
import { FAILURE_REFUSED, type Failure, failureOf, UNOWNED } from '../backend/failure.ts';
import { openConnection } from '../backend/flight/open-connection.ts';
import { Leases } from '../backend/leases.ts';
import { PURPOSE_LEASE, PURPOSE_ORDER } from '../backend/owned-connection.ts';
import type { Engine } from '../engine/engine.ts';
import type { RingRegion } from '../engine/ring-arena.ts';
import { ConnectionBudget } from './connection-budget.ts';
import type { Order } from './connections/order.ts';
import { Doors } from './failover/doors.ts';
import { type HealthyPool, PoolHealth } from './health.ts';
import { Lanes } from './lanes.ts';
import { PoolNotes } from './notes/pool-notes.ts';
import { SlowLog } from './notes/slow-log.ts';
import { sameConnections, sameServerTls, sameSlowLog } from './pool-changes.ts';
import { ringOf } from './pool-ring.ts';
import type { PoolProtocol } from './protocol.ts';
import { RefusedDatabases } from './refused-databases.ts';
import { Server, type ServerPool } from './server.ts';
import { ClusterSlots, type SlotNode } from './slots/cluster-slots.ts';
import { RequestMoves } from './slots/request-moves.ts';

const INT32_MAX = 0x7fffffff;
const PLACEHOLDER = Buffer.from('placeholder');

/** A named listener and its servers. */
export class Pool implements ServerPool, HealthyPool {
  readonly engine: Engine;
  /** Replaced at once, between two turns, when the configuration is read again. */
  config: PoolConfig;
  readonly protocol: PoolProtocol;
  servers: readonly Server[];
  readonly counters: PoolCounters = poolCounters();
  /** Null when latencies are not measured. */
  readonly latency: PoolLatency | null;
  slowLog: SlowLog | null = null;
  /** Null when nothing is noted of single requests. */
  notes: PoolNotes | null = null;
  notedMicros: number = INT32_MAX;
  /** Where the ring is in the arena. */
  region: RingRegion;
  /** Address of the ring in the arena. */
  descriptor: number;
  /** By command: 1 where a request may be forwarded as it is; null = this pool refuses nothing. */
  allowed: Uint8Array | null = null;
  readonly health: PoolHealth;
  /** Those over which single clients hear messages: they count as leased. */
  subscriberConnections = 0;
  readonly lanes: Lanes;
  readonly refusedDatabases: RefusedDatabases = new RefusedDatabases();
  readonly budget: ConnectionBudget;
  /** Where clients find this proxy, and others. */
  readonly doors: Doors = new Doors(this);
  /** Who has which slots of a Redis Cluster; null = the pool is none. */
  slots: ClusterSlots | null = null;
  /** Sends requests where their slots are. */
  mover: RequestMoves | null = null;
  /** Told when indexes of servers are others than before. */
  onShifted: () => void = () => {};
  /** Told which server of the pool requests wait for, or were redirected by; by the names. */
  onTrouble: (pool: string, server: string, isHint: boolean) => void = () => {};
  readonly leases: Leases<Server>;
  /** Apart: those of clients may all be waiting for a server that is busy. */
  readonly orders: Leases<Server>;
  /** So many more lists of all servers are taken for long ones: one was, not long ago. */
  longLists = 0;
  /** Counts servers that gave way to others, which may lack what was written last. */
  moves = 0;
  /** When it was last told where its servers are, in milliseconds; 0 = never. */
  toldAt = 0;
  /** Counts the rings: another number says that a key may belong to another server. */
  ringNumber = 0;

  constructor(engine: Engine, config: PoolConfig, protocol: PoolProtocol, region: RingRegion) {
    this.protocol = protocol;
    this.engine = engine;
    this.config = config;
    this.region = region;
    this.descriptor = region.at;
    engine.words[region.at / 4 + POOL_RANDOM] = 0;
    this.latency = engine.measuresLatency ? new PoolLatency(config.servers.length) : null;
    this.lanes = new Lanes(config.redis ? config.redisDb : 0, (index) => {
      const lane = this.lanes.at(index);
      const users = [this.leases, this.orders, ...this.servers];
      return !users.some((each) => each.hasLane(lane));
    });
    this.leases = new Leases(
      (server, lane) =>
        openConnection(engine, server, lane, PURPOSE_LEASE, server.failover?.refusal),
      () => ({
        limit: this.config.maxLeasedConnections - this.subscriberConnections,
        kept: LEASES_KEPT,
        keptMs: this.config.leaseIdleMs,
      }),
      engine.deadlines,
    );
    this.orders = new Leases(
      (server, lane) => openConnection(engine, server, lane, PURPOSE_ORDER),
      () => ({ limit: this.config.maxLeasedConnections, kept: 0, keptMs: 0 }),
      engine.deadlines,
    );
    this.budget = new ConnectionBudget(() => this.servers);
    this.#applyLimits();
    this.#openNotes();
    this.servers = config.servers.map((server, i) => new Server(this, server, i, i * CLASSES));
    this.health = new PoolHealth(this);
    this.#followSlots();
    this.writeRing(new Uint8Array(config.servers.length).fill(1));
  }

  /** A cluster has slots, other pools have none. */
  #followSlots(): void {
    if (this.config.cluster === (this.slots !== null)) return;
    this.mover?.close();
    this.slots?.unowned.wake();
    this.slots = this.config.cluster ? new ClusterSlots(this) : null;
    this.mover = this.slots === null ? null : new RequestMoves(this as never, this.slots);
  }

  /** Goes on with another map of the cluster. */
  applySlots(nodes: readonly SlotNode[]): void {
    const { mover } = this;
    if (mover === null || this.slots === null) return;
    this.slots.apply(nodes, (requests, lane, from) => mover.heir(lane, from).adopt(requests));
    mover.hurry();
  }

  #applyLimits(): void {
    this.allowed = this.protocol.allowedCommands(this.config);
    const { servers, serverConnections, maxBackendConnections } = this.config;
    this.budget.limit = Math.max(servers.length * serverConnections, maxBackendConnections);
  }

  #openNotes(): void {
    const { config, protocol, engine } = this;
    const { slowlogMs } = config;
    const { log, budget, traces } = engine;
    const describe = (head: Buffer) => protocol.requestHead(head);
    this.slowLog?.reset();
    this.slowLog = slowlogMs === 0 ? null : new SlowLog({ config, log, budget, describe });
    const { slowLog } = this;
    const isNoted = slowLog !== null || traces !== null;
    this.notes = isNoted ? new PoolNotes({ config, slowLog, traces, describe }) : null;
    this.notedMicros = this.notes?.threshold ?? INT32_MAX;
  }

  /**
   * Goes on with another configuration of the same protocol; clients stay connected.
   * @param region for its ring @returns the region that is free now
   */
  reconfigure(config: PoolConfig, region: RingRegion): RingRegion {
    const { config: before, region: freed, engine } = this;
    engine.words[region.at / 4 + POOL_RANDOM] = engine.words[freed.at / 4 + POOL_RANDOM];
    this.config = config;
    this.region = region;
    this.descriptor = region.at;
    if (!sameSlowLog(before, config)) this.#openNotes();
    this.lanes.first.db = config.redis ? config.redisDb : 0;
    this.#followSlots();
    this.#applyLimits();
    this.refusedDatabases.clear();
    const known = new Map(this.servers.map((server) => [server.name, server]));
    const indexes = config.servers.map(({ name }) => known.get(name)?.index ?? -1);
    const replaced = new Set<Server>();
    const isSame = sameConnections(before, config);
    this.servers = config.servers.map((line, i) => {
      const server = known.get(line.name);
      if (server === undefined) return new Server(this, line, i, this.latency?.add() ?? 0);
      if (isSame && server.isMeantBy(line) && sameServerTls(server.config, line)) {
        known.delete(line.name);
        server.reconfigure(line, i);
        return server;
      }
      replaced.add(server);
      return new Server(this, line, i, server.firstSeries, server);
    });
    for (const server of known.values()) {
      server.leave(() => {
        if (!replaced.has(server)) this.latency?.remove(server.firstSeries);
      });
    }
    this.health.reconfigure(indexes);
    this.protocol.onDoors(this, this.doors.changedFrom(before));
    return freed;
  }

  /** Other proxies are there, or are not. @param down these are not, as `host:port` */
  setPeersDown(down: readonly string[]): void {
    this.protocol.onDoors(this, this.doors.set(down));
  }

  /** Requests wait for one of the servers: `onTrouble` hears of it. */
  onHeld(server: number): void {
    if (server >= 0) this.onTrouble(this.config.name, this.servers[server].name, false);
  }

  /** Slots have other owners: keys may belong to other servers. */
  onSlots(): void {
    this.ringNumber++;
    this.protocol.onRing(this);
  }

  /** Clients wait for a slot of which no owner is known. */
  onUnowned(): void {
    this.onTrouble(this.config.name, '', false);
  }

  /** A node of the cluster knows more than the map. */
  onHint({ name }: Pick<Server, 'name'>): void {
    this.onTrouble(this.config.name, name, true);
  }

  leasesFor(purpose: number): Leases<Server> | null {
    if (purpose === PURPOSE_ORDER) return this.orders;
    return purpose === PURPOSE_LEASE ? this.leases : null;
  }

  /** Lays the ring of the live servers where the codec looks keys up. */
  writeRing(live: ArrayLike<number>): void {
    this.ringNumber++;
    const { words } = this.engine;
    const random = words[this.descriptor / 4 + POOL_RANDOM];
    const seed = random === 0 ? (Math.random() * 0xffffffff) >>> 0 : random;
    writePool(words, this.descriptor, ringOf(this.config, live, this.slots?.table), seed);
    this.protocol.onRing(this);
  }

  /**
   * The servers that are in the ring: those that are not hold no keys, and asking them would only
   * prolong their absence.
   */
  get liveServers(): readonly Server[] {
    const owning = this.slots?.owning ?? null;
    return this.servers.filter(({ index }) => {
      return this.health.isLive(index) && (owning === null || owning.has(index));
    });
  }

  /** An operator wants the server in the ring or out of it; `none` also ends an ejection. */
  obey(server: Server, order: Order): void {
    server.standing.order = order;
    this.health.onOrder(server);
  }

  /** Why a request goes nowhere: no server has its key, or there is none at all. */
  get nowhere(): Failure {
    return this.slots === null ? failureOf(FAILURE_REFUSED) : UNOWNED;
  }

  /** Server of requests without a key: twemproxy routes them as if their key were this word. */
  placeholderServer(): number {
    const { words } = this.engine;
    return routeKey(PLACEHOLDER, 0, PLACEHOLDER.length, words, this.descriptor);
  }

  /** Server of the unfinished request that begins with `head`; only between two turns. */
  serverOfHead(head: Buffer): number {
    const { engine, protocol, descriptor } = this;
    const length = head.copy(engine.memory, WINDOW, 0, WINDOW_BYTES);
    engine.loadState(null);
    const count = protocol.scanRequests(WINDOW, WINDOW + length, FRAME_TABLE, 1, descriptor);
    // Under the limits of another configuration it may be malformed.
    const isUnfinished = count === 0 && engine.state(STATE_STATUS) === SCAN_PARTIAL;
    return isUnfinished ? engine.state(STATE_SERVER) : NO_SERVER;
  }

  close(): void {
    this.slowLog?.reset();
    this.mover?.close();
    for (const server of this.servers) server.close();
    this.leases.close();
    this.orders.close();
    this.protocol.onPoolGone(this);
  }
}
