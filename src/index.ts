import type { CodecChoice } from './codec/choices.ts';
import { type Config, readConfig } from './config/index.ts';
import { DEFAULT_MEMORY_LIMIT } from './limits.ts';
import { FileLog, LOG_NOTICE, type Log } from './log.ts';
import type { ReaderKind } from './net/reader.ts';
import type { DoorOptions } from './run/doors.ts';
import { LocalProxy } from './run/local-proxy.ts';
import { Program } from './run/program.ts';
import { TopologyKeeper } from './run/topology-keeper.ts';
import type { Status } from './stats/http/status.ts';
import { statsJson } from './stats/stats-json.ts';
import { VERSION } from './version.ts';

export { type Config, loadConfig, parseConfig } from './config/index.ts';
export { ConfigError, RingwayError } from './errors.ts';
export type { Log } from './log.ts';
export type { PoolChange } from './proxy/pool/config-changes.ts';
export { VERSION } from './version.ts';

/** How start() runs a proxy; all but the configuration has a default. */
export interface RingwayOptions extends DoorOptions {
  /** A nutcracker.yml, or what loadConfig() made of one. */
  readonly config: string | Config;
  /** Default `auto`. */
  readonly codec?: CodecChoice;
  /** Default: standard error at nutcracker's level 5. */
  readonly log?: Log;
  /** Whether latencies are measured; default true. */
  readonly latency?: boolean;
  /** Bytes that may wait for clients and servers in one process; 0 = no limit; default 1 GiB. */
  readonly memoryLimit?: number;
  /** Connections of one process, to clients and servers; default 0 = what the system allows. */
  readonly maxConnections?: number;
  /** Descriptors of listening sockets that are open already, by the name of their pool. */
  readonly listenFds?: ReadonlyMap<string, number>;
  /** `data` keeps to the documented interface of node:net; default: what this Node can do. */
  readonly reader?: ReaderKind;
}

/** A running proxy. */
export interface Ringway {
  readonly codec: string;
  readonly reader: string;
  /** The stats as the stats port sends them: one line of JSON. */
  stats(): string;
  /** What the status page shows. */
  status(): Promise<Status>;
  /**
   * Takes over another configuration, or what its file says now, while clients stay connected.
   * @throws ConfigError or RingwayError; then nothing has changed
   */
  reload(config?: Config): Promise<void>;
  /** Stops accepting, answers what is in flight for at most `drainMs`, and closes everything. */
  stop(drainMs?: number): Promise<void>;
}

/**
 * Runs the proxy of a configuration in this process.
 * @throws ConfigError, or RingwayError with a code that tells what could not be had
 */
export async function start(options: RingwayOptions): Promise<Ringway> {
  const { config: given, codec = 'auto', reader = null, latency = true, listenFds } = options;
  const { memoryLimit = DEFAULT_MEMORY_LIMIT, maxConnections = 0 } = options;
  const config = typeof given === 'string' ? (await readConfig(given)).config : given;
  const log = options.log ?? new FileLog(LOG_NOTICE, null);
  const topology = new TopologyKeeper(log);
  const proxy = new LocalProxy(config, {
    codec,
    log,
    reader,
    latency,
    version: VERSION,
    memoryLimit,
    maxConnections,
    onTrouble: (...what) => topology.onTrouble(...what),
  });
  const program = new Program(config, {
    serving: proxy,
    topology,
    log,
    doors: options,
    listeners: listenFds === undefined ? {} : { fds: listenFds },
    onSocket: (pool, socket, tls) => proxy.accept(pool, socket, tls),
  });
  proxy.preconnect();
  await program.open();
  return {
    codec: proxy.codec,
    reader: proxy.reader,
    stats: () => statsJson({ ...proxy.snapshot(), own: program.own }, options.stats?.own),
    status: () => program.status(),
    reload: async (next) => {
      const made = { text: new Uint8Array(0), attached: new Map() };
      if (next === undefined) await program.reloader.reload();
      else await program.reloader.reload(() => Promise.resolve({ config: next, ...made }));
    },
    stop: (drainMs) => program.stop(drainMs),
  };
}
