import type { Position, ServerConfig } from '../../types.ts';
import { isSrv } from './srv.ts';

/** What has been read of a pool. */
interface ReadPool {
  readonly values: ReadonlyMap<string, unknown>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly servers: readonly {
    readonly server: Pick<ServerConfig, 'host'>;
    readonly at: Position;
  }[];
}

/** Keys that cannot stand beside `discover_members: follow`, and why. */
const ALONE: readonly (readonly [key: string, why: string])[] = [
  ['sentinels', 'sentinels know masters by names, and SRV records list none'],
  ['replicas', 'a replica belongs to a server that has a name in the file'],
];

const NO_SRV =
  'SRV records are a list of servers only with "discover_members: follow"; expected that as ' +
  'well, or "host:port:weight name", or such a name in "sentinels:", "replicas:" or a cluster';

/** Reports what does not go together with servers that SRV records list. */
export function checkDiscovery(
  { values, positions, servers }: ReadPool,
  report: (at: Position, key: string, message: string) => void,
): void {
  const at = positions.get('discover_members');
  const isCluster = values.get('cluster') === true;
  const listed = servers.filter(({ server }) => isSrv(server.host));
  if (at === undefined || values.get('discover_members') !== 'follow') {
    if (!isCluster) for (const each of listed) report(each.at, 'servers', NO_SRV);
    return;
  }
  if (isCluster) {
    report(at, 'discover_members', 'a cluster tells its nodes itself; expected no such key');
    return;
  }
  for (const [key, why] of ALONE) {
    const place = positions.get(key);
    if (place !== undefined) report(place, key, `${why}; expected ${key} or discover_members`);
  }
  if (listed.length > 0) return;
  const message =
    'no line of "servers:" names SRV records; expected "srv:_service._tcp.domain" as well';
  report(at, 'discover_members', message);
}
