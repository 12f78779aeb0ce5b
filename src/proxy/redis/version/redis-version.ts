import { REDIS_VERSION } from '../../../limits.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Pool } from '../../pool/pool.ts';
import { versionOf } from './server-version.ts';

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The lowest version: what a client may use must work on whichever server its keys are. */
function lowestVersion({ servers }: Pool): string {
  const known = servers.flatMap((server) => versionOf(server).known ?? []);
  return known.sort(compareVersions)[0] ?? REDIS_VERSION;
}

/**
 * Gives `then` the version of Redis that clients are told, at once unless a server is being asked
 * for the first time; ejected servers are not asked.
 */
export function withRedisVersion(client: ClientConnection, then: (version: string) => void): void {
  const { pool } = client;
  const { servers, health, engine } = pool;
  let left = 1;
  const onOne = (): void => {
    if (--left === 0) then(lowestVersion(pool));
  };
  const later = engine.guard.bind(client, onOne);
  for (const server of servers) {
    const version = versionOf(server);
    if (health.isLive(server.index)) version.refresh();
    if (version.wait(later)) left++;
  }
  onOne();
}
