import type { Socket } from 'node:net';
import type { Config, PoolConfig } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import {
  CLIENT_SWEEP_MS,
  DEFAULT_MEMORY_LIMIT,
  DISCOVERED_MEMBERS,
  DRAIN_MS,
  RING_SPARE_BYTES,
} from '../limits.ts';
import type { Log } from '../log.ts';
import { connectionsAllowed } from '../net/descriptor-limit.ts';
import { Reader, type ReaderKind } from '../net/reader.ts';
import { Writer } from '../net/writer.ts';
import type { Codec } from '../protocol/codec.ts';
import { REPLY_WINDOW_BYTES, WINDOW, WINDOW_BYTES } from '../protocol/frame-table.ts';
import { writeCommandTable } from '../protocol/redis/table/command-table-layout.ts';
import { scannerEntries } from '../protocol/redis/table/scanner-entries.ts';
import { CLIENT_CONNECTIONS, CURR_CONNECTIONS } from '../stats/counters.ts';
import { isProtectedFrom, unlisted } from './admission.ts';
import { logInByCertificate } from './client/access/login.ts';
import { ClientConnection } from './client/client-connection.ts';
import { allClients } from './client/client-list.ts';
import type { ClientProtocol } from './client/protocol.ts';
import { exactMillis } from './engine/clock.ts';
import { assembledBytes, Engine, RING_BASE } from './engine/engine.ts';
import { RingArena, type RingRegion } from './engine/ring-arena.ts';
import type { Siblings } from './engine/siblings.ts';
import { type ClientHeir, handOver, noClients } from './leaving-clients.ts';
import { MemcacheProtocol } from './memcache/protocol.ts';
import { obeyOrders } from './orders.ts';
import type { ServerOrder } from './pool/connections/order.ts';
import { Pool } from './pool/pool.ts';
import { samePool } from './pool/pool-changes.ts';
import { ringBytes } from './pool/pool-ring.ts';
import type { Preparation } from './pool/protocol.ts';
import { withKnownServers } from './pool/slots/known-servers.ts';
import { ProxyHeaders } from './proxy-headers.ts';
import { auditWritten } from './redis/access/audit-file.ts';
import { RedisProtocol } from './redis/protocol.ts';
import { expectSubscribers } from './redis/pubsub/moves/arrivals.ts';
import type { RoundQuestion } from './redis/pubsub/moves/questions.ts';
import { addressOf, drop, Refusals } from './refusals.ts';
import { RequestRouter } from './routing/router.ts';
import { answerSibling } from './sibling-answers.ts';
import { type SteeringOrder, setAddresses, steer } from './steering.ts';
import { TlsGates } from './tls-gate.ts';

/** Bytes of arena for the rings of a configuration, and of those that reloads bring. */
function ringRoom(config: Config): number {
  let bytes = 0;
  for (const pool of config.pools) {
    // SRV records may list others any time.
    bytes += ringBytes(pool, pool.discovery === null ? 0 : DISCOVERED_MEMBERS);
  }
  return 2 * bytes + RING_SPARE_BYTES;
}

/** Bytes of arena that a configuration needs. */
export function arenaBytes(config: Config): number {
  return RING_BASE + ringRoom(config) + assembledBytes(config);
}

/** What a proxy is made of, besides its configuration. */
export interface ProxyOptions {
  readonly codec: Codec;
  readonly log: Log;
  /** `data` forces the documented interface of node:net, for reading and for writing. */
  readonly reader?: ReaderKind | null;
  /** Whether latencies are measured; default true. */
  readonly latency?: boolean;
  /** Bytes that may wait for clients and servers; 0 = no limit. */
  readonly memoryLimit?: number;
  readonly traceRate?: number;
  /** Connections to clients and servers; 0 = what the system allows. */
  readonly maxConnections?: number;
  readonly version?: string;
  /** Told for which server of which pool requests wait, by their names. */
  readonly onTrouble?: (pool: string, server: string, isHint: boolean) => void;
  /** Processes that share the clients; each takes its part of `client_connections`. */
  readonly workers?: number;
  readonly siblings?: Siblings;
  /** Number behind which its clients are numbered. */
  readonly clientsFrom?: number;
}

