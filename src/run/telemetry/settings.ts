import { DEFAULT_TRACE_RATE, type Options, OTLP_FROM_ENVIRONMENT } from '../../options.ts';

/** What the command line says of it. */
export type TelemetryOptions = Pick<Options, 'otlpEndpoint' | 'otlpServiceName' | 'otlpSampleRate'>;

/** What is exported, and where. */
export interface TelemetrySettings {
  /** Base of the collector's addresses; null = the SDK finds them in the environment. */
  readonly endpoint: string | null;
  /** Null = the SDK finds it in the environment. */
  readonly serviceName: string | null;
  /** 0 = no traces. */
  readonly traceRate: number;
  readonly metrics: boolean;
  readonly metricsEveryMs: number;
  /** How spans wait and leave together; what is not said is the SDK's to choose. */
  readonly batch: BatchSettings;
}

/** Of the SDK's queue of spans. */
export interface BatchSettings {
  readonly scheduledDelayMillis?: number;
  readonly exportTimeoutMillis?: number;
  readonly maxQueueSize?: number;
  readonly maxExportBatchSize?: number;
}

const METRICS_EVERY_MS = 60_000;

/** @returns null when nothing is exported */
export function telemetrySettings(
  { otlpEndpoint, otlpServiceName, otlpSampleRate }: TelemetryOptions,
  env: NodeJS.ProcessEnv,
): TelemetrySettings | null {
  if (otlpEndpoint === null || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return null;
  const endpoint = otlpEndpoint === OTLP_FROM_ENVIRONMENT ? null : otlpEndpoint;
  const metrics = env['OTEL_METRICS_EXPORTER'] !== 'none';
  const isTraced = env['OTEL_TRACES_EXPORTER'] !== 'none';
  const traceRate = isTraced ? (otlpSampleRate ?? sampledBy(env)) : 0;
  if (!metrics && traceRate === 0) return null;
  const serviceName = otlpServiceName ?? (env['OTEL_SERVICE_NAME'] ? null : 'ringway');
  const metricsEveryMs = numberOf(env, 'OTEL_METRIC_EXPORT_INTERVAL') ?? METRICS_EVERY_MS;
  return { endpoint, serviceName, traceRate, metrics, metricsEveryMs, batch: batchOf(env) };
}

function batchOf(env: NodeJS.ProcessEnv): BatchSettings {
  const said = {
    scheduledDelayMillis: numberOf(env, 'OTEL_BSP_SCHEDULE_DELAY'),
    exportTimeoutMillis: numberOf(env, 'OTEL_BSP_EXPORT_TIMEOUT'),
    maxQueueSize: numberOf(env, 'OTEL_BSP_MAX_QUEUE_SIZE'),
    maxExportBatchSize: numberOf(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** What is no whole number above zero is as if it were not set, as in the SDK. */
function numberOf(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const value = Number(env[name]);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** The rate that the variables of the SDK's own samplers mean. */
function sampledBy(env: NodeJS.ProcessEnv): number {
  const sampler = (env['OTEL_TRACES_SAMPLER'] ?? '').replace(/^parentbased_/, '');
  if (sampler === 'always_on') return 1;
  if (sampler === 'always_off') return 0;
  if (sampler !== 'traceidratio') return DEFAULT_TRACE_RATE;
  const rate = Number(env['OTEL_TRACES_SAMPLER_ARG'] || '1');
  return rate >= 0 && rate <= 1 ? rate : 1;
}
