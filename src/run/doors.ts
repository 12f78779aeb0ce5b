import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { type AdminActions, type AdminDoor, alone, serveAdmin } from '../admin/admin-server.ts';
import { RingwayError } from '../errors.ts';
import type { InternalErrors } from '../internal-errors.ts';
import type { Log } from '../log.ts';
import { Choice } from '../stats/http/choice.ts';
import {
  type Address,
  cannotServe,
  type HttpAddress,
  openHttp,
  openStats,
  type StatsAddress,
} from '../stats/http/endpoints.ts';
import type { StatusView } from '../stats/http/http-address.ts';
import { httpUrl } from '../stats/http/http-server.ts';
import { ownStats } from '../stats/own-stats.ts';
import { statsJson } from '../stats/stats-json.ts';

/** Where a proxy can be watched and told what to do; what is absent is not opened. */
export interface DoorOptions {
  /** Where the stats are served. */
  readonly stats?: StatsAddress;
  /** Where status page, metrics and health are served. */
  readonly http?: HttpAddress;
  /** A unix socket for commands, made with mode 0600. */
  readonly admin?: { readonly path: string; readonly actions?: AdminActions };
}

/** What is open. */
export interface Doors {
  /** Where the stats are served; null when they are not. */
  readonly stats: Address | null;
  /** The URL of the status page; null when it is not served. */
  readonly http: string | null;
  close(): void;
}

/** Opens what is not for clients: stats port, HTTP address and admin socket, as asked for. */
export async function openDoors(
  options: DoorOptions,
  view: StatusView,
  log: Log,
  errors: InternalErrors,
): Promise<Doors> {
  const open: (NetServer | AdminDoor | null)[] = [];
  const { stats } = options;
  let statsAt: Address | null = null;
  let http: string | null = null;
  const close = (): void => {
    view.stop();
    for (const server of open) {
      server?.close();
      (server as Partial<HttpServer> | null)?.closeAllConnections?.();
    }
  };
  try {
    if (stats !== undefined) {
      const onError = reporter(errors, 'the stats could not be sent');
      const server = await openStats(stats, () => statsText(view, stats), log, onError);
      open.push(server);
      statsAt = addressOf(server);
    }
    if (options.http !== undefined) {
      const onError = reporter(errors, 'an HTTP request failed');
      const server = await openHttp(options.http, view, log, onError);
      open.push(server);
      if (server !== null) http = httpUrl(server);
    }
    if (options.admin !== undefined) open.push(await openAdmin(options.admin, view, errors));
  } catch (error) {
    close();
    throw error;
  }
  if (options.http !== undefined || options.admin !== undefined) {
    view.start(reporter(errors, 'the history lacks a moment'));
  }
  return { stats: statsAt, http, close };
}

/** Where a server listens, also when the system chose the port. */
function addressOf(server: NetServer): Address {
  const { address: host, port } = server.address() as AddressInfo;
  return { host, port };
}

/** Reports mistakes of ringway itself; others, such as that no worker serves now, are none. */
function reporter(errors: InternalErrors, what: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof RingwayError)) errors.report(what, error);
  };
}

async function openAdmin(
  { path, actions = new Map() }: NonNullable<DoorOptions['admin']>,
  view: StatusView,
  errors: InternalErrors,
): Promise<AdminDoor> {
  const all: AdminActions = new Map([
    ['status', (words) => status(view, words)],
    ['stats', alone('stats', () => allStats(view))],
    ...actions,
  ]);
  try {
    return await serveAdmin(path, all, reporter(errors, 'a command of the admin socket failed'));
  } catch (error) {
    throw cannotServe('the admin socket', path, error as Error);
  }
}

async function statsText(view: StatusView, { own = false }: StatsAddress): Promise<string> {
  return statsJson(await view.snapshot(), own);
}

/** What the status page shows, or what a query as that of /status.json chooses of it. */
async function status(view: StatusView, [query = '', ...more]: readonly string[]): Promise<object> {
  if (more.length > 0) {
    throw new RingwayError('RINGWAY_USAGE', 'expected status, and one query at most');
  }
  return { status: await view.status(Choice.of(query)) };
}

/** nutcracker's stats and, beside them, ringway's own. */
async function allStats(view: StatusView): Promise<object> {
  const snapshot = await view.snapshot();
  return { stats: JSON.parse(statsJson(snapshot)) as object, ringway: ownStats(snapshot) };
}
