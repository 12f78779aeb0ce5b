import { readFileSync } from 'node:fs';
import type { Server as NetServer } from 'node:net';
import { type CodecChoice, selectCodec } from './codec/select.ts';
import { type Config, loadConfig, unsupportedInThisRelease } from './config/index.ts';
import { ConfigError, RingwayError } from './errors.ts';
import { FileLog, LOG_NOTICE, type Log } from './log.ts';
import type { ReaderKind } from './net/reader.ts';
import { arenaBytes, ProxyServer } from './proxy/proxy-server.ts';
import { serveStats } from './stats/server.ts';
import { statsJson } from './stats/stats-json.ts';

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
  readonly stats?: { readonly port: number; readonly host: string };
  /** `data` keeps to the documented interface of node:net. */
  readonly reader?: ReaderKind;
}

/** A running proxy. */
export interface Ringway {
  readonly codec: string;
  readonly reader: ReaderKind;
  /** The stats as the stats port sends them: one line of JSON. */
  stats(): string;
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
  const unsupported = unsupportedInThisRelease(config);
  if (unsupported.length > 0) throw new ConfigError(unsupported);
  const log = options.log ?? new FileLog(LOG_NOTICE, null);
  const codec = chooseCodec(options.codec ?? 'auto', arenaBytes(config), log);
  const proxy = new ProxyServer(config, { codec, log, reader: options.reader ?? null });
  const startedAt = Date.now();
  const stats = (): string =>
    statsJson({
      version: VERSION,
      startedAt,
      process: proxy.engine.process,
      pools: proxy.pools,
    });
  const statsServer = await openStats(options.stats, stats);
  try {
    await proxy.start();
  } catch (error) {
    statsServer?.close();
    throw error;
  }
  return {
    codec: codec.name,
    reader: proxy.engine.reader.kind,
    stats,
    async stop(drainMs?: number): Promise<void> {
      statsServer?.close();
      await proxy.stop(drainMs);
    },
  };
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

async function openStats(
  where: RingwayOptions['stats'],
  stats: () => string,
): Promise<NetServer | null> {
  if (where === undefined) return null;
  try {
    return await serveStats(where.port, where.host, stats);
  } catch (error) {
    const address = `${where.host}:${where.port}`;
    throw new RingwayError(
      'RINGWAY_LISTEN',
      `cannot serve the stats on ${address}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
