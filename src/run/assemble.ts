import { availableParallelism } from 'node:os';
import { type ConfigText, configWarnings, type Members, readConfig } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { LOG_WARN, type Log } from '../log.ts';
import { handleOf } from '../net/handles.ts';
import type { ReaderKind } from '../net/reader.ts';
import { type CodecChoice, DEFAULTS } from '../options.ts';
import type { GivenListeners } from '../proxy/listeners.ts';
import type { ServerOrder } from '../proxy/pool/connections/order.ts';
import type { Known } from '../topology/known.ts';
import { VERSION } from '../version.ts';
import type { DoorOptions } from './doors.ts';
import { LocalProxy } from './local-proxy.ts';
import { Workers } from './processes/workers.ts';
import { Program } from './program.ts';
import type { KnownAddresses, NameAddresses } from './serving.ts';
import type { TelemetrySettings } from './telemetry/settings.ts';
import { Telemetry } from './telemetry/telemetry.ts';
import { TopologyKeeper } from './topology-keeper.ts';

/** What a program is put together from. */
export interface AssembleOptions {
  readonly confFile: string;
  /** Processes that serve clients; with 1, this one does. */
  readonly workers: number | 'auto';
  readonly codec: CodecChoice;
  readonly reader: ReaderKind | null;
  readonly latency: boolean;
  /** Null = none is sent anywhere. */
  readonly telemetry: TelemetrySettings | null;
  readonly memoryLimit: number;
  readonly maxConnections: number;
  readonly drainMs: number;
  readonly unready: boolean;
  /** Of the process before this one: what its clients resume their sessions with. */
  readonly ticketSecret: Buffer | null;
  readonly log: Log;
  readonly doors: DoorOptions;
  readonly listeners: GivenListeners;
  /** Where masters are, from the process before this one. */
  readonly known: readonly Known[];
  /** What that has made rings of, by names of SRV records. */
  readonly members: Members;
  /** Where names of servers led for it. */
  readonly addresses?: KnownAddresses;
  /** They are not followed until an operator says so. */
  readonly frozen: boolean;
  /** What an operator wanted of single servers of that process. */
  readonly orders: readonly ServerOrder[];
  /** Processes that have numbered their clients before. */
  readonly numbered: number;
}

/** Who has named no file may not know which one is read. */
async function readNamed(file: string): Promise<ConfigText> {
  try {
    return await readConfig(file);
  } catch (error) {
    const { code, message } = error as RingwayError;
    if (code !== 'RINGWAY_CONFIG_FILE' || file !== DEFAULTS.confFile) throw error;
    throw new RingwayError(code, `${message}; -c FILE names another`, { cause: error });
  }
}

/**
 * Puts a program together, without opening anything.
 * @throws ConfigError or RingwayError
 */
export async function assemble(options: AssembleOptions): Promise<Program> {
  const { codec, reader, latency, memoryLimit, maxConnections, log, telemetry: told } = options;
  const workers = options.workers === 'auto' ? availableParallelism() : options.workers;
  const topology = new TopologyKeeper(log, options.known, options.frozen, options);
  const text = await topology.members.fill(await readNamed(options.confFile), null);
  for (const line of configWarnings(text.config)) log.write(LOG_WARN, line);
  const limits = { memoryLimit, maxConnections };
  const telemetry = told === null ? null : await Telemetry.load(told, log);
  const traceRate = told?.traceRate ?? 0;
  const engine = { codec, reader, latency, traceRate, ...limits, log, version: VERSION, workers };
  const onTrouble = (pool: string, server: string, isHint: boolean): void => {
    topology.onTrouble(pool, server, isHint);
  };
  const { orders, numbered } = options;
  if (workers === 1) {
    const { known } = options;
    const proxy = new LocalProxy(text.config, { ...engine, onTrouble, known, orders, numbered });
    proxy.preconnect();
    const onSocket = proxy.accept.bind(proxy);
    return new Program(text, { ...options, serving: proxy, topology, telemetry, onSocket });
  }
  const known = (): readonly Known[] => topology.known;
  const addresses = (): NameAddresses => topology.names.known;
  const others = { known, addresses, orders, numbered };
  const group = await Workers.start(text, { ...engine, onTrouble, ...others });
  return new Program(text, {
    ...options,
    serving: group,
    topology,
    telemetry,
    paused: true,
    onSocket: (pool, socket, tls) => {
      socket.on('error', () => {});
      const handle = handleOf(socket);
      const release = (): void => void socket.destroy();
      if (handle !== null) group.adopt({ state: null, pool, tls, handle, release });
    },
  });
}
