import type { ServerConfig } from '../../config/index.ts';
import { goesOn, samePlace } from '../../net/addresses/place.ts';
import { FAILED_REQUESTS, type ServerCounters, serverCounters } from '../../stats/counters.ts';
import { BackendConnection } from '../backend/backend-connection.ts';
import {
  FAILURE_INTERNAL,
  FAILURE_REFUSED,
  FAILURE_TIMEOUT,
  FAILURE_TOO_MANY,
  type Failure,
  failureCause,
  failureOf,
  MOVED,
} from '../backend/failure.ts';
import { openConnection } from '../backend/flight/open-connection.ts';
import type { Lane } from '../backend/lane.ts';
import { Leases } from '../backend/leases.ts';
import { closeWithPool } from '../backend/lost-requests.ts';
import { PURPOSE_BULK, PURPOSE_PROBE, PURPOSE_SHARED } from '../backend/owned-connection.ts';
import type { ConnectionOwner, Heir, OwnerPool } from '../backend/owner.ts';
import { gaugeQueues } from '../backend/sent-requests.ts';
import { exactMillis } from '../engine/clock.ts';
import type { ReplyReceiver } from '../engine/receiver.ts';
import { Breaker } from './breaker.ts';
import {
  type ConnectionBudget,
  type Evictable,
  NONE_SPARED,
  type Spared,
} from './connection-budget.ts';
import { StandingOrder } from './connections/order.ts';
import { leastUsed, Places } from './connections/places.ts';
import { putQuestion } from './connections/question.ts';
import { TitledServer } from './connections/titled-server.ts';
import { Failover } from './failover/failover.ts';
import type { HealthyServer, PoolHealth } from './health.ts';
import type { Lanes } from './lanes.ts';
import { lossText, Outage } from './outage.ts';
import { placedAt } from './pool-changes.ts';
import { Recovery } from './recovery.ts';
import { ServerReaders } from './replicas/server-readers.ts';

/** The pool of a server, as the server sees it. */
export interface ServerPool extends OwnerPool {
  /** Counts servers that gave way to others. */
  moves: number;
  readonly lanes: Lanes;
  readonly budget: ConnectionBudget;
  readonly health: PoolHealth;
  /** Requests wait for the server with this index. */
  onHeld(server: number): void;
  /** Connections that serve one client at a time; `orders` are heard by busy servers. */
  readonly leases: Leases<Server>;
  readonly orders: Leases<Server>;
  /** Which of them a connection is of; null = of neither. */
  leasesFor(purpose: number): Leases<Server> | null;
}

