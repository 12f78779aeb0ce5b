import type { PoolConfig, ServerConfig } from '../config/index.ts';
import { routeKey } from '../distribution/route.ts';
import { FAILURE_LOG_INTERVAL_MS } from '../limits.ts';
import { LOG_INFO, LOG_WARN } from '../log.ts';
import {
  IN_QUEUE,
  IN_QUEUE_BYTES,
  OUT_QUEUE,
  POOL_COUNTERS,
  SERVER_COUNTERS,
} from '../stats/counters.ts';
import { BackendConnection } from './backend-connection.ts';
import { BulkConnections } from './bulk-connections.ts';
import type { Engine } from './engine.ts';
import type { Protocol } from './protocol.ts';

const PLACEHOLDER = Buffer.from('placeholder');

/** One line of `servers:` and the connections to it. */
export class Server {
  readonly pool: Pool;
  readonly config: ServerConfig;
  readonly name: string;
  readonly counters: Float64Array = new Float64Array(SERVER_COUNTERS);
  readonly bulk: BulkConnections;
  readonly #connections: (BackendConnection | null)[];
  /** Connections that finish what is in flight and take nothing new. */
  readonly #retired: Set<BackendConnection> = new Set();
  #lastFailureLog = 0;
  #failuresNotLogged = 0;
  #down = false;

  constructor(pool: Pool, config: ServerConfig) {
    this.pool = pool;
    this.config = config;
    this.name = config.ringName;
    this.#connections = new Array(pool.config.serverConnections).fill(null);
    this.bulk = new BulkConnections(pool.engine, this, pool.config.bulkConnections);
  }

  get address(): string {
    const { kind, host, port, path } = this.config;
    return kind === 'unix' ? path : `${host}:${port}`;
  }

  /**
   * The connection for a client's next request, opened when there is none. A client keeps to one of
   * them, so its requests to a server are executed in order.
   */
  connectionFor(client: number): BackendConnection {
    const at = this.#connections.length === 1 ? 0 : client % this.#connections.length;
    const connection = this.#connections[at];
    if (connection !== null) return connection;
    const opened = new BackendConnection(this.pool.engine, this);
    this.#connections[at] = opened;
    return opened;
  }

  /** Opens the first connection before there is a request. */
  preconnect(): void {
    this.connectionFor(0);
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
  }

  onConnected(): void {
    if (!this.#down) return;
    this.#down = false;
    this.#log(LOG_INFO, `server ${this.#title()} is reachable again`);
  }

  /** -LOADING, -OOM, -BUSY: the text goes to the client, the server counts as failing. */
  onTransientReply(): void {}

  onReplies(): void {}

  onConnectionLost(_connection: BackendConnection, reason: string, lost: number): void {
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
    this.#log(LOG_WARN, `server ${this.#title()} failed: ${reason}; ${requests} lost${more}`);
  }

  /** Reads the queues into the counters; they are gauges, so nobody keeps them on the hot path. */
  gaugeQueues(): void {
    let waiting = 0;
    let waitingBytes = 0;
    let outstanding = 0;
    for (const connection of this.#connections) {
      if (connection === null) continue;
      if (connection.connected) outstanding += connection.inFlight.count;
      else waiting += connection.inFlight.count;
      waitingBytes += connection.out.pendingBytes;
    }
    this.counters[IN_QUEUE] = waiting;
    this.counters[IN_QUEUE_BYTES] = waitingBytes;
    this.counters[OUT_QUEUE] = outstanding;
  }

  #title(): string {
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

/** A named listener and its servers. */
export class Pool {
  readonly engine: Engine;
  readonly config: PoolConfig;
  readonly protocol: Protocol;
  readonly servers: readonly Server[];
  readonly counters: Float64Array = new Float64Array(POOL_COUNTERS);
  /** Address of the ring in the arena. */
  readonly descriptor: number;

  constructor(engine: Engine, config: PoolConfig, protocol: Protocol, descriptor: number) {
    this.protocol = protocol;
    this.engine = engine;
    this.config = config;
    this.descriptor = descriptor;
    this.servers = config.servers.map((server) => new Server(this, server));
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
