import type { CustomCommand, PoolConfig, ServerConfig } from '../config/index.ts';
import { writePool } from '../distribution/pool-descriptor.ts';
import { routeKey } from '../distribution/route.ts';
import { FAILURE_LOG_INTERVAL_MS, REDIS_VERSION } from '../limits.ts';
import { LOG_INFO, LOG_WARN } from '../log.ts';
import { POOL_RANDOM } from '../protocol/frame-table.ts';
import { type LearnedCommand, specOf } from '../protocol/redis/learn-command.ts';
import {
  IN_QUEUE,
  IN_QUEUE_BYTES,
  OUT_QUEUE,
  OUT_QUEUE_BYTES,
  POOL_COUNTERS,
  SERVER_COUNTERS,
} from '../stats/counters.ts';
import { CLASSES, PoolLatency } from '../stats/latency.ts';
import { BackendConnection } from './backend-connection.ts';
import { Breaker } from './breaker.ts';
import { BulkConnections } from './bulk-connections.ts';
import { ConnectionBudget } from './connection-budget.ts';
import type { Engine } from './engine.ts';
import { REASON_REFUSED, REASON_TIMEOUT, REASON_TOO_MANY } from './failure.ts';
import { PoolHealth } from './health.ts';
import { type Lane, Lanes } from './lane.ts';
import { ringOf } from './pool-ring.ts';
import type { Protocol } from './protocol.ts';
import { SlowLog } from './slow-log.ts';

const INT32_MAX = 0x7fffffff;
const PLACEHOLDER = Buffer.from('placeholder');

/** One line of `servers:` and the connections to it. */
export class Server {
  readonly pool: Pool;
  readonly config: ServerConfig;
  readonly name: string;
  /** Position in the pool's order. */
  readonly index: number;
  /** Of the pool's latencies: its first command class. */
  readonly firstSeries: number;
  readonly counters: Float64Array = new Float64Array(SERVER_COUNTERS);
  readonly bulk: BulkConnections;
  /** `server_connections` places per lane, lane by lane. */
  readonly #connections: (BackendConnection | null)[];
  readonly #perLane: number;
  /** Connections that finish what is in flight and take nothing new. */
  readonly #retired: Set<BackendConnection> = new Set();
  readonly #breaker: Breaker;
  /** What the last failure was: the answer to requests that are not even tried. */
  lastFailure: string = REASON_REFUSED;
  #lastFailureLog = 0;
  #failuresNotLogged = 0;
  #down = false;

  constructor(pool: Pool, config: ServerConfig, index: number) {
    this.pool = pool;
    this.index = index;
    this.firstSeries = index * CLASSES;
    const { autoEjectHosts, breakerFailures, breakerMaxWaitMs } = pool.config;
    // Ejection is a breaker of its own, and must count every failure.
    this.#breaker = new Breaker(autoEjectHosts ? 0 : breakerFailures, breakerMaxWaitMs);
    this.config = config;
    this.name = config.ringName;
    this.#perLane = pool.config.serverConnections;
    this.#connections = new Array(this.#perLane).fill(null);
    this.bulk = new BulkConnections(this, pool.config.bulkConnections);
  }

  get address(): string {
    const { kind, host, port, path } = this.config;
    return kind === 'unix' ? path : `${host}:${port}`;
  }

