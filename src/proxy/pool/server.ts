import type { ServerConfig } from '../../config/index.ts';
import { SERVER_SWEEP_MS } from '../../limits.ts';
import type { LogFields } from '../../log.ts';
import { FAILED_REQUESTS, type ServerCounters, serverCounters } from '../../stats/counters.ts';
import { BackendConnection } from '../backend/backend-connection.ts';
import {
  FAILURE_EOF,
  FAILURE_INTERNAL,
  FAILURE_REFUSED,
  FAILURE_TIMEOUT,
  FAILURE_TOO_MANY,
  type Failure,
  failureCause,
  failureOf,
  failureText,
} from '../backend/failure.ts';
import type { Lane } from '../backend/lane.ts';
import { Leases } from '../backend/leases.ts';
import {
  PURPOSE_BULK,
  PURPOSE_LEASE,
  PURPOSE_PROBE,
  PURPOSE_SHARED,
} from '../backend/owned-connection.ts';
import type { ConnectionOwner, OwnerPool } from '../backend/owner.ts';
import { gaugeQueues } from '../backend/sent-requests.ts';
import { exactMillis } from '../engine/clock.ts';
import type { ReplyReceiver } from '../engine/receiver.ts';
import { Breaker } from './breaker.ts';
import type { ConnectionBudget, Evictable } from './connection-budget.ts';
import type { HealthyServer, PoolHealth } from './health.ts';
import type { Lanes } from './lanes.ts';
import { Outage } from './outage.ts';
import { Recovery } from './recovery.ts';

const NONE: readonly (BackendConnection | null)[] = [];

/** The pool of a server, as the server sees it. */
export interface ServerPool extends OwnerPool {
  readonly lanes: Lanes;
  readonly budget: ConnectionBudget;
  readonly health: PoolHealth;
  /** Connections that serve one client at a time. */
  readonly leases: Leases<Server>;
}

/** One line of `servers:` and the connections to it. */
export class Server implements ConnectionOwner, HealthyServer, Evictable {
  readonly pool: ServerPool;
  config: ServerConfig;
  readonly name: string;
  /** Position in the pool's order; -1 once it has left the pool. */
  index: number;
  /** Of the pool's latencies: its first command class. */
  readonly firstSeries: number;
  readonly counters: ServerCounters;
  readonly bulk: Leases<Server>;
  /** `server_connections` places per lane, lane by lane. */
  readonly #connections: (BackendConnection | null)[];
  readonly #perLane: number;
  /** Connections that finish what is in flight and take nothing new. */
  readonly #retired: Set<BackendConnection> = new Set();
  readonly #breaker: Breaker = new Breaker(0, 0);
  readonly #recovery: Recovery<BackendConnection>;
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

