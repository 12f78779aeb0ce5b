import type { Config } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { DEFAULT_MEMORY_LIMIT } from '../limits.ts';
import { FileLog, LOG_NOTICE } from '../log.ts';
import { LocalProxy } from '../run/local-proxy.ts';
import { Program } from '../run/program.ts';
import { Telemetry } from '../run/telemetry/telemetry.ts';
import { TopologyKeeper } from '../run/topology-keeper.ts';
import type { Address } from '../stats/http/endpoints.ts';
import type { Status } from '../stats/http/status.ts';
import { statsJson } from '../stats/stats-json.ts';
import { VERSION } from '../version.ts';
import { checkOptions, type RingwayOptions } from './options.ts';
import { type ConfigSource, readSource } from './source.ts';
import { telemetryOf } from './telemetry.ts';

/** Where clients of a pool connect. */
export type ClientAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** A running proxy. */
export interface Ringway extends AsyncDisposable {
  readonly codec: string;
  readonly reader: string;
  /** The configuration in use. */
  readonly config: Config;
  /** Of the first pool, whose `listen` is an address and port. @throws RingwayError otherwise */
  readonly port: number;
  /** Where the stats are served, with the port that the system chose; null without `stats`. */
  readonly statsAddress: Address | null;
  /** The URL of the status page; null without `http` in the options. */
  readonly http: string | null;
  /**
   * Where clients connect.
   * @param pool default: the first one
   * @param tls its `tls_listen`
   * @throws RingwayError RINGWAY_USAGE when nothing listens there
   */
  address(pool?: string, tls?: boolean): ClientAddress;
  /** The stats as the stats port sends them: one line of JSON. */
  stats(): string;
  /** What the status page shows. */
  status(): Promise<Status>;
  /**
   * Takes over another configuration, or what its file says now, while clients stay connected.
   * @throws ConfigError or RingwayError; then nothing has changed
   */
  reload(next?: Config | ConfigSource): Promise<void>;
  /**
   * Takes a server out of the ring (`eject`), and closes its connections as well once all is
   * answered (`drain`), until it is put back (`enable`).
   * @throws RingwayError RINGWAY_USAGE when there is no such server
   */
  order(pool: string, server: string, order: 'eject' | 'drain' | 'enable'): void;
  /** Stops accepting, answers what is in flight for at most `drainMs`, and closes everything. */
  stop(drainMs?: number): Promise<void>;
}

/**
 * Runs the proxy of a configuration in this process.
 * @throws ConfigError, or RingwayError with a code that tells what could not be had
 */
export async function start(options: RingwayOptions): Promise<Ringway> {
  checkOptions(options);
  const { codec = 'auto', reader = null, latency = true, listenFds } = options;
  const { memoryLimit = DEFAULT_MEMORY_LIMIT, maxConnections = 0 } = options;
  const source = await readSource(options);
  const log = options.log ?? new FileLog(LOG_NOTICE, null);
  const told = telemetryOf(options.telemetry, process.env);
  const telemetry = told === null ? null : await Telemetry.load(told, log, 'guest');
  const topology = new TopologyKeeper(log);
  const text = await topology.members.fill(source, null);
  const proxy = new LocalProxy(text.config, {
    codec,
    log,
    reader,
    latency,
    traceRate: told?.traceRate ?? 0,
    version: VERSION,
    memoryLimit,
    maxConnections,
    onTrouble: (...what) => topology.onTrouble(...what),
  });
  const program = new Program(text, {
    serving: proxy,
    topology,
    telemetry,
    log,
    doors: options,
    listeners: listenFds === undefined ? {} : { fds: listenFds },
    onSocket: (pool, socket, tls) => proxy.accept(pool, socket, tls),
  });
  proxy.preconnect();
  await program.open();
  return new EmbeddedRingway(proxy, program, options);
}

class EmbeddedRingway implements Ringway {
  readonly #proxy: LocalProxy;
  readonly #program: Program;
  readonly #options: RingwayOptions;
  #stopped: Promise<void> | null = null;

  constructor(proxy: LocalProxy, program: Program, options: RingwayOptions) {
    this.#proxy = proxy;
    this.#program = program;
    this.#options = options;
  }

  get codec(): string {
    return this.#proxy.codec;
  }

  get reader(): string {
    return this.#proxy.reader;
  }

  get config(): Config {
    return this.#program.reloader.current;
  }

  get port(): number {
    const address = this.address();
    if ('port' in address) return address.port;
    throw new RingwayError('RINGWAY_USAGE', `the first pool listens on ${address.path}`);
  }

  get http(): string | null {
    return this.#program.http;
  }

  get statsAddress(): Address | null {
    return this.#program.stats;
  }

  address(pool: string = this.config.pools[0].name, tls = false): ClientAddress {
    const found = this.#program.listeners.addressOf(tls ? `${pool}-tls` : pool);
    if (found === null) throw new RingwayError('RINGWAY_USAGE', `nothing listens for ${pool}`);
    if (typeof found === 'string') return { path: found };
    return { host: found.address, port: found.port };
  }

  stats(): string {
    const snapshot = { ...this.#proxy.snapshot(), own: this.#program.own };
    return statsJson(snapshot, this.#options.stats?.own);
  }

  status(): Promise<Status> {
    return this.#program.status();
  }

  async reload(next?: Config | ConfigSource): Promise<void> {
    const { reloader } = this.#program;
    if (next !== undefined) {
      const source = isConfig(next) ? { config: next } : next;
      await reloader.reload(() => readSource(source));
      return;
    }
    if (typeof this.#options.config !== 'string') {
      const message = 'it was not started from a file; expected reload() with a configuration';
      throw new RingwayError('RINGWAY_USAGE', message);
    }
    await reloader.reload();
  }

  order(pool: string, server: string, order: 'eject' | 'drain' | 'enable'): void {
    this.#program.orders.obey([pool, server, order]);
  }

  stop(drainMs?: number): Promise<void> {
    this.#stopped ??= this.#program.stop(drainMs);
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function isConfig(next: Config | ConfigSource): next is Config {
  return Array.isArray(next.pools);
}
