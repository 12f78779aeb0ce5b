import { readFileSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { type AdminActions, serveAdmin } from './admin/admin-server.ts';
import { type CodecChoice, selectCodec } from './codec/select.ts';
import { type Config, loadConfig } from './config/index.ts';
import { RingwayError } from './errors.ts';
import { FileLog, LOG_NOTICE, type Log } from './log.ts';
import type { ReaderKind } from './net/reader.ts';
import { arenaBytes, ProxyServer } from './proxy/proxy-server.ts';
import {
  type Address,
  cannotServe,
  type HttpAddress,
  openHttp,
  openStats,
} from './stats/endpoints.ts';
import { StatusView } from './stats/http-address.ts';
import { type Snapshot, takeSnapshot } from './stats/snapshot.ts';
import { statsJson } from './stats/stats-json.ts';
import type { ProxyState, Status } from './stats/status.ts';

export { type Config, loadConfig, parseConfig } from './config/index.ts';
export { ConfigError, RingwayError } from './errors.ts';
export type { Log } from './log.ts';

/** Version of this package. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  }
).version;

export interface RingwayOptions {
  /** A nutcracker.yml, or what loadConfig() made of one. */
  readonly config: string | Config;
  /** Default `auto`. */
  readonly codec?: CodecChoice;
  /** Default: standard error at nutcracker's level 5. */
  readonly log?: Log;
  /** Where the stats are served; absent = not at all. */
  readonly stats?: Address;
  /** Where status page, metrics and health are served; absent = not at all. */
  readonly http?: HttpAddress;
  /** A unix socket for commands, made with mode 0600; absent = none. */
  readonly admin?: { readonly path: string; readonly actions?: AdminActions };
  /** Whether latencies are measured; default true. */
  readonly latency?: boolean;
  /** Descriptors of listening sockets that are open already, by the name of their pool. */
  readonly listenFds?: ReadonlyMap<string, number>;
  /** `data` keeps to the documented interface of node:net. */
  readonly reader?: ReaderKind;
}

/** A running proxy. */
export interface Ringway {
  readonly codec: string;
  readonly reader: ReaderKind;
  /** The stats as the stats port sends them: one line of JSON. */
  stats(): string;
  /** What the status page shows. */
  status(): Promise<Status>;
  /** Stops accepting, answers what is in flight for at most `drainMs`, and closes everything. */
  stop(drainMs?: number): Promise<void>;
}

/**
 * Runs the proxy of a configuration in this process.
 * @throws ConfigError, or RingwayError with a code that tells what could not be had
 */
export async function start(options: RingwayOptions): Promise<Ringway> {
  const config =
    typeof options.config === 'string' ? await loadConfig(options.config) : options.config;
  const log = options.log ?? new FileLog(LOG_NOTICE, null);
  const codec = chooseCodec(options.codec ?? 'auto', arenaBytes(config), log);
  const { reader = null, latency = true, listenFds = new Map() } = options;
  const shared = { codec, log, reader, latency, listenFds, version: VERSION };
  const proxy = new ProxyServer(config, shared);
  const startedAt = Date.now();
  let state: ProxyState = 'starting';
  const snapshot = (): Snapshot =>
    takeSnapshot({
      version: VERSION,
      startedAt,
      engine: proxy.engine,
      pools: proxy.pools,
      codec: codec.name,
    });
  const view = new StatusView({ snapshot, state: () => state });
  const stats = (): string => statsJson(snapshot());
  const doors = await openDoors(options, view, stats, log);
  try {
    await proxy.start();
  } catch (error) {
    doors.close();
    throw error;
  }
  state = 'ready';
  return {
    codec: codec.name,
    reader: proxy.engine.reader.kind,
    stats,
    status: () => view.status(),
    async stop(drainMs?: number): Promise<void> {
      state = 'draining';
      await proxy.stop(drainMs);
      doors.close();
    },
  };
}

/** Opens what is not for clients: stats port, HTTP address and admin socket, as asked for. */
async function openDoors(
  options: RingwayOptions,
  view: StatusView,
  stats: () => string,
  log: Log,
): Promise<{ close(): void }> {
  const open: (NetServer | null)[] = [];
  const close = (): void => {
    view.stop();
    for (const server of open) {
      server?.close();
      (server as Partial<HttpServer> | null)?.closeAllConnections?.();
    }
  };
  try {
    if (options.stats !== undefined) open.push(await openStats(options.stats, stats));
    if (options.http !== undefined) open.push(await openHttp(options.http, view, log));
    if (options.admin !== undefined) open.push(await openAdmin(options.admin, view, stats));
  } catch (error) {
    close();
    throw error;
  }
  if (options.http !== undefined || options.admin !== undefined) view.start();
  return { close };
}

async function openAdmin(
  { path, actions = new Map() }: NonNullable<RingwayOptions['admin']>,
  view: StatusView,
  stats: () => string,
): Promise<NetServer> {
  const all: AdminActions = new Map([
    ['status', async () => ({ status: await view.status() })],
    ['stats', () => ({ stats: JSON.parse(stats()) as object })],
    ...actions,
  ]);
  try {
    return await serveAdmin(path, all);
  } catch (error) {
    throw cannotServe('the admin socket', path, error as Error);
  }
}

function chooseCodec(wanted: CodecChoice, bytes: number, log: Log): ReturnType<typeof selectCodec> {
  try {
    return selectCodec({
      wanted,
      arenaBytes: bytes,
      log: (line) => log.write(LOG_NOTICE, line),
    });
  } catch (error) {
    throw new RingwayError('RINGWAY_CODEC', (error as Error).message, { cause: error });
  }
}
