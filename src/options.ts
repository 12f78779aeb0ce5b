/** What the command line can say, and what holds without it. */

import type { CodecChoice } from './codec/choices.ts';

export { CODEC_CHOICES, type CodecChoice } from './codec/choices.ts';

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What a HUP does after it has opened the log file anew. */
export const HUP_ACTIONS = ['reload', 'reopen'] as const;
export type HupAction = (typeof HUP_ACTIONS)[number];

/** Where the page, the metrics and the health checks are served. */
export interface HttpOption {
  readonly host: string;
  readonly port: number;
  /** Not asked for: when it cannot be had, the proxy runs without. */
  readonly optional: boolean;
}

/** The options of the command line, each with its value. */
export interface Options {
  /** Log level, 0 to 11. */
  readonly verbose: number;
  /** Log file; null = stderr. */
  readonly output: string | null;
  readonly confFile: string;
  readonly statsPort: number;
  readonly statsAddr: string;
  readonly statsIntervalMs: number;
  readonly pidFile: string | null;
  /** Validated for old start scripts; ringway sizes its buffers itself. */
  readonly mbufSize: number;
  readonly daemonize: boolean;
  /** null = not given. */
  readonly codec: CodecChoice | null;
  /** Where page, metrics and health are served; null = nowhere. */
  readonly http: HttpOption | null;
  /** Names besides addresses and `localhost` that HTTP requests may be sent to; `*` = any. */
  readonly httpHosts: readonly string[];
  /** Path of the admin socket; null = none. */
  readonly adminSocket: string | null;
  readonly logFormat: LogFormat;
  /** How long a TERM or INT waits for what is in flight. */
  readonly drainMs: number;
  /** How long a TERM or INT lets clients come in, while /readyz says no already. */
  readonly shutdownDelayMs: number;
  /** MiB that may wait for clients and servers in one process; 0 = no limit. */
  readonly memoryMib: number;
  /** Connections of one process, to clients and servers; 0 = what the system allows. */
  readonly maxConnections: number;
  /** Processes that serve clients; `auto` = one per core. */
  readonly workers: number | 'auto';
  /** Whether the configuration is read again when its file changes. */
  readonly watch: boolean;
  /** `reopen`: a HUP opens the log file anew and reads no configuration, as nutcracker's. */
  readonly hup: HupAction;
  /** Whether latencies are measured. */
  readonly latency: boolean;
  /** Whether the stats port sends ringway's own figures, too. */
  readonly statsOwn: boolean;
  /** Whether another process may take over. */
  readonly upgrade: boolean;
  /** Where telemetry goes; null = nowhere, and none of its packages is loaded. */
  readonly otlpEndpoint: string | null;
  /** Null = as OTEL_SERVICE_NAME says, or `ringway`. */
  readonly otlpServiceName: string | null;
  /** The part of all requests that is traced, 0 to 1; null = as OTEL_TRACES_SAMPLER says. */
  readonly otlpSampleRate: number | null;
}

export const DEFAULTS: Options = {
  verbose: 5,
  output: null,
  confFile: 'conf/nutcracker.yml',
  statsPort: 22222,
  statsAddr: '0.0.0.0',
  statsIntervalMs: 30000,
  pidFile: null,
  mbufSize: 16384,
  daemonize: false,
  codec: null,
  http: { host: '127.0.0.1', port: 22223, optional: true },
  httpHosts: [],
  adminSocket: null,
  logFormat: 'text',
  drainMs: 1000,
  shutdownDelayMs: 0,
  memoryMib: 1024,
  maxConnections: 0,
  workers: 1,
  watch: false,
  hup: 'reload',
  latency: true,
  statsOwn: false,
  upgrade: true,
  otlpEndpoint: null,
  otlpServiceName: null,
  otlpSampleRate: null,
};

/** The value of --otlp-endpoint that leaves it to the environment. */
export const OTLP_FROM_ENVIRONMENT = 'env';
/** The part of all requests that is traced if nothing is said: one of a thousand. */
export const DEFAULT_TRACE_RATE = 0.001;

/** The first words that are commands of their own. */
export const COMMAND_NAMES = ['top', 'explain', 'check', 'doctor', 'bench', 'ctl'] as const;
/** Words that other programs take, and what says the same here. */
export const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['help', '--help'],
  ['version', '--version'],
  ['test', '-t'],
  ['configtest', '-t'],
  ['start', '-d'],
  ['run', '-c FILE'],
  ...['status', 'stats', 'drain', 'ready', 'unready', 'reload', 'restart', 'upgrade'].map(
    (word) => [word, `ctl --admin-socket=PATH ${word}`] as const,
  ),
  ['stop', 'ctl --admin-socket=PATH drain'],
]);

export const VERBOSE_MAX = 11;
export const PORT_MAX = 65535;
export const MBUF_MIN = 512;
export const MBUF_MAX = 16777216;
export const WORKERS_MAX = 256;