/** Another configuration, checked, with room in the arena for its rings. */
export interface PreparedConfig {
  /** Resolves when its servers can be expected to be heard. */
  readonly ready: Promise<void>;
  /** Switches to it, between two turns; clients stay connected. */
  commit(drainMs: number): void;
  abort(): void;
}

/** All pools of a configuration: clients are given to it, listeners are not its business. */
export class ProxyServer {
  readonly engine: Engine;
  #pools: readonly Pool[];
  readonly #rings: RingArena;
  readonly #assembledBytes: number;
  readonly #redis: ClientProtocol;
  readonly #memcache: ClientProtocol;
  readonly #router: RequestRouter = new RequestRouter();
  readonly #workers: number;
  /** Connections this process may have, 0 = nobody knows. */
  readonly #maxConnections: number;
  readonly #refusals: Refusals = new Refusals();
  readonly #onTrouble: (pool: string, server: string, isHint: boolean) => void;
  readonly #tls: TlsGates = new TlsGates((pool, socket) => {
    this.#enter(pool, socket, false);
  });
  readonly #headers: ProxyHeaders;
  #orders: readonly ServerOrder[] = [];
  #stopping = false;

  constructor(config: Config, options: ProxyOptions) {
    const { codec } = options;
    const window = codec.arena.node.subarray(WINDOW, WINDOW + REPLY_WINDOW_BYTES);
    const reader = new Reader(window, WINDOW_BYTES, options.reader ?? null);
    const writer = new Writer(codec.arena.node, options.reader ?? null);
    writeCommandTable(codec.arena.words, codec.arena.bytes, scannerEntries());
    const room = ringRoom(config);
    this.#rings = new RingArena(RING_BASE, room);
    this.#assembledBytes = assembledBytes(config);
    this.#workers = options.workers ?? 1;
    this.#onTrouble = options.onTrouble ?? ((): void => {});
    this.#maxConnections = options.maxConnections || connectionsAllowed();
    const assembledAt = RING_BASE + room;
    this.engine = new Engine(codec, {
      reader,
      writer,
      log: options.log,
      assembledAt,
      measuresLatency: options.latency ?? true,
      memoryLimit: options.memoryLimit ?? DEFAULT_MEMORY_LIMIT,
      traceRate: options.traceRate ?? 0,
    });
    this.#headers = new ProxyHeaders(this.engine, {
      enter: (pool, socket, tls, rest) => this.#onHeader(pool, socket, tls, rest),
      refuse: (pool, socket, why) => this.#refusals.add(pool, addressOf(socket), why),
    });
    this.engine.version = options.version ?? '';
    this.engine.siblings = options.siblings ?? null;
    this.engine.workers = this.#workers;
    this.engine.numberClientsFrom(options.clientsFrom ?? 0);
    this.#redis = new RedisProtocol(codec);
    this.#memcache = new MemcacheProtocol(codec);
    this.#pools = config.pools.map((pool) => this.#open(pool, this.#takeRegion(pool)));
  }

  get pools(): readonly Pool[] {
    return this.#pools;
  }

  #open(config: PoolConfig, region: RingRegion): Pool {
    const pool = new Pool(this.engine, config, this.#protocolOf(config), region);
    pool.onTrouble = this.#onTrouble;
    pool.onShifted = () => this.#reroute(new Set([pool]));
    return pool;
  }

  #protocolOf({ redis }: PoolConfig): ClientProtocol {
    return redis ? this.#redis : this.#memcache;
  }

  #takeRegion(pool: PoolConfig): RingRegion {
    const region = this.#rings.take(ringBytes(pool));
    if (region !== null) return region;
    throw new RingwayError(
      'RINGWAY_LIMIT',
      `pool ${pool.name} has ${pool.servers.length} servers, for whose ring there is no room ` +
        'left; a restart makes room',
    );
  }

  /** What becomes of a server that is followed, or of who may be read in its place. */
  steer(order: SteeringOrder): void {
    steer(this.#pools, order);
  }

  /** Names lead elsewhere: connections to where they led end when they are idle. */
  setAddresses(addresses: readonly (readonly [host: string, address: string | null])[]): void {
    setAddresses(this.#pools, addresses);
  }

  /** What an operator wants of each server; of those that are not among `orders` nothing. */
  setOrders(orders: readonly ServerOrder[], enabled: ServerOrder | null): void {
    this.#orders = orders;
    obeyOrders(this.#pools, orders, enabled);
  }

  /** Connects where `preconnect` says so. */
  preconnect(): void {
    for (const pool of this.#pools) {
      if (pool.config.preconnect) for (const server of pool.servers) server.preconnect();
    }
  }

  /** What session tickets are made with, the same in all processes: TICKET_SECRET_BYTES. */
  set ticketSecret(secret: Buffer) {
    this.#tls.ticketSecret = secret;
  }

  /**
   * Takes a client that has connected to a pool's listener, or moves here.
   * @param how `tls`: it has a handshake before it; `moved`: another process has let it in already,
   * no limit refuses it
   * @returns null when it is not let in, or not yet
   */
  accept(
    poolName: string,
    socket: Socket,
    how: 'plain' | 'tls' | 'moved' = 'plain',
  ): ClientConnection | null {
    const pool = this.#pools.find(({ config }) => config.name === poolName);
    if (pool === undefined || this.#stopping) return drop(socket);
    if (how === 'moved' || !pool.config.proxyProtocol) return this.#admit(pool, socket, how);
    const full = this.#fullBy(pool);
    if (full !== null) return this.#refusals.turnAway(pool, socket, full);
    this.#headers.accept(pool, socket, how === 'tls');
    return null;
  }

  /** Its PROXY header has come. @param rest what it has sent behind that */
  #onHeader(pool: Pool, socket: Socket, tls: boolean, rest: Buffer): void {
    if (tls && rest.length > 0) socket.unshift(rest);
    const client = this.#admit(pool, socket, tls ? 'tls' : 'plain');
    if (client !== null && rest.length > 0)
      this.engine.guard.bind(client, () => client.begin(rest))();
  }

  #admit(pool: Pool, socket: Socket, how: 'plain' | 'tls' | 'moved'): ClientConnection | null {
    const why = how === 'moved' ? null : unlisted(pool, socket);
    if (why !== null) return this.#refusals.turnAway(pool, socket, why);
    if (how !== 'tls') return this.#enter(pool, socket, how === 'moved');
    const full = this.#fullBy(pool);
    if (full !== null) return this.#refusals.turnAway(pool, socket, full);
    this.#tls.accept(pool, socket);
    return null;
  }

  #enter(pool: Pool, socket: Socket, moved: boolean): ClientConnection | null {
    if (this.#stopping) return drop(socket);
    const protocol = this.#protocolOf(pool.config);
    const full = moved ? null : this.#fullBy(pool);
    if (full !== null) return this.#refusals.tell(pool, socket, full, protocol.tooManyClients);
    if (!moved && isProtectedFrom(pool, socket)) {
      return this.#refusals.tell(pool, socket, 'protected_mode', protocol.protectedMode);
    }
    try {
      const client = new ClientConnection(this.engine, pool, protocol, this.#router, socket);
      if (!moved) logInByCertificate(client);
      return client;
    } catch (error) {
      this.engine.guard.note('a client is not let in', error);
      return drop(socket);
    }
  }

  /** @returns which limit leaves no room for one more client, null when there is room */
  #fullBy(pool: Pool): string | null {
    const limit = Math.ceil(pool.config.clientConnections / this.#workers);
    const pending = this.#tls.pendingOf(pool) + this.#headers.pendingOf(pool);
    const clients = pool.counters[CLIENT_CONNECTIONS] + pending;
    if (limit > 0 && clients >= limit) {
      return `client_connections is ${limit}`;
    }
    const most = this.#maxConnections;
    const others = this.#tls.pending + this.#headers.pending;
    if (most > 0 && this.engine.process[CURR_CONNECTIONS] + others >= most) {
      return `this process may have ${most} connections`;
    }
    return null;
  }

  /**
   * Makes ready for another configuration, without changing anything.
   * @throws RingwayError RINGWAY_LIMIT when it needs more memory than was set aside at start
   */
  prepare(next: Config): PreparedConfig {
    const config = withKnownServers(next, this.#pools);
    if (assembledBytes(config) > this.#assembledBytes) {
      throw new RingwayError(
        'RINGWAY_LIMIT',
        'max_assembled_request is larger than what memory was set aside for; a restart does that',
      );
    }
    const taken = new Map<string, RingRegion>();
    const preparations: Preparation[] = [];
    const abort = (): void => {
      for (const region of taken.values()) this.#rings.give(region);
      for (const preparation of preparations) preparation.abort();
    };
    try {
      for (const pool of config.pools) {
        const known = this.#counterpart(pool);
        if (known !== undefined && ringBytes(pool) <= known.region.bytes) continue;
        taken.set(pool.name, this.#takeRegion(pool));
      }
    } catch (error) {
      abort();
      throw error;
    }
    for (const next of config.pools) {
      const known = this.#counterpart(next);
      if (known === undefined || samePool(known.config, next)) continue;
      preparations.push(known.protocol.prepare(known, next));
    }
    const ready = Promise.all(preparations.map((each) => each.ready)).then(() => undefined);
    return { ready, commit: (drainMs) => this.#commit(next, taken, drainMs), abort };
  }

  /** Answers what another process that serves the same clients asks. */
  answerSibling(question: object): object {
    return answerSibling(this.#pools, question);
  }

  /** The pool that goes on with a new configuration: same name, same protocol. */
  #counterpart(config: PoolConfig): Pool | undefined {
    return this.#pools.find(
      (pool) => pool.config.name === config.name && pool.config.redis === config.redis,
    );
  }

  #commit(config: Config, regions: ReadonlyMap<string, RingRegion>, drainMs: number): void {
    const unwanted = new Set(this.#pools);
    const changed = new Set<Pool>();
    // Some of them may be known only since it was made ready.
    this.#pools = withKnownServers(config, this.#pools).pools.map((next) => {
      const pool = this.#counterpart(next);
      if (pool === undefined) return this.#open(next, regions.get(next.name) as RingRegion);
      unwanted.delete(pool);
      if (samePool(pool.config, next)) return pool;
      const region = regions.get(next.name) ?? pool.region;
      const freed = pool.reconfigure(next, region);
      if (freed !== region) this.#rings.give(freed);
      changed.add(pool);
      return pool;
    });
    // One that is back gets nothing before it is known what is wanted of it.
    obeyOrders(this.#pools, this.#orders, null);
    this.preconnect();
    this.#reroute(changed);
    for (const pool of unwanted) this.#close(pool, drainMs);
  }

  /** Clients of these pools work out again where their unfinished requests go. */
  #reroute(pools: ReadonlySet<Pool>): void {
    for (const client of allClients(this.engine)) {
      if (pools.has(client.pool)) this.engine.guard.bind(client, () => client.reroute())();
    }
  }

  /** Lets the clients of a pool that is gone have their answers, then closes it. */
  #close(pool: Pool, drainMs: number): void {
    const deadline = exactMillis() + drainMs;
    const look = (): void => {
      const left = allClients(this.engine).filter((client) => client.pool === pool);
      if (left.length > 0 && exactMillis() < deadline)
        return void setTimeout(look, CLIENT_SWEEP_MS).unref();
      for (const client of left) client.destroy('its pool is gone');
      this.#headers.close(pool);
      this.#tls.close(pool);
      pool.close();
      this.#rings.give(pool.region);
    };
    for (const client of allClients(this.engine)) if (client.pool === pool) client.drain();
    look();
  }

  /**
   * Hands every client to another process, each as soon as all it asked is answered.
   * @returns when none is left, or `drainMs` is over
   */
  handOver(heir: ClientHeir, drainMs: number): Promise<void> {
    return handOver(this.engine, this.#tls, heir, drainMs);
  }

  /** What this process is to hear for clients that will come. @returns plain data */
  expect(question: object): Promise<object> {
    return expectSubscribers(this.#pools, question as RoundQuestion);
  }

  /** Answers what is in flight for at most `drainMs`, then closes everything. */
  async stop(drainMs: number = DRAIN_MS): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#headers.close(null);
    for (const client of allClients(this.engine)) client.drain();
    await noClients(this.engine, drainMs);
    for (const client of allClients(this.engine)) client.destroy('the proxy stops');
    for (const pool of this.#pools) {
      this.#tls.close(pool);
      pool.close();
    }
    await auditWritten(this.engine);
    this.engine.deadlines.stop();
  }
}
