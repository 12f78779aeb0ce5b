import type { AddressInfo, Server } from 'node:net';
import { RingwayError } from '../../errors.ts';
import { LOG_NOTICE, LOG_WARN, type Log } from '../../log.ts';
import { serveStats } from '../server.ts';
import { type StatusView, serveStatus } from './http-address.ts';
import { type HttpPlace, httpUrl } from './http-server.ts';

/** Where something is served. */
export interface Address {
  readonly port: number;
  readonly host: string;
}

/** Where the stats are served. */
export interface StatsAddress extends Address {
  /** Whether ringway's own figures come with nutcracker's. */
  readonly own?: boolean;
}

/** An HTTP address that may be missing: it was not asked for. */
export interface HttpAddress extends Address, HttpPlace {
  readonly optional?: boolean;
}

/** Opens the stats port. @throws RingwayError RINGWAY_LISTEN */
export async function openStats(
  { port, host }: Address,
  stats: () => string | Promise<string>,
  log: Log,
  onError: (error: unknown) => void,
): Promise<Server> {
  try {
    const server = await serveStats(port, host, stats, onError);
    log.write(LOG_NOTICE, `stats on ${placeOf(server)}`);
    return server;
  } catch (error) {
    throw cannotServe('the stats', `${host}:${port}`, error as Error);
  }
}

/** Opens the HTTP address. @throws RingwayError RINGWAY_LISTEN unless it is optional */
export async function openHttp(
  address: HttpAddress,
  view: StatusView,
  log: Log,
  onError: (error: unknown) => void,
): Promise<Server | null> {
  const { port, host, optional } = address;
  try {
    const server = await serveStatus(address, view, onError);
    log.write(LOG_NOTICE, `status page and metrics on ${httpUrl(server)}`);
    return server;
  } catch (error) {
    const failure = cannotServe('HTTP', `${host}:${port}`, error as Error);
    if (optional !== true) throw failure;
    log.write(LOG_WARN, `${failure.message}; going on without (choose one with --http-addr)`);
    return null;
  }
}

/** Where a server listens, as `host:port`, also when the system chose the port. */
function placeOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** The error when an address cannot be had. */
export function cannotServe(what: string, where: string, error: Error): RingwayError {
  return new RingwayError('RINGWAY_LISTEN', `cannot serve ${what} on ${where}: ${error.message}`, {
    cause: error,
  });
}
