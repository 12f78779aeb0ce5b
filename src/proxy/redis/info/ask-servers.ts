import { FIGURES_AGE_MS, REDIS_VERSION, VERSION_AGE_MS } from '../../../limits.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Pool } from '../../pool/pool.ts';
import type { ServerFigures } from './figures.ts';
import { infoOf, type ServerInfo } from './server-info.ts';

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
  const known = servers.flatMap((server) => infoOf(server).version ?? []);
  return known.sort(compareVersions)[0] ?? REDIS_VERSION;
}

/**
 * Gives `then` the version of Redis that clients are told, at once unless a server is being asked
 * for the first time; ejected servers are not asked.
 */
export function withRedisVersion(client: ClientConnection, then: (version: string) => void): void {
  const wait = (info: ServerInfo, later: () => void): boolean => info.waitForVersion(later);
  askAll(client, VERSION_AGE_MS, wait, () => then(lowestVersion(client.pool)));
}

/**
 * Gives `then` the version, and what the servers that are in the ring count: figures that are at
 * most FIGURES_AGE_MS old, but for those of a server that says nothing for INFO_WAIT_MS.
 */
export function withServerFigures(
  client: ClientConnection,
  then: (version: string, servers: readonly ServerFigures[]) => void,
): void {
  const wait = (info: ServerInfo, later: () => void): boolean => info.waitForFigures(later);
  askAll(client, FIGURES_AGE_MS, wait, () => {
    const figures = client.pool.liveServers.map((server) => infoOf(server).figures);
    then(lowestVersion(client.pool), figures);
  });
}

/** Asks the servers for what is older than `age` ms, and waits for those that are worth it. */
function askAll(
  client: ClientConnection,
  age: number,
  wait: (info: ServerInfo, later: () => void) => boolean,
  done: () => void,
): void {
  const { servers, health, engine } = client.pool;
  let left = 1;
  const onOne = (): void => {
    if (--left === 0) done();
  };
  const later = engine.guard.bind(client, onOne);
  for (const server of servers) {
    const info = infoOf(server);
    if (health.isLive(server.index)) info.refresh(age);
    if (wait(info, later)) left++;
  }
  onOne();
}
