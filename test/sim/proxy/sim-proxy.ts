import type { CodecChoice } from '../../../src/codec/choices.ts';
import { type Config, parseConfig } from '../../../src/config/index.ts';
import { type NamedRing, ownerOf } from '../../../src/distribution/moved.ts';
import type { ReaderKind } from '../../../src/net/reader.ts';
import type { Codec } from '../../../src/protocol/codec.ts';
import { BackendConnection } from '../../../src/proxy/backend/backend-connection.ts';
import { PoolListeners } from '../../../src/proxy/listeners.ts';
import { ringOf } from '../../../src/proxy/pool/pool-ring.ts';
import { arenaBytes, ProxyServer } from '../../../src/proxy/proxy-server.ts';
import { TopologyKeeper } from '../../../src/run/topology-keeper.ts';
import {
  INTERNAL_ERRORS,
  PUBSUB_CLIENTS,
  PUBSUB_SUBSCRIPTIONS,
  PUBSUB_TOPICS,
  SERVER_EOF,
  SERVER_ERR,
  SERVER_TIMEDOUT,
} from '../../../src/stats/counters.ts';
import { assertAtRest, type Holdings, holdingsOf } from '../../support/at-rest.ts';
import { CONNECTION_STATES, type ConnectionState, type PoolKeys } from '../cases/case.ts';
import type { Network } from '../net/network.ts';
import type { Loop } from '../world/loop.ts';
import type { World } from '../world/world.ts';
import { giveCodec, takeCodec } from './codecs.ts';

export interface ProxyServerLine {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface SimProxyOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly codec: CodecChoice;
  readonly reader: ReaderKind;
  readonly memoryMib: number;
  readonly memcache: boolean;
  readonly busyMicros: number;
  readonly servers: readonly ProxyServerLine[];
  /** Lines of the sentinels; none: the pool has none. */
  readonly sentinels: readonly string[];
  /** The servers are nodes of a Redis Cluster. */
  readonly cluster: boolean;
  readonly pools: readonly PoolKeys[];
}

/** How long a server that has left still gets what was asked of it before. */
const DRAIN_MS = 1_000;
/** What was sent to a server before it left the ring may be carried out so long after that. */
const EJECTED_MICROS = 10_000_000;

/** Which servers were in the ring, from a moment on. */
interface Era {
  readonly since: number;
  readonly of: string;
  readonly ring: NamedRing;
}
/** A request is longer than its value by this at most. */
const HEAD_BYTES = 200;
/** What the budget may be exceeded by: those who hold least are not closed. */
const BUDGET_SLACK = 64 * 1024;

/** The text of a configuration file with one pool. `first` of its servers are in it. */
function textOf(options: SimProxyOptions, keys: PoolKeys): string {
  const { servers: count = options.servers.length, ...rest } = keys;
  const lines = [
    'pool:',
    `  listen: ${options.address}:${options.port}`,
    `  redis: ${!options.memcache}`,
  ];
  for (const [key, value] of Object.entries(rest)) lines.push(`  ${key}: ${value}`);
  if (options.cluster) lines.push('  cluster: true');
  if (options.sentinels.length > 0) lines.push('  sentinels:');
  for (const sentinel of options.sentinels) lines.push(`    - ${sentinel}`);
  lines.push('  servers:');
  for (const { host, port, name } of options.servers.slice(0, Number(count))) {
    lines.push(options.cluster ? `    - ${host}:${port}:1` : `    - ${host}:${port}:1 ${name}`);
  }
  return `${lines.join('\n')}\n`;
}

