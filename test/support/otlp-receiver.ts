import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A value as OTLP's JSON has it. */
interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
}

type Attributes = readonly { readonly key: string; readonly value: AnyValue }[];

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Attributes;
  readonly status: { readonly code: number; readonly message?: string };
}

export interface OtlpPoint {
  readonly attributes: Attributes;
  readonly asDouble?: number;
  readonly count?: number | string;
  readonly sum?: number;
  readonly bucketCounts?: readonly (number | string)[];
  readonly explicitBounds?: readonly number[];
}

export interface OtlpMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: {
    readonly dataPoints: OtlpPoint[];
    readonly isMonotonic: boolean;
    readonly aggregationTemporality: number;
  };
  readonly gauge?: { readonly dataPoints: OtlpPoint[] };
  readonly histogram?: {
    readonly dataPoints: OtlpPoint[];
    readonly aggregationTemporality: number;
  };
}

interface Resource {
  readonly resource: { readonly attributes: Attributes };
}

interface TraceRequest {
  readonly resourceSpans: readonly (Resource & {
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  })[];
}

interface MetricRequest {
  readonly resourceMetrics: readonly (Resource & {
    readonly scopeMetrics: readonly { readonly metrics: readonly OtlpMetric[] }[];
  })[];
}

/** Attributes as an object. */
export function plain(attributes: Attributes): Record<string, string | number | undefined> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const number = value.intValue ?? value.doubleValue;
      return [key, value.stringValue ?? (number === undefined ? undefined : Number(number))];
    }),
  );
}

/** What a collector of OpenTelemetry gets, decoded. */
export class OtlpReceiver {
  readonly spans: OtlpSpan[] = [];
  /** Of the last export. */
  metrics: readonly OtlpMetric[] = [];
  /** Of the last export of any kind. */
  resource: Record<string, string | number | undefined> = {};
  readonly headers: Record<string, string | string[] | undefined>[] = [];
  #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      this.headers.push(request.headers);
      const isKnown = this.#take(request.url ?? '', JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
    });
  });

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #take(path: string, body: object): boolean {
    if (path === '/v1/traces') {
      for (const { resource, scopeSpans } of (body as TraceRequest).resourceSpans) {
        this.resource = plain(resource.attributes);
        this.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
      }
    } else if (path === '/v1/metrics') {
      for (const { resource, scopeMetrics } of (body as MetricRequest).resourceMetrics) {
        this.resource = plain(resource.attributes);
        this.metrics = scopeMetrics.flatMap(({ metrics }) => metrics);
      }
    } else return false;
    return true;
  }

  /** The roots of what was traced, by the name of the command, with their shares. */
  traces(name: string): { readonly root: OtlpSpan; readonly shares: readonly OtlpSpan[] }[] {
    return this.spans
      .filter((span) => span.name === name && !span.parentSpanId)
      .map((root) => ({
        root,
        shares: this.spans.filter(
          ({ traceId, parentSpanId }) => traceId === root.traceId && parentSpanId === root.spanId,
        ),
      }));
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
