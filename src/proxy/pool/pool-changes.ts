import type { PoolConfig, ServerConfig } from '../../config/index.ts';

/** Whether nothing that matters differs: where it stands in the file does not. */
export function samePool(a: PoolConfig, b: PoolConfig): boolean {
  return essence(a) === essence(b);
}

function essence(pool: PoolConfig): string {
  return JSON.stringify(pool, (key, value) =>
    ['position', 'keyPositions', 'line', 'text'].includes(key) ? undefined : value,
  );
}

/** Whether two lines of the file lead to the same server. */
export function sameAddress(a: ServerConfig, b: ServerConfig): boolean {
  return a.kind === b.kind && a.host === b.host && a.port === b.port && a.path === b.path;
}

/** Whether open server connections are as the other configuration wants them. */
export function sameConnections(a: PoolConfig, b: PoolConfig): boolean {
  return (
    a.serverConnections === b.serverConnections &&
    a.bulkConnections === b.bulkConnections &&
    a.redisDb === b.redisDb &&
    a.followsMaster === b.followsMaster &&
    (a.slowlogMs === 0) === (b.slowlogMs === 0) &&
    sameBytes(a.redisAuth, b.redisAuth)
  );
}

export function sameSlowLog(a: PoolConfig, b: PoolConfig): boolean {
  return (
    a.slowlogMs === b.slowlogMs &&
    a.slowlogLength === b.slowlogLength &&
    a.slowlogRedact === b.slowlogRedact
  );
}

function sameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}
