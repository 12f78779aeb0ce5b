import type { Server as NetServer, Socket } from 'node:net';
import type { Config, PoolConfig } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { DEFAULT_MEMORY_LIMIT, DRAIN_MS } from '../limits.ts';
import { LOG_ERROR, LOG_INFO, LOG_NOTICE, type Log } from '../log.ts';
import { type ListenOptions, listen } from '../net/listener.ts';
import { Reader, type ReaderKind } from '../net/reader.ts';
import type { Codec } from '../protocol/codec.ts';
import { WINDOW, WINDOW_BYTES } from '../protocol/frame-table.ts';
import { writeCommandTable } from '../protocol/redis/command-table-layout.ts';
import { scannerEntries } from '../protocol/redis/scanner-entries.ts';
import { CLIENT_CONNECTIONS, CLIENTS_REFUSED } from '../stats/counters.ts';
import { ClientConnection } from './client-connection.ts';
import { assembledBytes, Engine, RING_BASE } from './engine.ts';
import { MemcacheProtocol } from './memcache-protocol.ts';
import { ringBytes } from './pool-ring.ts';
import { RedisProtocol } from './redis-protocol.ts';
import { Pool } from './server-pool.ts';

/** Bytes of arena that a configuration needs. */
export function arenaBytes(config: Config): number {
  let bytes = RING_BASE;
  for (const pool of config.pools) bytes += ringBytes(pool);
  return bytes + assembledBytes(config);
}

export interface ProxyOptions {
  readonly codec: Codec;
  readonly log: Log;
  /** Forces the documented reader of node:net. */
  readonly reader?: ReaderKind | null;
  /** Whether latencies are measured; default true. */
  readonly latency?: boolean;
  /** Bytes that may wait for clients and servers; 0 = no limit. */
  readonly memoryLimit?: number;
  /** Descriptors of listening sockets that are open already, by the name of their pool. */
  readonly listenFds?: ReadonlyMap<string, number>;
  /** ringway's own version. */
  readonly version?: string;
}

/** All pools of a configuration, listening. */
export class ProxyServer {
  readonly engine: Engine;
  readonly pools: readonly Pool[];
  readonly #listeners: NetServer[] = [];
  readonly #listenFds: ReadonlyMap<string, number>;
  #stopping = false;

  constructor(config: Config, options: ProxyOptions) {
    const { codec } = options;
    this.#listenFds = options.listenFds ?? new Map();
    const window = codec.arena.node.subarray(WINDOW, WINDOW + WINDOW_BYTES);
    const reader = new Reader(window, options.reader ?? null);
    writeCommandTable(codec.arena.words, codec.arena.bytes, scannerEntries());
    let at = RING_BASE;
    const addresses = config.pools.map((pool) => {
      const address = at;
      at += ringBytes(pool);
      return address;
    });
    this.engine = new Engine(
      codec,
      reader,
      options.log,
      at,
      options.latency ?? true,
      options.memoryLimit ?? DEFAULT_MEMORY_LIMIT,
    );
    this.engine.version = options.version ?? '';
    const redis = new RedisProtocol(codec);
    const memcache = new MemcacheProtocol(codec);
    this.pools = config.pools.map((pool, i) => {
      return new Pool(this.engine, pool, pool.redis ? redis : memcache, addresses[i]);
    });
  }

  /**
   * Connects where `preconnect` says so, then opens all listeners.
   * @throws RingwayError RINGWAY_LISTEN when one cannot be opened; the others are closed again
   */
  async start(): Promise<void> {
    for (const pool of this.pools) {
      if (pool.config.preconnect) for (const server of pool.servers) server.preconnect();
    }
    for (const pool of this.pools) {
      try {
        this.#listeners.push(await this.#listen(pool));
      } catch (error) {
        await this.stop(0);
        throw listenError(pool.config, error as NodeJS.ErrnoException);
      }
      this.engine.log.write(
        LOG_NOTICE,
        `pool ${pool.config.name} listens on ${pool.config.listen.text} for ` +
          `${pool.servers.length} servers`,
      );
    }
  }

  #listen(pool: Pool): Promise<NetServer> {
    const { listen: where, backlog, tcpKeepalive } = pool.config;
    const fd = this.#listenFds.get(pool.config.name);
    let address: Pick<ListenOptions, 'fd' | 'host' | 'port' | 'path' | 'mode'>;
    if (fd !== undefined) address = { fd, mode: 0 };
    else if (where.kind === 'unix') address = { path: where.path, mode: where.mode };
    else address = { host: where.host, port: where.port, mode: 0 };
    return listen({ ...address, backlog, keepAlive: tcpKeepalive }, (socket) =>
      this.#accept(pool, socket),
    ).then((server) => {
      server.on('error', (error) => {
        this.engine.log.write(LOG_ERROR, `listener ${where.text}: ${error.message}`);
      });
      return server;
    });
  }

  #accept(pool: Pool, socket: Socket): void {
    const limit = pool.config.clientConnections;
    if (limit > 0 && pool.counters[CLIENT_CONNECTIONS] >= limit) {
      pool.counters[CLIENTS_REFUSED]++;
      this.engine.log.write(
        LOG_INFO,
        `pool ${pool.config.name} refuses a client: client_connections is ${limit}`,
      );
      socket.on('error', () => socket.destroy());
      socket.end(pool.protocol.tooManyClients, () => socket.destroy());
      return;
    }
    new ClientConnection(this.engine, pool, socket);
  }

  /** Stops accepting, answers what is in flight for at most `drainMs`, then closes everything. */
  async stop(drainMs: number = DRAIN_MS): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const listener of this.#listeners) listener.close();
    const { clients } = this.engine;
    for (const client of clients) client?.drain();
    const deadline = performance.now() + drainMs;
    while (clients.some((client) => client !== null) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const client of clients) client?.destroy('the proxy stops');
    for (const pool of this.pools) pool.close();
    this.engine.deadlines.stop();
  }
}

function listenError(pool: PoolConfig, error: NodeJS.ErrnoException): RingwayError {
  const why =
    error.code === 'EADDRINUSE'
      ? 'the address is already in use; stop what listens there or change `listen`'
      : error.message;
  return new RingwayError(
    'RINGWAY_LISTEN',
    `pool ${pool.name} cannot listen on ${pool.listen.text}: ${why}`,
    { cause: error },
  );
}
