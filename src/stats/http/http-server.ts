import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, isIP, type Server as NetServer } from 'node:net';
import {
  HTTP_ANSWER_MS,
  HTTP_CONNECTIONS,
  HTTP_HEADER_BYTES,
  HTTP_HEADERS_MS,
  HTTP_KEEP_ALIVE_MS,
  HTTP_PIPELINE,
  HTTP_REQUEST_MS,
  HTTP_URL_BYTES,
} from '../../limits.ts';
import { BoundedConnections } from '../../net/bounded-connections.ts';

/** What a path answers with. */
export interface HttpAnswer {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** What answers one path. */
export interface HttpRoute {
  /** @param query what stands behind the `?` */
  answer(query: string): HttpAnswer | Promise<HttpAnswer>;
  /** It tells nothing that a page of another site could use. */
  readonly anyHost?: boolean;
}

/** Answers by exact path. Reading them must change nothing. */
export type HttpRoutes = ReadonlyMap<string, HttpRoute>;

/** Where to serve. */
export interface HttpPlace {
  readonly port: number;
  readonly host: string;
  /** Names besides `host`, addresses and `localhost` that requests may be sent to; `*` = any. */
  readonly hosts?: readonly string[];
}

const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
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
  place: HttpPlace,
  routes: HttpRoutes,
  onError: (error: unknown) => void,
): Promise<Server> {
  // Importing node:http as a module evaluates all its exports, with WebSocket a WebAssembly parser
  // that Node 22 cannot load in little address space: it would take this process down.
  const { createServer } = process.getBuiltinModule('node:http');
  const { port, host, hosts = [] } = place;
  const names = new Set(['localhost', ...[host, ...hosts].map((name) => name.toLowerCase())]);
  const site = new Site(routes, names, onError);
  const server = createServer(
    {
      maxHeaderSize: HTTP_HEADER_BYTES,
      headersTimeout: HTTP_HEADERS_MS,
      requestTimeout: HTTP_REQUEST_MS,
      keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => site.take(request, response),
  );
  server.on('connection', (socket) => site.connections.admit(socket));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      server.on('error', () => {}); // such as no descriptor for one more: others go on
      resolve(server);
    });
  });
}

/** Where a server of serveHttp() listens, as a browser wants it. */
export function httpUrl(server: NetServer): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`;
}

/** An answer that is ready to be sent, as often as it is wanted. */
interface Ready {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

class Site {
  readonly connections: BoundedConnections = new BoundedConnections(HTTP_CONNECTIONS);
  readonly #routes: HttpRoutes;
  readonly #names: ReadonlySet<string>;
  /** Being made: whoever asks meanwhile gets the same. */
  readonly #making: Map<string, Promise<Ready>> = new Map();
  readonly #unanswered: WeakMap<object, number> = new WeakMap();
  readonly #onError: (error: unknown) => void;

  /** @param names in lower case, that requests may be sent to */
  constructor(routes: HttpRoutes, names: ReadonlySet<string>, onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#routes = routes;
    this.#names = names;
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const unanswered = (this.#unanswered.get(socket) ?? 0) + 1;
    this.#unanswered.set(socket, unanswered);
    if (unanswered > HTTP_PIPELINE) {
      socket.destroy();
      return;
    }
    this.connections.busy(socket);
    const timer = setTimeout(() => socket.destroy(), HTTP_ANSWER_MS);
    response.once('close', () => {
      clearTimeout(timer);
      const left = (this.#unanswered.get(socket) ?? 1) - 1;
      this.#unanswered.set(socket, left);
      if (left === 0) this.connections.idle(socket);
    });
    response.on('error', () => socket.destroy());
    this.#answer(request)
      .then((answer) => send(request, response, answer))
      .catch((error: unknown) => {
        socket.destroy();
        this.#onError(error);
      });
  }

  async #answer(request: IncomingMessage): Promise<Ready> {
    const route = this.#routeOf(request);
    if (!('answer' in route)) return ready(route);
    const { url = '' } = request;
    let making = this.#making.get(url);
    if (making === undefined) {
      const query = url.indexOf('?');
      making = this.#make(route, query < 0 ? '' : url.slice(query + 1));
      this.#making.set(url, making);
      void making.finally(() => this.#making.delete(url));
    }
    return making;
  }

  /** Never rejects. */
  async #make(route: HttpRoute, query: string): Promise<Ready> {
    try {
      return ready(await route.answer(query));
    } catch (error) {
      this.#onError(error);
      return ready(plain('internal error\n', 500));
    }
  }

  /** @returns what answers it, or at once why nothing does */
  #routeOf({ method, url = '', headers }: IncomingMessage): HttpRoute | HttpAnswer {
    if (url.length > HTTP_URL_BYTES) return plain('the address is too long\n', 414);
    const query = url.indexOf('?');
    const route = this.#routes.get(query < 0 ? url : url.slice(0, query));
    if (route?.anyHost !== true && !this.#isOurs(headers.host)) return WRONG_HOST;
    if (method !== 'GET' && method !== 'HEAD') return plain('only GET and HEAD are served\n', 405);
    return route ?? plain('there is nothing here\n', 404);
  }

  /**
   * Whether a request is for this server: a name that somebody else lets lead here would make this
   * a part of that one's site, whose pages might read everything. Browsers always name the host.
   */
  #isOurs(header: string | undefined): boolean {
    if (header === undefined || this.#names.has('*')) return true;
    const [, v6, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::[0-9]*)?$/.exec(header) ?? [];
    if (v6 !== undefined) return isIP(v6) === 6;
    if (name === undefined) return false;
    return isIP(name) === 4 || this.#names.has(name.toLowerCase().replace(/\.$/, ''));
  }
}

const WRONG_HOST = plain(
  'this host name is not known here: ask by address, or start ringway with --http-hosts=NAME\n',
  421,
);

function ready({ status = 200, type, body }: HttpAnswer): Ready {
  return { status, type, body: typeof body === 'string' ? Buffer.from(body) : body };
}

function send(request: IncomingMessage, response: ServerResponse, answer: Ready): void {
  const { status, type, body } = answer;
  const headers: Record<string, string | number> = {
    ...HEADERS,
    'Content-Type': type,
    'Content-Length': body.length,
  };
  if (status === 405) headers['Allow'] = 'GET, HEAD';
  // What comes with a request is not read: the connection ends with it.
  if (hasBody(request)) headers['Connection'] = 'close';
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