/** One line of `servers:` and the connections to it. */
export class Server extends TitledServer implements ConnectionOwner, HealthyServer, Evictable {
  readonly forReads = false;
  readonly pool: ServerPool;
  config: ServerConfig;
  readonly name: string;
  /** Position in the pool's order; -1 once it has left the pool. */
  index: number;
  /** Of the pool's latencies: its first command class. */
  readonly firstSeries: number;
  readonly counters: ServerCounters;
  readonly bulk: Leases<Server>;
  readonly places: Places;
  readonly standing: StandingOrder<Server>;
  readonly #breaker: Breaker = new Breaker(0, 0);
  readonly #recovery: Recovery<BackendConnection>;
  /** Null where a server stays where the file says. */
  readonly failover: Failover<Server> | null;
  /** Where reads may go besides; null likewise. */
  readonly readers: ServerReaders | null;
  /** The line of the file; `config` says where the server is now. */
  #line: ServerConfig;
  /** What the last failure was: the answer to requests that are not even tried. */
  lastFailure: Failure = failureOf(FAILURE_REFUSED);
  /** It has lost connections, and has not been connected to since. */
  #down = false;
  /** It has lost connections, and has not answered since. */
  #failing = false;
  /** In this time of failures it was ejected: its return to the ring is told, nothing else. */
  #wasEjected = false;
  /** False from a connection that failed or timed out until its next reply. */
  reachable = true;
  readonly #outage: Outage = new Outage((level, text, fields) => {
    this.log(level, `server ${this.title} ${text}`, fields);
  });

  /** @param before the server of the same name that this one replaces, whose counters go on */
  constructor(
    pool: ServerPool,
    config: ServerConfig,
    index: number,
    firstSeries: number,
    before: Server | null = null,
  ) {
    super();
    this.pool = pool;
    this.index = index;
    this.firstSeries = firstSeries;
    this.counters = before?.counters ?? serverCounters();
    this.#recovery = new Recovery(
      this.#breaker,
      pool.engine,
      () => this.#ask(() => this.#answered()),
      (error) => pool.engine.guard.note(`server ${this.title} is not looked for`, error),
    );
    this.#recovery.follow(pool.config);
    const { followsMaster: follows, bulkConnections: limit } = pool.config;
    const heirOf = follows && before?.isMeantBy(config) ? before : null;
    this.config = placedAt(config, heirOf?.config ?? config);
    this.#line = config;
    this.name = config.name;
    this.places = new Places(pool.config.serverConnections);
    const rules = { limit, kept: limit, keptMs: 0 };
    this.bulk = new Leases(
      (_, lane) => this.#openBulk(lane),
      () => rules,
      pool.engine.deadlines,
    );
    const leases = [this.bulk, pool.leases];
    this.failover = follows ? new Failover(this, leases, pool.engine) : null;
    this.readers = follows ? new ServerReaders(this) : null;
    if (heirOf?.failover) this.failover?.follow(heirOf.failover);
    if (heirOf?.readers) this.readers?.set(heirOf.readers.addresses);
    this.standing = new StandingOrder(this, this.places, leases, before?.standing);
  }

  /** Whether another line of the file means this server, however it is to be spoken to. */
  isMeantBy(line: ServerConfig): boolean {
    return goesOn(line, { line: this.#line, now: this.config });
  }

  /** Goes on with a new line of the file that leads to the same server. */
  reconfigure(line: ServerConfig, index: number): void {
    this.config = placedAt(line, this.config);
    this.#line = line;
    this.index = index;
    this.#recovery.follow(this.pool.config);
  }

  /** It leaves the pool: what is in flight is answered. @param onGone told when all are closed */
  leave(onGone: () => void): void {
    this.index = -1;
    this.#recovery.stop();
    this.failover?.stop();
    this.readers?.leave();
    const leases = [this.bulk, this.pool.leases, this.pool.orders];
    for (const each of leases) each.leave(this);
    this.pool.protocol.onServerGone(this);
    this.places.closeAll(
      () => leases.every((each) => each.isEmptyOf(this)) && this.readers?.isEmpty !== false,
      onGone,
    );
  }

  /**
   * The connection for a client's next request, opened when there is none. A client keeps to one of
   * them, so its requests to a server are executed in order.
   * @param lane index of its lane @param spared when room is made
   * @returns null when none can be had; `lastFailure` says why, who tells a client calls refused()
   */
  connectionFor(client: number, lane: number, spared = NONE_SPARED): BackendConnection | null {
    return this.index < 0 ? null : this.reach(client, lane, spared);
  }

  /** The same, though it has left: while somebody waits there, it must be told to end that. */
  reach(client: number, lane: number, spared: Spared): BackendConnection | null {
    if (this.failover?.refusal || this.leftAlone) return null;
    const at = this.places.of(client, lane);
    return this.places.at(at) ?? this.#open(at, this.pool.lanes.at(lane), spared);
  }

  /** The connection in a place, for requests that were another's; null when none can be had. */
  connectionAt(place: number, lane: Lane): BackendConnection | null {
    if (this.failover?.refusal || this.index < 0) return null;
    return this.places.at(place) ?? this.#open(place, lane, NONE_SPARED);
  }

  /** Whether it will be known in a moment if a server that is left alone is back. */
  get awaited(): boolean {
    return this.#recovery.awaited && !this.failover?.refusal;
  }

  /** The client goes on when that is known. */
  waitFor(client: ReplyReceiver): void {
    this.#recovery.waitFor(client);
  }

  /** A request gets an error because there is no connection. */
  refused(): void {
    this.counters[FAILED_REQUESTS]++;
    this.#outage.onRefused();
  }

  #open(at: number, lane: Lane, spared: Spared): BackendConnection | null {
    const { budget, engine } = this.pool;
    if (!budget.makeRoom(spared)) {
      this.lastFailure = failureOf(FAILURE_TOO_MANY);
      return null;
    }
    return this.places.open(
      at,
      () => this.#connect(lane, PURPOSE_SHARED),
      (error) => {
        engine.guard.note(`no connection to server ${this.title} is opened`, error);
        this.lastFailure = failureOf(FAILURE_INTERNAL);
      },
    );
  }

  #connect(lane: Lane, purpose: number): BackendConnection {
    const { budget, engine } = this.pool;
    budget.onOpened();
    if (purpose !== PURPOSE_SHARED || !this.failover?.holds) {
      const refusal = purpose === PURPOSE_BULK ? this.failover?.refusal : null;
      return openConnection(engine, this, lane, purpose, refusal);
    }
    const parked = new BackendConnection(engine, this, lane, purpose);
    this.failover.park(parked);
    return parked;
  }

  onReady(connection: BackendConnection): void {
    if (connection.purpose === PURPOSE_SHARED) this.failover?.onReady();
  }

  onRefusal(): boolean {
    return this.failover?.onRefusal() ?? false;
  }

  heirOf(connection: BackendConnection, failure: Failure | null): Heir {
    if (failure !== null) this.lastFailure = failure;
    if (this.index < 0 && this.pool.mover) return this.pool.mover.heir(connection.lane);
    const at = this.places.placeOf(connection);
    const failover = this.failover;
    if (failover === null || at < 0 || !(failover.holds || failover.onLost())) return null;
    failover.forget(connection);
    const heir = this.#connect(connection.lane, PURPOSE_SHARED);
    this.places.put(at, heir);
    return heir;
  }

  /** From now on it is another server, on the same part of the keys. */
  moveTo(host: string, port: number): void {
    const { config, failover } = this;
    if (failover === null) return;
    if (samePlace(config, { host, port })) failover.release();
    else {
      this.config = placedAt(config, { kind: 'tcp', host, port, path: '' });
      this.#recovery.onAnswer();
      this.pool.moves++;
      this.pool.protocol.onServerBack(this);
      failover.moved(MOVED);
    }
  }

  /** One more connection of those bounded by `bulk_connections`. */
  #openBulk(lane: Lane): BackendConnection {
    this.pool.budget.makeRoom();
    return this.#connect(lane, PURPOSE_BULK);
  }

  leastUsed(other: BackendConnection | null, spared: Spared): BackendConnection | null {
    return leastUsed([...this.#shared, ...this.bulk.idleOf(this)], other, spared);
  }

  /** Whether a connection of this lane is left. */
  hasLane(lane: Lane): boolean {
    return [this.places, this.bulk, this.readers].some((each) => each?.hasLane(lane));
  }

  /** Opens the first connection before there is a request. */
  preconnect(): void {
    if (this.standing.order !== 'drain') this.connectionFor(0, 0);
  }

  retire(connection: BackendConnection): void {
    this.places.retire(connection);
  }

  onIdle(connection: BackendConnection): void {
    if (this.places.isLeaving(connection)) connection.close();
    else this.#leasesOf(connection).onIdle(connection);
  }

  forget(connection: BackendConnection): void {
    this.places.forget(connection);
    this.failover?.forget(connection);
    if (connection.lane.tracking) this.pool.protocol.onTrackingClosed(this.pool, connection);
    this.#leasesOf(connection).forget(connection);
    if (this.#leasesOf(connection) === this.bulk) this.pool.budget.onClosed();
  }

  #leasesOf({ purpose }: BackendConnection): Leases<Server> {
    return this.pool.leasesFor(purpose) ?? this.bulk;
  }

  /** Asks the server whether it is well, on a connection of its own. */
  probe(onAnswer: () => void): void {
    this.#ask((first) => {
      if (first === this.pool.protocol.probeAnswer) onAnswer();
    });
  }

  /** @param onReply told the first byte of the reply */
  #ask(onReply: (first: number) => void): BackendConnection {
    return putQuestion(this.#connect(this.pool.lanes.first, PURPOSE_PROBE), onReply);
  }

  /** Whether requests are kept from it for a while. */
  get breakerOpen(): boolean {
    return this.#breaker.tripped;
  }

  /** The same, and they do not wait for it either. */
  get leftAlone(): boolean {
    return this.#breaker.tripped && !this.failover?.holds;
  }

  onConnected(): void {
    if (!this.#down) return;
    this.#down = false;
    this.pool.protocol.onServerBack(this);
  }

  /** -LOADING, -OOM, -BUSY: the text goes to the client, the server counts as failing. */
  onTransientReply(): void {
    this.#reached();
    this.pool.health.onFailure(this, 'it cannot serve now');
  }

  /** A chunk of replies ended with a good one. */
  onReplies(): void {
    this.#breaker.onSuccess();
    this.pool.health.onGoodReply(this);
    if (this.#failing) this.#answered();
  }

  #reached(): void {
    this.reachable = true;
    this.#recovery.onAnswer();
  }

  #answered(): void {
    this.#reached();
    if (this.pool.health.isOut(this.index)) return;
    this.#failing = false;
    this.#outage.onBack(exactMillis(), this.#wasEjected);
    this.#wasEjected = false;
  }

  onConnectionLost(connection: BackendConnection, failure: Failure, lost: number): void {
    const { health } = this.pool;
    const now = exactMillis();
    this.lastFailure = failure;
    this.#down = true;
    this.#failing = true;
    const asked = connection.purpose !== PURPOSE_PROBE;
    if (asked) this.counters[FAILED_REQUESTS] += lost;
    // Losing an open connection says little: a server that restarts is back at once.
    const away = !connection.connected || failure.code === FAILURE_TIMEOUT;
    if (away) this.reachable = false;
    // Who waits for it finds out by itself when it is back.
    if (!this.failover?.holds) {
      this.#recovery.onFailure(now, { looked: !asked, away }, this.index >= 0);
    }
    const wasOut = health.isOut(this.index);
    if (asked) health.onFailure(this, failureCause(failure, this.config.host));
    const isOut = health.isOut(this.index);
    if (isOut) this.#wasEjected = true;
    const loss = lossText(failure, this.config.host);
    const what = { ...loss, lost: asked ? lost : 0, told: isOut && !wasOut };
    this.#outage.onFailure(now, { away: away || isOut, ...what });
  }

  /** Its own and its replicas' connections for many clients. */
  get #shared(): BackendConnection[] {
    return [...this.places.placed, ...this.places.retired, ...(this.readers?.connections ?? [])];
  }

  /** Reads the queues into the counters; they are gauges, so nobody keeps them on the hot path. */
  gaugeQueues(): void {
    gaugeQueues(this.#shared, this.counters);
  }

  close(): void {
    for (const each of this.#shared) closeWithPool(each);
    this.bulk.close();
    this.failover?.stop();
    this.#recovery.stop();
    this.pool.protocol.onServerGone(this);
  }
}
