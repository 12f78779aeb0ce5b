import type { Server as HttpServer } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { type AdminActions, serveAdmin } from '../admin/admin-server.ts';
import type { InternalErrors } from '../internal-errors.ts';
import type { Log } from '../log.ts';
import {
  type Address,
  cannotServe,
  type HttpAddress,
  openHttp,
  openStats,
} from '../stats/http/endpoints.ts';
import type { StatusView } from '../stats/http/http-address.ts';

/** Where a proxy can be watched and told what to do; what is absent is not opened. */
export interface DoorOptions {
  /** Where the stats are served. */
  readonly stats?: Address;
  /** Where status page, metrics and health are served. */
  readonly http?: HttpAddress;
  /** A unix socket for commands, made with mode 0600. */
  readonly admin?: { readonly path: string; readonly actions?: AdminActions };
}

/** Opens what is not for clients: stats port, HTTP address and admin socket, as asked for. */
export async function openDoors(
  options: DoorOptions,
  view: StatusView,
  stats: () => string | Promise<string>,
  log: Log,
  errors: InternalErrors,
): Promise<{ close(): void }> {
  const open: (NetServer | null)[] = [];
  const close = (): void => {
    view.stop();
    for (const server of open) {
      server?.close();
      (server as Partial<HttpServer> | null)?.closeAllConnections?.();
    }
  };
  try {
    if (options.stats !== undefined) open.push(await openStats(options.stats, stats));
    if (options.http !== undefined) {
      const onError = (error: unknown): void => errors.report('an HTTP request failed', error);
      open.push(await openHttp(options.http, view, log, onError));
    }
    if (options.admin !== undefined) {
      open.push(await openAdmin(options.admin, view, stats, errors));
    }
  } catch (error) {
    close();
    throw error;
  }
  if (options.http !== undefined || options.admin !== undefined) view.start();
  return { close };
}

async function openAdmin(
  { path, actions = new Map() }: NonNullable<DoorOptions['admin']>,
  view: StatusView,
  stats: () => string | Promise<string>,
  errors: InternalErrors,
): Promise<NetServer> {
  const all: AdminActions = new Map([
    ['status', async () => ({ status: await view.status() })],
    ['stats', async () => ({ stats: JSON.parse(await stats()) as object })],
    ...actions,
  ]);
  try {
    return await serveAdmin(path, all, (error) => {
      errors.report('a command of the admin socket failed', error);
    });
  } catch (error) {
    throw cannotServe('the admin socket', path, error as Error);
  }
}