  /** @param heirOf the server of the same name that this one replaces, whose counters go on */
  constructor(
    pool: ServerPool,
    config: ServerConfig,
    index: number,
    firstSeries: number,
    heirOf: Server | null = null,
  ) {
    this.pool = pool;
    this.index = index;
    this.firstSeries = firstSeries;
    this.counters = heirOf?.counters ?? serverCounters();
    this.#recovery = new Recovery(
      this.#breaker,
      pool.engine,
      () => this.#ask(() => this.#answered()),
      (error) => pool.engine.guard.note(`server ${this.title} is not looked for`, error),
    );
    this.#configureBreaker();
    this.config = config;
    this.name = config.name;
    this.#perLane = pool.config.serverConnections;
    this.#connections = new Array(this.#perLane).fill(null);
    const limit = pool.config.bulkConnections;
    const rules = { limit, kept: limit, keptMs: 0 };
    const open = (_: Server, lane: Lane): BackendConnection => this.#openBulk(lane);
    this.bulk = new Leases(open, () => rules, pool.engine.deadlines);
  }

  #configureBreaker(): void {
    const { autoEjectHosts, breakerFailures, breakerMaxWaitMs } = this.pool.config;
    // Ejection is a breaker of its own, and must count every failure.
    this.#recovery.configure(autoEjectHosts ? 0 : breakerFailures, breakerMaxWaitMs);
  }

  /** Goes on with a new line of the file that leads to the same server. */
  reconfigure(config: ServerConfig, index: number): void {
    this.config = config;
    this.index = index;
    this.#configureBreaker();
  }

  /**
   * The server has left the pool: what is in flight is answered, then its connections close.
   * @param onGone told when the last one is closed
   */
  leave(onGone: () => void): void {
    this.index = -1;
    this.#recovery.stop();
    for (const connection of [...this.#connections]) {
      if (connection !== null) this.retire(connection);
    }
    this.bulk.leave(this);
    this.pool.leases.leave(this);
    this.pool.protocol.onServerGone(this);
    const sweep = (): void => {
      for (const connection of this.#connections) {
        if (connection !== null) this.retire(connection);
      }
      for (const connection of [...this.#retired]) {
        // Quiet commands have no reply to wait for, but must be written.
        const done = connection.inFlight.count === 0 && connection.out.pendingBytes === 0;
        if (done) connection.close();
      }
      const unused = this.bulk.isEmptyOf(this) && this.pool.leases.isEmptyOf(this);
      if (this.#retired.size === 0 && unused) onGone();
      else setTimeout(sweep, SERVER_SWEEP_MS).unref();
    };
    sweep();
  }

  get address(): string {
    const { kind, host, port, path } = this.config;
    return kind === 'unix' ? path : `${host}:${port}`;
  }

  /**
   * The connection for a client's next request, opened when there is none. A client keeps to one of
   * them, so its requests to a server are executed in order.
   * @param lane index of its lane @param but connections that are not closed to make room
   * @returns null while the server is left alone after repeated failures, and when the pool has as
   * many connections as it may; `lastFailure` says why, and who tells a client so calls refused()
   */
  connectionFor(
    client: number,
    lane: number,
    but: readonly (BackendConnection | null)[] = NONE,
  ): BackendConnection | null {
    if (this.#breaker.tripped) return null;
    const perLane = this.#perLane;
    const at = perLane === 1 ? lane : lane * perLane + (client % perLane);
    if (at < this.#connections.length) {
      const connection = this.#connections[at];
      if (connection !== null) return connection;
    }
    return this.#open(at, this.pool.lanes.at(lane), but);
  }

  /** Whether it will be known in a moment if a server that is left alone is back. */
  get awaited(): boolean {
    return this.#recovery.awaited;
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

  #open(
    at: number,
    lane: Lane,
    but: readonly (BackendConnection | null)[],
  ): BackendConnection | null {
    const { budget, engine } = this.pool;
    if (!budget.makeRoom(but)) {
      this.lastFailure = failureOf(FAILURE_TOO_MANY);
      return null;
    }
    while (this.#connections.length <= at) this.#connections.push(null);
    try {
      const opened = this.#connect(lane, PURPOSE_SHARED);
      this.#connections[at] = opened;
      return opened;
    } catch (error) {
      engine.guard.note(`no connection to server ${this.title} is opened`, error);
      this.lastFailure = failureOf(FAILURE_INTERNAL);
      return null;
    }
  }

  #connect(lane: Lane, purpose: number): BackendConnection {
    const opened = new BackendConnection(this.pool.engine, this, lane, purpose);
    this.pool.budget.onOpened();
    return opened;
  }

  /** One more connection of those bounded by `bulk_connections`. */
  #openBulk(lane: Lane): BackendConnection {
    this.pool.budget.makeRoom();
    return this.#connect(lane, PURPOSE_BULK);
  }

  leastUsed(
    other: BackendConnection | null,
    but: readonly (BackendConnection | null)[],
  ): BackendConnection | null {
    let oldest = other;
    for (const each of [...this.#connections, ...this.bulk.idleOf(this)]) {
      if (each === null || each.inFlight.count > 0 || !each.connected) continue;
      if (but.includes(each)) continue;
      if (oldest === null || each.inFlight.lastTime < oldest.inFlight.lastTime) oldest = each;
    }
    return oldest;
  }

  /** Whether a connection of this lane is left. */
  hasLane(lane: Lane): boolean {
    for (const each of this.#connections) if (each?.lane === lane) return true;
    for (const each of this.#retired) if (each.lane === lane) return true;
    return this.bulk.hasLane(lane);
  }

  /** Opens the first connection before there is a request. */
  preconnect(): void {
    this.connectionFor(0, 0);
  }

  /** Takes a connection out of service; it ends when nothing is in flight on it. */
  retire(connection: BackendConnection): void {
    const at = this.#connections.indexOf(connection);
    if (at < 0) return;
    this.#connections[at] = null;
    this.#retired.add(connection);
  }

  onIdle(connection: BackendConnection): void {
    if (this.#retired.has(connection)) connection.close();
    else this.#leasesOf(connection).onIdle(connection);
  }

  forget(connection: BackendConnection): void {
    const at = this.#connections.indexOf(connection);
    if (at >= 0) this.#connections[at] = null;
    this.#retired.delete(connection);
    this.#leasesOf(connection).forget(connection);
    if (connection.purpose !== PURPOSE_LEASE) this.pool.budget.onClosed();
  }

  #leasesOf({ purpose }: BackendConnection): Leases<Server> {
    return purpose === PURPOSE_LEASE ? this.pool.leases : this.bulk;
  }

  /** Asks the server whether it is well, on a connection of its own. */
  probe(onAnswer: () => void): void {
    this.#ask((first) => {
      if (first === this.pool.protocol.probeAnswer) onAnswer();
    });
  }

  /** @param onReply told the first byte of the reply */
  #ask(onReply: (first: number) => void): BackendConnection {
    const { engine, lanes, protocol } = this.pool;
    const { guard } = engine;
    const connection = this.#connect(lanes.first, PURPOSE_PROBE);
    const request = protocol.probe;
    connection.out.append(request);
    connection.sentFor(
      {
        claim: null,
        distrusts: false,
        awaitsMore: () => false,
        onReply: (start) => {
          onReply(engine.bytes[start]);
          setImmediate(guard.bind(connection, () => connection.close()));
        },
        onFailure: () => {},
      },
      request.length,
      null,
    );
    return connection;
  }

  /** Whether requests are kept from it for a while. */
  get breakerOpen(): boolean {
    return this.#breaker.tripped;
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
    this.#recovery.onFailure(now, { looked: !asked, away }, this.index >= 0);
    const why = failureCause(failure, this.config.host);
    const wasOut = health.isOut(this.index);
    if (asked) health.onFailure(this, why);
    const isOut = health.isOut(this.index);
    if (isOut) this.#wasEjected = true;
    const text = failure.code === FAILURE_EOF ? 'closed the connection' : `failed: ${why}`;
    const reason = failureText(failure);
    const told = isOut && !wasOut;
    this.#outage.onFailure(now, {
      away: away || isOut,
      text,
      reason,
      lost: asked ? lost : 0,
      told,
    });
  }

  /** Reads the queues into the counters; they are gauges, so nobody keeps them on the hot path. */
  gaugeQueues(): void {
    gaugeQueues([...this.#connections, ...this.#retired], this.counters);
  }

  get title(): string {
    return `${this.pool.config.name} | ${this.name} (${this.address})`;
  }

  /** What every line about this server says to programs. */
  get logFields(): LogFields {
    return { pool: this.pool.config.name, server: this.name, address: this.address };
  }

  log(level: number, text: string, fields: LogFields): void {
    this.pool.engine.log.write(level, text, { ...this.logFields, ...fields });
  }

  close(): void {
    for (const connection of [...this.#connections, ...this.#retired]) connection?.close();
    this.bulk.close();
    this.#recovery.stop();
    this.pool.protocol.onServerGone(this);
  }
}