  /**
   * The connection for a client's next request, opened when there is none. A client keeps to one of
   * them, so its requests to a server are executed in order.
   * @param lane index of its lane
   * @returns null while the server is left alone after repeated failures, and when the pool has as
   * many connections as it may; `lastFailure` says why
   */
  connectionFor(client: number, lane: number = 0): BackendConnection | null {
    if (this.#breaker.tripped && !this.#breaker.mayTry(this.pool.engine.now)) return null;
    const perLane = this.#perLane;
    const at = perLane === 1 ? lane : lane * perLane + (client % perLane);
    if (at < this.#connections.length) {
      const connection = this.#connections[at];
      if (connection !== null) return connection;
    }
    return this.#open(at, this.pool.lanes.at(lane));
  }

  #open(at: number, lane: Lane): BackendConnection | null {
    const { budget, engine } = this.pool;
    if (!budget.makeRoom()) {
      this.lastFailure = REASON_TOO_MANY;
      return null;
    }
    while (this.#connections.length <= at) this.#connections.push(null);
    budget.open++;
    const opened = new BackendConnection(engine, this, lane);
    this.#connections[at] = opened;
    return opened;
  }

  /** One more connection of those bounded by `bulk_connections`. */
  openBulk(lane: Lane): BackendConnection {
    const { budget, engine } = this.pool;
    budget.makeRoom();
    budget.open++;
    return new BackendConnection(engine, this, lane);
  }

  /** The idle connection that was used longest ago, here or before. */
  leastUsed(other: BackendConnection | null): BackendConnection | null {
    let oldest = other;
    for (const each of [...this.#connections, ...this.bulk.idle]) {
      if (each === null || each.inFlight.count > 0 || !each.connected) continue;
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
    else this.bulk.onIdle(connection);
  }

  forget(connection: BackendConnection): void {
    const at = this.#connections.indexOf(connection);
    if (at >= 0) this.#connections[at] = null;
    this.#retired.delete(connection);
    this.bulk.forget(connection);
    this.pool.budget.open--;
  }

  /** Asks the server whether it is well, on a connection of its own. */
  probe(onAnswer: () => void): void {
    this.pool.budget.open++;
    const connection = new BackendConnection(this.pool.engine, this, this.pool.lanes.first);
    connection.isProbe = true;
    const request = this.pool.protocol.probe;
    connection.out.append(request);
    connection.sentFor(
      {
        onReply: (start) => {
          if (this.pool.engine.bytes[start] === this.pool.protocol.probeAnswer) onAnswer();
          setImmediate(() => connection.close());
        },
        onFailure: () => {},
      },
      request.length,
    );
  }

  onConnected(): void {
    if (!this.#down) return;
    this.#down = false;
    this.#log(LOG_INFO, `server ${this.title} is reachable again`);
  }

  /** -LOADING, -OOM, -BUSY: the text goes to the client, the server counts as failing. */
  onTransientReply(): void {
    this.pool.health.onFailure(this, 'it cannot serve now');
  }

  /** A chunk of replies ended with a good one. */
  onReplies(): void {
    this.#breaker.onSuccess();
    this.pool.health.onGoodReply(this);
  }

  onConnectionLost(connection: BackendConnection, reason: string, lost: number): void {
    this.lastFailure = reason;
    // Losing an open connection says little: a server that restarts is back at once.
    if (!connection.connected || reason === REASON_TIMEOUT) {
      this.#breaker.onFailure(performance.now());
    }
    if (!connection.isProbe) this.pool.health.onFailure(this, reason);
    this.#down = true;
    const now = performance.now();
    if (this.#lastFailureLog !== 0 && now - this.#lastFailureLog < FAILURE_LOG_INTERVAL_MS) {
      this.#failuresNotLogged++;
      return;
    }
    const more =
      this.#failuresNotLogged === 0 ? '' : ` (and ${this.#failuresNotLogged} times more)`;
    this.#lastFailureLog = now;
    this.#failuresNotLogged = 0;
    const requests = lost === 1 ? '1 request' : `${lost} requests`;
    this.#log(LOG_WARN, `server ${this.title} failed: ${reason}; ${requests} lost${more}`);
  }

  /** Reads the queues into the counters; they are gauges, so nobody keeps them on the hot path. */
  gaugeQueues(): void {
    let waiting = 0;
    let waitingBytes = 0;
    let outstanding = 0;
    let outstandingBytes = 0;
    for (const connection of [...this.#connections, ...this.#retired]) {
      if (connection === null) continue;
      const { unwritten, inFlight, out } = connection;
      waiting += unwritten;
      waitingBytes += out.pendingBytes;
      outstanding += inFlight.count - unwritten;
      outstandingBytes += Math.max(0, inFlight.bytes - out.pendingBytes);
    }
    this.counters[IN_QUEUE] = waiting;
    this.counters[IN_QUEUE_BYTES] = waitingBytes;
    this.counters[OUT_QUEUE] = outstanding;
    this.counters[OUT_QUEUE_BYTES] = outstandingBytes;
  }

  get title(): string {
    return `${this.pool.config.name} | ${this.name} (${this.address})`;
  }

  #log(level: number, text: string): void {
    this.pool.engine.log.write(level, text);
  }

  close(): void {
    for (const connection of [...this.#connections, ...this.#retired]) connection?.close();
    this.bulk.close();
  }
}

/** The row of a command that the configuration describes: the servers check its arity. */
function custom(command: CustomCommand): LearnedCommand {
  const least = Math.max(1, command.firstKey + 1, command.numkeys + 1);
  const spec = specOf({ ...command, arity: -least, access: 'w' });
  return { spec, movable: false, blocking: false };
}

/** A named listener and its servers. */
export class Pool {
  readonly engine: Engine;
  readonly config: PoolConfig;
  readonly protocol: Protocol;
  readonly servers: readonly Server[];
  readonly counters: Float64Array = new Float64Array(POOL_COUNTERS);
  /** Null when latencies are not measured. */
  readonly latency: PoolLatency | null;
  readonly slowLog: SlowLog | null;
  /** Requests that took this long go into the slow log. */
  readonly slowMicros: number;
  /** Address of the ring in the arena. */
  readonly descriptor: number;
  readonly health: PoolHealth;
  readonly lanes: Lanes;
  readonly budget: ConnectionBudget;
  /** By upper-case name; what the configuration adds to the command table. */
  customCommands: ReadonlyMap<string, LearnedCommand> = new Map();
  /** As customCommands, learnt from a server. */
  readonly learnedCommands: Map<string, LearnedCommand> = new Map();
  /** What HELLO and INFO call the version of Redis. */
  redisVersion: string = REDIS_VERSION;

  constructor(engine: Engine, config: PoolConfig, protocol: Protocol, descriptor: number) {
    this.protocol = protocol;
    this.engine = engine;
    this.config = config;
    this.descriptor = descriptor;
    const { slowlogMs, slowlogLength, slowlogRedact } = config;
    this.latency = engine.measuresLatency ? new PoolLatency(config.servers.length) : null;
    this.slowLog = slowlogMs === 0 ? null : new SlowLog(slowlogLength, slowlogRedact);
    this.slowMicros = slowlogMs === 0 ? INT32_MAX : Math.min(INT32_MAX, slowlogMs * 1000);
    this.lanes = new Lanes(config.redis ? config.redisDb : 0, (index) => {
      return !this.servers.some((server) => server.hasLane(this.lanes.at(index)));
    });
    this.budget = new ConnectionBudget(() => this.servers);
    this.#configureCommands();
    this.servers = config.servers.map((server, i) => new Server(this, server, i));
    this.health = new PoolHealth(this);
    this.writeRing(new Uint8Array(config.servers.length).fill(1));
  }

  #configureCommands(): void {
    const { servers, serverConnections, maxBackendConnections, customCommands } = this.config;
    this.budget.limit = Math.max(servers.length * serverConnections, maxBackendConnections);
    this.customCommands = new Map(customCommands.map((each) => [each.name, custom(each)]));
  }

  /** Lays the ring of the live servers where the codec looks keys up. */
  writeRing(live: ArrayLike<number>): void {
    const { words } = this.engine;
    const random = words[this.descriptor / 4 + POOL_RANDOM];
    const seed = random === 0 ? (Math.random() * 0xffffffff) >>> 0 : random;
    writePool(words, this.descriptor, ringOf(this.config, live), seed);
  }

  /** Server of requests without a key: twemproxy routes them as if their key were this word. */
  placeholderServer(): number {
    const { words } = this.engine;
    return routeKey(PLACEHOLDER, 0, PLACEHOLDER.length, words, this.descriptor);
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}
