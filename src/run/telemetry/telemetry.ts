import { randomUUID } from 'node:crypto';
import type { Tracer } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { TELEMETRY_END_MS, TRACES_TAKEN_MS } from '../../limits.ts';
import { LOG_NOTICE, LOG_WARN, type Log } from '../../log.ts';
import type { TakenTraces } from '../../proxy/engine/request-traces.ts';
import type { Snapshot } from '../../stats/snapshot.ts';
import { VERSION } from '../../version.ts';
import { metricProducer } from './metrics.ts';
import { loadPackages, type Packages } from './packages.ts';
import { sdkMessage } from './sdk-message.ts';
import type { TelemetrySettings } from './settings.ts';
import { writeSpans } from './spans.ts';

/** Whose figures and traces they are. */
export interface TelemetrySource {
  snapshot(): Promise<Snapshot>;
  takeTraces(): TakenTraces | Promise<TakenTraces>;
}

/** A part of the SDK that sends by itself; both flush what they have. */
interface Provider {
  shutdown(): Promise<void>;
}

/** Whose the process is: a guest leaves what is there once alone, such as the SDK's own logger. */
export type Standing = 'host' | 'guest';

/** Part of the SDK that sends; code 0 = it has. */
interface Exporter<T> {
  export(items: T, done: (result: { readonly code: number; error?: Error }) => void): void;
}

/** Sends traces and figures to a collector: one for all processes, in the first one. */
export class Telemetry {
  readonly #packages: Packages;
  readonly #settings: TelemetrySettings;
  readonly #log: Log;
  readonly #standing: Standing;
  #source: TelemetrySource | null = null;
  readonly #providers: Provider[] = [];
  #tracer: Tracer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #taking = false;

  private constructor(
    packages: Packages,
    settings: TelemetrySettings,
    log: Log,
    standing: Standing,
  ) {
    this.#standing = standing;
    this.#packages = packages;
    this.#settings = settings;
    this.#log = log;
  }

  /** @throws RingwayError when the packages are not installed */
  static async load(
    settings: TelemetrySettings,
    log: Log,
    standing: Standing = 'host',
  ): Promise<Telemetry> {
    const what = standing === 'host' ? '--otlp-endpoint' : 'the option telemetry';
    return new Telemetry(await loadPackages(what), settings, log, standing);
  }

  start(source: TelemetrySource): void {
    const { traceRate, metrics, endpoint } = this.#settings;
    this.#source = source;
    if (this.#standing === 'host') this.#listenToSdk();
    const resource = this.#resource();
    if (metrics) this.#startMetrics(resource, source);
    if (traceRate > 0) this.#startTraces(resource);
    const what = [metrics ? 'metrics' : '', traceRate > 0 ? `traces of ${traceRate}` : ''];
    const where = endpoint ?? 'where OTEL_EXPORTER_OTLP_ENDPOINT says';
    this.#log.write(LOG_NOTICE, `telemetry: ${what.filter(Boolean).join(', ')} to ${where}`);
  }

  /** What the SDK cannot send, or does not understand, is in the log. */
  #listenToSdk(): void {
    const { diag, DiagLogLevel } = this.#packages.api;
    const warn = (message: string): void => this.#warn(sdkMessage(message));
    const ignore = (): void => {};
    const logger = { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  }

  #resource(): Resource {
    const { defaultResource, detectResources, envDetector, resourceFromAttributes } =
      this.#packages.resources;
    const { serviceName } = this.#settings;
    // Two processes run side by side while one takes over from the other.
    const own = { 'service.version': VERSION, 'service.instance.id': randomUUID() };
    const named = serviceName === null ? {} : { 'service.name': serviceName };
    return defaultResource()
      .merge(resourceFromAttributes(own))
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes(named));
  }

  #startMetrics(resource: Resource, source: TelemetrySource): void {
    const { MeterProvider, PeriodicExportingMetricReader } = this.#packages.metrics;
    const { OTLPMetricExporter } = this.#packages.metricExporter;
    const { metricsEveryMs } = this.#settings;
    const exporter = new OTLPMetricExporter(this.#at('metrics'));
    this.#listenTo(exporter);
    const reader = new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: metricsEveryMs,
      exportTimeoutMillis: Math.min(metricsEveryMs, 30_000),
      metricProducers: [this.#producer(source)],
    });
    this.#providers.push(new MeterProvider({ resource, readers: [reader] }));
  }

  /** Figures that cannot be had are in the log, also where the SDK tells somebody else. */
  #producer(source: TelemetrySource): MetricProducer {
    const producer = metricProducer(this.#packages, VERSION, () => source.snapshot());
    if (this.#standing === 'host') return producer;
    return {
      collect: () =>
        producer.collect().catch((error: Error) => {
          this.#warn(sdkMessage(`figures are lost: ${error.message}`));
          throw error;
        }),
    };
  }

  #startTraces(resource: Resource): void {
    const { AlwaysOnSampler, TracerProvider, BatchSpanProcessor } = this.#packages.traces;
    const { OTLPTraceExporter } = this.#packages.traceExporter;
    const exporter = new OTLPTraceExporter(this.#at('traces'));
    this.#listenTo(exporter);
    // Requests were sampled when they were answered: the variables are obeyed there.
    const provider = new TracerProvider({
      resource,
      sampler: new AlwaysOnSampler(),
      spanProcessors: [new BatchSpanProcessor({ ...this.#settings.batch, exporter })],
    });
    this.#providers.push(provider);
    this.#tracer = provider.getTracer('ringway', VERSION);
    // A worker that is slow to answer is not asked again meanwhile.
    const look = (): void => {
      if (!this.#taking) void this.takeTraces();
    };
    this.#timer = setInterval(look, TRACES_TAKEN_MS).unref();
  }

  /** What cannot be sent is in the log, also where the SDK tells somebody else. */
  #listenTo<T>(exporter: Exporter<T>): void {
    if (this.#standing === 'host') return;
    const send = exporter.export.bind(exporter);
    exporter.export = (items, done) =>
      send(items, (result) => {
        if (result.code !== 0) this.#warn(sdkMessage(result.error?.message ?? 'it is not taken'));
        done(result);
      });
  }

  #at(signal: string): { url?: string } {
    const { endpoint } = this.#settings;
    return endpoint === null ? {} : { url: `${endpoint.replace(/\/$/, '')}/v1/${signal}` };
  }

  /** Makes spans of what was traced since the last time. */
  async takeTraces(): Promise<void> {
    const tracer = this.#tracer;
    if (tracer === null || this.#source === null) return;
    this.#taking = true;
    try {
      const { traces, lost } = await this.#source.takeTraces();
      for (const trace of traces) writeSpans(this.#packages, tracer, trace);
      if (lost > 0) this.#warn(`${lost} traces are lost: more came than can wait`);
    } catch (error) {
      this.#warn(`traces are lost: ${(error as Error).message}`);
    } finally {
      this.#taking = false;
    }
  }

  /** Sends what is left, as far as a collector takes it at once. */
  async end(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.takeTraces();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TELEMETRY_END_MS);
    });
    const ended = Promise.allSettled(this.#providers.splice(0).map((each) => each.shutdown()));
    await Promise.race([ended, late]);
    clearTimeout(timer);
  }

  #warn(message: string): void {
    this.#log.write(LOG_WARN, `telemetry: ${message}`);
  }
}
