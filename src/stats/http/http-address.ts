import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Snapshot } from '../snapshot.ts';
import { Choice } from './choice.ts';
import { History } from './history.ts';
import {
  type HttpPlace,
  type HttpRoute,
  type HttpRoutes,
  plain,
  serveHttp,
} from './http-server.ts';
import { type ProxyState, type Status, statusOf } from './status.ts';

const SAMPLE_MS = 1_000;

const PAGE_FILES: readonly (readonly [path: string, file: string, type: string])[] = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ...['card', 'charts', 'format', 'hover', 'overview', 'patch', 'slots', 'topology', 'view'].map(
    (name) => [`/${name}.js`, `${name}.js`, 'text/javascript; charset=utf-8'] as const,
  ),
];

/** What the HTTP address and the admin socket read; with several workers, their sum. */
export interface StatusSource {
  snapshot(): Snapshot | Promise<Snapshot>;
  state(): ProxyState;
}

/** Remembers the last minutes, and tells how things are. */
export class StatusView {
  readonly #source: StatusSource;
  readonly #history: History = new History();
  #timer: NodeJS.Timeout | null = null;
  /** Whether a server was, when last looked; a probe waits for nobody. */
  #reachable = true;

  constructor(source: StatusSource) {
    this.#source = source;
  }

  /**
   * Begins to remember: a sample every second.
   * @param onError told why a moment is missing in the charts
   */
  start(onError: (error: unknown) => void): void {
    const sample = async (): Promise<void> => {
      const snapshot = await this.#source.snapshot();
      this.#history.sample(snapshot);
      const servers = snapshot.pools.flatMap((pool) => pool.servers);
      this.#reachable = servers.length === 0 || servers.some(({ reachable }) => reachable);
    };
    const tick = (): void => void sample().catch(onError);
    tick();
    this.#timer = setInterval(tick, SAMPLE_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  snapshot(): Snapshot | Promise<Snapshot> {
    return this.#source.snapshot();
  }

  /**
   * What /readyz says. With no server of any pool in reach another proxy may do better; one pool
   * that is dead leaves the others their clients.
   */
  readiness(): string {
    const state = this.#source.state();
    return state === 'ready' && !this.#reachable ? 'no server is reachable' : state;
  }

  /** @param choice what of it is wanted; null = everything */
  async status(choice: Choice | null = null): Promise<Status> {
    const { state } = this.#source;
    return statusOf(await this.#source.snapshot(), this.#history, state(), choice);
  }
}

/** Opens the HTTP address: page, metrics and health. Nothing on it changes anything. */
export function serveStatus(
  place: HttpPlace,
  view: StatusView,
  onError: (error: unknown) => void,
): Promise<Server> {
  return serveHttp(place, routesOf(view), onError);
}

function routesOf(view: StatusView): HttpRoutes {
  // Loaded when the address is opened, so that a start without it need not wait for its library;
  // not later, because an upgrade may have replaced the files by then.
  const prometheus = import('./prometheus.ts');
  const routes = new Map<string, HttpRoute>();
  for (const [path, file, type] of PAGE_FILES) {
    const body = readFileSync(new URL(`./page/${file}`, import.meta.url));
    routes.set(path, { answer: () => ({ type, body }) });
  }
  routes.set('/healthz', { anyHost: true, answer: () => plain('ok\n') });
  routes.set('/readyz', {
    anyHost: true,
    answer: () => {
      const state = view.readiness();
      return plain(`${state}\n`, state === 'ready' ? 200 : 503);
    },
  });
  routes.set('/metrics', {
    answer: async () => {
      const { PROMETHEUS_TYPE, prometheusText } = await prometheus;
      return { type: PROMETHEUS_TYPE, body: await prometheusText(await view.snapshot()) };
    },
  });
  routes.set('/status.json', {
    answer: async (query) => {
      const status = await view.status(Choice.of(query));
      return { type: 'application/json', body: JSON.stringify(status) };
    },
  });
  return routes;
}
