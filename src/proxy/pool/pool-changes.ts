import type { PoolConfig, ServerConfig } from '../../config/index.ts';
import { samePlace } from '../../net/addresses/place.ts';
import type { DialTarget } from '../../net/dial.ts';

/** Whether nothing that matters differs: where it stands in the file does not. */
export function samePool(a: PoolConfig, b: PoolConfig): boolean {
  return essence(a) === essence(b);
}

function essence(pool: PoolConfig): string {
  return JSON.stringify(pool, (key, value) =>
    ['position', 'keyPositions', 'line', 'text'].includes(key) ? undefined : value,
  );
}

/** Where a server is: `host:port`, or the path of its socket. */
export function addressOf({ kind, host, port, path }: DialTarget): string {
  return kind === 'unix' ? path : `${host}:${port}`;
}

/** A line of the file, for the server that is elsewhere now. */
export function placedAt(
  line: ServerConfig,
  { kind, host, port, path }: Pick<ServerConfig, 'kind' | 'host' | 'port' | 'path'>,
): ServerConfig {
  return { ...line, kind, host, port, path };
}

/** Whether two lines of the file lead to the same server, in the same way. */
export function sameAddress(a: ServerConfig, b: ServerConfig): boolean {
  return samePlace(a, b) && sameServerTls(a, b);
}

/** Whether two servers are spoken to with TLS alike, or both without. */
export function sameServerTls(a: ServerConfig, b: ServerConfig): boolean {
  return a.tls === b.tls || JSON.stringify(a.tls) === JSON.stringify(b.tls);
}

/** Whether open server connections are as the other configuration wants them. */
export function sameConnections(a: PoolConfig, b: PoolConfig): boolean {
  return (
    a.serverConnections === b.serverConnections &&
    a.bulkConnections === b.bulkConnections &&
    a.redisDb === b.redisDb &&
    a.followsMaster === b.followsMaster &&
    (a.slowlogMs === 0) === (b.slowlogMs === 0) &&
    JSON.stringify(a.serverLogin) === JSON.stringify(b.serverLogin)
  );
}

/** Whether the entries of a slow log may stay. */
export function sameSlowLog(a: PoolConfig, b: PoolConfig): boolean {
  return (
    a.slowlogMs === b.slowlogMs &&
    a.slowlogLength === b.slowlogLength &&
    a.slowlogRedact === b.slowlogRedact
  );
}
