import type { Attributes, HrTime, Span, Tracer } from '@opentelemetry/api';
import type { RequestTrace, TracedShare } from '../../proxy/engine/request-traces.ts';
import type { Packages } from './packages.ts';

/**
 * One span for a request from its arrival until its reply, and one below it for what each server
 * had of it; attributes by OpenTelemetry's conventions for databases, ringway's own beside them.
 */
export function writeSpans({ api }: Packages, tracer: Tracer, trace: RequestTrace): void {
  const { SpanKind, ROOT_CONTEXT } = api;
  const name = readable(trace.command) || 'request';
  const common = {
    'db.system.name': trace.redis ? 'redis' : 'memcached',
    'db.operation.name': name,
    'ringway.pool': trace.pool,
  };
  const span = tracer.startSpan(
    name,
    {
      kind: SpanKind.SERVER,
      root: true,
      startTime: hrTime(trace.startedAt),
      attributes: { ...common, ...requestAttributes(trace) },
    },
    ROOT_CONTEXT,
  );
  const context = api.trace.setSpan(ROOT_CONTEXT, span);
  for (const share of trace.shares) {
    const attributes = { ...common, ...shareAttributes(share) };
    const startTime = hrTime(share.startedAt);
    const options = { kind: SpanKind.CLIENT, startTime, attributes };
    end(api, tracer.startSpan(`${name} ${share.server}`, options, context), share);
  }
  end(api, span, trace);
}

function end(
  { SpanStatusCode }: Packages['api'],
  span: Span,
  { failure, endedAt }: { readonly failure: string | null; readonly endedAt: number },
): void {
  if (failure !== null) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: readable(failure).replace(/^-/, '') });
  }
  span.end(hrTime(endedAt));
}

function requestAttributes({ client, clientName, key }: RequestTrace): Attributes {
  const at = client.lastIndexOf(':');
  const port = Number(client.slice(at + 1));
  return {
    'client.address': at > 0 ? client.slice(0, at).replace(/^\[|\]$/g, '') : client,
    ...(at > 0 && port > 0 ? { 'client.port': port } : {}),
    ...(clientName === '' ? {} : { 'ringway.client_name': readable(clientName) }),
    ...(key === null ? {} : { 'ringway.key': readable(key) }),
  };
}

function shareAttributes({ server, host, port }: TracedShare): Attributes {
  return {
    'server.address': host,
    ...(port > 0 ? { 'server.port': port } : {}),
    'ringway.server': server,
  };
}

/** What a client sent, one character per byte, as the text that it most likely is. */
function readable(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}

/** @param micros since 1970 */
export function hrTime(micros: number): HrTime {
  const seconds = Math.floor(micros / 1e6);
  return [seconds, Math.round(micros - seconds * 1e6) * 1000];
}
