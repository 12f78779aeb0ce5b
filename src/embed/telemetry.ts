import { OTLP_FROM_ENVIRONMENT } from '../options.ts';
import { type TelemetrySettings, telemetrySettings } from '../run/telemetry/settings.ts';

/**
 * Where metrics and traces are sent by OTLP. OpenTelemetry's packages are installed by whoever asks
 * for it; the variables of their SDK hold, such as `OTEL_RESOURCE_ATTRIBUTES`.
 */
export interface TelemetryOptions {
  /** The collector, as `http://127.0.0.1:4318`; default: what OTEL_EXPORTER_OTLP_ENDPOINT says. */
  readonly endpoint?: string;
  /** The name that it has there; default: what OTEL_SERVICE_NAME says, or `ringway`. */
  readonly serviceName?: string;
  /**
   * The part of all requests that is traced, 0 to 1; default: what OTEL_TRACES_SAMPLER says, or
   * 0.001.
   */
  readonly sampleRate?: number;
}

/** Null = none is sent. */
export function telemetryOf(
  options: TelemetryOptions | undefined,
  env: NodeJS.ProcessEnv,
): TelemetrySettings | null {
  if (options === undefined) return null;
  const { endpoint, serviceName, sampleRate } = options;
  return telemetrySettings(
    {
      otlpEndpoint: endpoint ?? OTLP_FROM_ENVIRONMENT,
      otlpServiceName: serviceName ?? null,
      otlpSampleRate: sampleRate ?? null,
    },
    env,
  );
}

/** What an option must be, in words. */
export const TELEMETRY_EXPECTED =
  "{ endpoint: 'http://127.0.0.1:4318', serviceName: 'ringway', sampleRate: 0.001 }, each or none";

/** Whether an option has the form that is expected. */
export function isTelemetry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const known = new Map<string, (given: unknown) => boolean>([
    ['endpoint', (given) => typeof given === 'string' && /^https?:\/\/[^/]/.test(given)],
    ['serviceName', (given) => typeof given === 'string' && given !== ''],
    ['sampleRate', (given) => typeof given === 'number' && given >= 0 && given <= 1],
  ]);
  return Object.entries(value).every(
    ([name, given]) => given === undefined || known.get(name)?.(given) === true,
  );
}
