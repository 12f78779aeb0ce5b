import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a path answers with. */
export interface HttpAnswer {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** Answers by exact path, without the query. Reading them must change nothing. */
export type HttpRoutes = ReadonlyMap<string, () => HttpAnswer | Promise<HttpAnswer>>;

/** Connections at once: a scraper, some browsers, probes. More are closed at once. */
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_URL_BYTES = 2 * 1024;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;

const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** A text for people and probes. */
export function plain(body: string, status = 200): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

/**
 * Serves GET and HEAD of fixed paths.
 * @throws the system's error, as a rejection, when the address cannot be had
 */
export function serveHttp(
  port: number,
  host: string,
  routes: HttpRoutes,
  onError: (error: unknown) => void,
): Promise<Server> {
  // Importing node:http as a module evaluates all its exports, with WebSocket a WebAssembly parser
  // that Node 22 cannot load in little address space: it would take this process down.
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      handle(request, response, routes, onError).catch((error: unknown) => {
        response.destroy();
        onError(error);
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve(server);
    });
  });
}

/** Where a server of serveHttp() listens, as a browser wants it. */
export function httpUrl(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  routes: HttpRoutes,
  onError: (error: unknown) => void,
): Promise<void> {
  let answer: HttpAnswer;
  try {
    answer = await answerTo(request, routes);
  } catch (error) {
    onError(error);
    answer = plain(`internal error: ${(error as Error).message}\n`, 500);
  }
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const headers: Record<string, string | number> = {
    ...HEADERS,
    'Content-Type': answer.type,
    'Content-Length': body.length,
  };
  if (answer.status === 405) headers['Allow'] = 'GET, HEAD';
  // What comes with a request is not read: the connection ends with it.
  if (hasBody(request)) headers['Connection'] = 'close';
  response.writeHead(answer.status ?? 200, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function answerTo(
  { method, url = '' }: IncomingMessage,
  routes: HttpRoutes,
): HttpAnswer | Promise<HttpAnswer> {
  if (method !== 'GET' && method !== 'HEAD') return plain('only GET and HEAD are served\n', 405);
  if (url.length > MAX_URL_BYTES) return plain('the address is too long\n', 414);
  const query = url.indexOf('?');
  const route = routes.get(query < 0 ? url : url.slice(0, query));
  return route === undefined ? plain('there is nothing here\n', 404) : route();
}