/** One process of ringway in a simulated world: the product's engine, pools and listeners. */
export class SimProxy {
  readonly name: string;
  readonly loop: Loop;
  readonly complaints: string[] = [];
  readonly #world: World;
  readonly #options: SimProxyOptions;
  readonly #configs: readonly Config[];
  readonly #rings: readonly NamedRing[];
  #codec: Codec | null = null;
  #server: ProxyServer | null = null;
  #listeners: PoolListeners | null = null;
  #topology: TopologyKeeper | null = null;
  #fresh: Holdings | null = null;
  /** Which configuration it has, and since when. */
  #config = 0;
  #configSince = 0;
  #reloading = false;
  /** Each configuration that it has had, and since when. */
  readonly #reloads: { readonly since: number; readonly config: number }[] = [
    { since: 0, config: 0 },
  ];
  /** With auto_eject_hosts: the rings that it has had. */
  readonly #ejects: boolean;
  readonly #eras: Era[] = [];
  ready = false;
  stopped = false;

  constructor(world: World, network: Network, options: SimProxyOptions) {
    this.#world = world;
    this.#options = options;
    this.name = options.name;
    this.loop = world.process(options.name);
    this.loop.busyMicros = options.busyMicros;
    network.place(this.loop, options.address);
    this.#configs = options.pools.map((keys) => {
      return parseConfig(Buffer.from(textOf(options, keys)), `${options.name}.yml`);
    });
    this.#ejects = this.#configs.some(({ pools: [pool] }) => pool.autoEjectHosts);
    this.#rings = options.cluster
      ? []
      : this.#configs.map(({ pools: [pool] }) => ({
          ring: ringOf(pool, new Uint8Array(pool.servers.length).fill(1)),
          names: pool.servers.map(({ name }) => name),
        }));
  }

  get address(): string {
    return this.#options.address;
  }

  get port(): number {
    return this.#options.port;
  }

  start(): void {
    this.loop.io(() => void this.#start());
  }

  async #start(): Promise<void> {
    const { codec, reader, memoryMib } = this.#options;
    const [first] = this.#configs;
    let bytes = 0;
    for (const config of this.#configs) bytes = Math.max(bytes, arenaBytes(config));
    this.#codec = takeCodec(codec, bytes);
    const log = {
      level: 6,
      write: (level: number, line: string) => {
        this.#world.trace.add(this.name, level, () => line);
      },
    };
    const server = new ProxyServer(first, {
      codec: this.#codec,
      log,
      reader,
      memoryLimit: memoryMib * 1024 * 1024,
      maxConnections: 10_000,
      onTrouble: (...what) => this.#topology?.onTrouble(...what),
    });
    this.#server = server;
    if (this.#options.sentinels.length > 0 || this.#options.cluster) {
      this.#topology = new TopologyKeeper(log);
      this.#topology.start(server, first);
    }
    this.#fresh = holdingsOf(server.engine);
    server.preconnect();
    const listeners = new PoolListeners({
      log,
      onSocket: (pool, socket) => void server.accept(pool, socket),
    });
    this.#listeners = listeners;
    try {
      await listeners.open(first.pools);
      this.ready = true;
    } catch (error) {
      this.complaints.push(`${this.name} does not start: ${(error as Error).message}`);
    }
  }

  /** Takes over the other configuration. */
  reload(config: number): void {
    this.loop.io(() => void this.#reload(config));
  }

  async #reload(index: number): Promise<void> {
    const [server, listeners] = [this.#server, this.#listeners];
    if (server === null || listeners === null || this.stopped || this.#reloading) return;
    this.#reloading = true;
    const config = this.#configs[index];
    try {
      const prepared = server.prepare(config);
      const doors = await listeners.prepare(config.pools);
      prepared.commit(DRAIN_MS);
      doors.commit();
      this.#topology?.follow(config);
      this.#world.trace.add(this.name, index, () => `has configuration ${index} now`);
      if (this.#config !== index) {
        this.#configSince = this.#world.micros;
        this.#reloads.push({ since: this.#world.micros, config: index });
      }
      this.#config = index;
    } catch (error) {
      this.complaints.push(`${this.name} does not reload: ${(error as Error).message}`);
    }
    this.#reloading = false;
  }

  /** The servers that it may ask for a key, between two moments. */
  ownersOf(key: string, from: number): readonly string[] {
    const bytes = Buffer.from(key, 'latin1');
    if (this.#ejects) return this.#ownersByEras(bytes, from);
    const now = this.#config;
    // Requests that were under way at a reload go where they were to go before it.
    const all = from < this.#configSince + 2 * DRAIN_MS * 1000 && this.#configSince > 0;
    return this.#rings.filter((_, i) => all || i === now).map((ring) => ownerOf(ring, bytes) ?? '');
  }

  /**
   * The servers that it may ask for a key, when it has had the request whole since then; what is
   * larger than it assembles goes where it was to go when it began. Null: any that it has had.
   */
  ownersSince(key: string, sentAt: number, wholeAt: number, bytes: number): string[] | null {
    if (this.#ejects || this.#rings.length === 0) return null;
    const [{ maxAssembledRequest }] = this.#configs[0].pools;
    const from = bytes + HEAD_BYTES > maxAssembledRequest ? sentAt : wholeAt;
    const bytesOfKey = Buffer.from(key, 'latin1');
    const owners = this.#reloads.flatMap(({ config }, i) => {
      const end = this.#reloads[i + 1]?.since ?? Number.POSITIVE_INFINITY;
      return end >= from ? [ownerOf(this.#rings[config], bytesOfKey) ?? ''] : [];
    });
    return [...new Set(owners)];
  }

  /** Each era reaches until what was sent in it is carried out. */
  #ownersByEras(key: Buffer, from: number): string[] {
    const names = new Set<string>();
    this.#eras.forEach(({ ring }, i) => {
      const end = this.#eras[i + 1]?.since ?? Number.POSITIVE_INFINITY;
      if (end + EJECTED_MICROS >= from) names.add(ownerOf(ring, key) ?? '');
    });
    return [...names];
  }

  /** Servers that are not in the ring now; nodes of a cluster are in none. */
  get ejected(): readonly string[] {
    const [pool] = this.#server?.pools ?? [];
    if (pool === undefined || this.#options.cluster) return [];
    return pool.servers.filter((each) => !pool.liveServers.includes(each)).map(({ name }) => name);
  }

  /** How often it has lost a server, or waited for one in vain. */
  get troubles(): number {
    const servers = this.#server?.pools.flatMap((pool) => pool.servers) ?? [];
    return servers.reduce((sum, { counters }) => {
      return sum + counters[SERVER_EOF] + counters[SERVER_ERR] + counters[SERVER_TIMEDOUT];
    }, 0);
  }

  #noteEra(): void {
    const { ejected } = this;
    const of = `${this.#config} ${ejected.join()}`;
    if (this.#eras.at(-1)?.of === of) return;
    const { pools } = this.#configs[this.#config];
    const live = new Uint8Array(
      pools[0].servers.map(({ name }) => (ejected.includes(name) ? 0 : 1)),
    );
    const names = pools[0].servers.map(({ name }) => name);
    const ring = { ring: ringOf(pools[0], live), names };
    this.#eras.push({ since: this.#world.micros, of, ring });
  }

  /** How its connections to a server stand: of several, what is dearest to lose. */
  connectionState(server: string): ConnectionState {
    let best = 0;
    for (const each of this.#server?.engine.connections ?? []) {
      if (!(each instanceof BackendConnection) || !each.owner.title.includes(`| ${server} `)) {
        continue;
      }
      best = Math.max(best, CONNECTION_STATES.indexOf(stateOf(each)));
    }
    return CONNECTION_STATES[best];
  }

  /** Looked at after each of its turns. */
  checkTurn(): void {
    const server = this.#server;
    if (server === null) return;
    if (this.#ejects) this.#noteEra();
    const { engine } = server;
    const { used, limit } = engine.budget;
    if (limit !== 0 && used > limit + BUDGET_SLACK * (engine.clients.length + 4)) {
      this.#complainOnce(`holds more than it may: more than ${limit} bytes`);
    }
    if (engine.process[INTERNAL_ERRORS] > 0) {
      this.#complainOnce('has caught an error of its own');
    }
  }

  #complainOnce(text: string): void {
    const complaint = `${this.name} ${text}`;
    if (this.complaints.includes(complaint)) return;
    this.complaints.push(complaint);
    this.#world.trace.add(this.name, 1, () => `COMPLAINT: ${text}`);
  }

  /** Nobody uses it any more: what it took for clients must be back; then it is stopped. */
  rest(): void {
    const server = this.#server;
    if (server === null || this.#fresh === null) return;
    const { engine, pools } = server;
    this.#check('at rest', () => {
      assertAtRest(
        engine,
        this.#fresh as Holdings,
        pools.map(({ lanes }) => ({ lanes })),
      );
    });
    for (const { counters } of pools) {
      const left = [
        counters[PUBSUB_CLIENTS],
        counters[PUBSUB_SUBSCRIPTIONS],
        counters[PUBSUB_TOPICS],
      ];
      if (left.some((count) => count !== 0)) {
        this.#complainOnce(`counts clients, subscriptions, topics at rest: ${left.join()}`);
      }
    }
    this.stopped = true;
    this.loop.io(() => {
      this.#listeners?.close();
      this.#topology?.stop();
      void server.stop(0);
    });
  }

  /** It is stopped, and its connections have had the time to close. */
  checkStopped(): void {
    const server = this.#server;
    if (server === null) return;
    this.#check('stopped', () => {
      assertAtRest(server.engine, this.#fresh as Holdings, server.pools);
    });
    const { size } = server.engine.connections;
    if (size > 0) this.#complainOnce(`is stopped and has ${size} connections to servers`);
  }

  #check(when: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      const [first, ...rest] = (error as Error).message.split('\n');
      const differing = rest.filter((line) => /^\s*[+-]/.test(line)).join(' ');
      this.#complainOnce(`has not got everything back ${when}: ${first} ${differing}`);
    }
  }

  /** Its arena can be used by another. */
  discard(): void {
    if (this.#codec !== null) giveCodec(this.#codec);
    this.#codec = null;
    this.#server = null;
    this.loop.end();
  }
}

function stateOf(connection: BackendConnection): ConnectionState {
  if (!connection.connected) return 'connecting';
  if (connection.full) return 'full';
  if (connection.holder !== null) return 'leased';
  if (connection.replies.underWay) return 'mid-reply';
  return connection.inFlight.count > 0 ? 'in flight' : 'idle';
}
