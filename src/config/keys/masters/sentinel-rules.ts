import { SENTINELS } from '../../../limits.ts';
import type { Position, SentinelConfig, ServerConfig } from '../../types.ts';

type PlacedServer = Pick<ServerConfig, 'kind' | 'text'>;

/** What has been read of a pool. */
interface ReadPool {
  readonly values: ReadonlyMap<string, unknown>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly servers: readonly { readonly server: PlacedServer; readonly at: Position }[];
  readonly sentinels: readonly SentinelConfig[];
}

const ONLY_WITH = [
  ...['sentinel_auth', 'sentinel_auth_file', 'sentinel_auth_env'],
  ...['sentinel_tls', 'sentinel_prefix'],
];

/** Reports what does not go together with sentinels, or without them. */
export function checkSentinels(
  { values, positions, servers, sentinels }: ReadPool,
  report: (at: Position, key: string, message: string) => void,
): void {
  const at = positions.get('sentinels');
  if (at === undefined) {
    const follows = values.get('cluster') === true;
    for (const key of follows ? ONLY_WITH : [...ONLY_WITH, 'failover_wait']) {
      const alone = positions.get(key);
      const message = 'only pools with sentinels have it; expected "sentinels:" as well';
      if (alone !== undefined) report(alone, key, message);
    }
    return;
  }
  if (sentinels.length > SENTINELS) {
    report(at, 'sentinels', `there are ${sentinels.length}; expected at most ${SENTINELS}`);
  }
  if (values.get('redis') !== true) {
    report(at, 'sentinels', 'only Redis pools have them; expected "redis: true" as well');
  }
  if (values.get('auto_eject_hosts') === true) {
    const message = 'an ejected server would move keys; expected sentinels or auto_eject_hosts';
    report(positions.get('auto_eject_hosts') ?? at, 'auto_eject_hosts', message);
  }
  const tls = positions.get('sentinel_tls');
  if (
    tls !== undefined &&
    values.get('sentinel_tls') === true &&
    values.get('server_tls') !== true
  ) {
    const message =
      'whom to trust is in the keys of the servers; expected `server_tls: true` as well';
    report(tls, 'sentinel_tls', message);
  }
  for (const { server, at: place } of servers) {
    if (server.kind === 'tcp' && server.text.includes(' ')) continue;
    const message =
      'sentinels know no master by this line; expected "host:port:weight name", the name being ' +
      "the master's";
    report(place, 'servers', message);
  }
}
