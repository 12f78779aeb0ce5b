import { REPLICAS, SENTINELS } from '../../../limits.ts';
import type { Position, ReplicaConfig, SentinelConfig, ServerConfig } from '../../types.ts';
import { quote } from '../values.ts';

type PlacedServer = Pick<ServerConfig, 'kind' | 'text' | 'name'>;

/** What has been read of a pool. */
interface ReadPool {
  readonly values: ReadonlyMap<string, unknown>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly servers: readonly { readonly server: PlacedServer; readonly at: Position }[];
  readonly sentinels: readonly SentinelConfig[];
  readonly replicas: readonly { readonly replica: ReplicaConfig; readonly at: Position }[];
}

type Report = (at: Position, key: string, message: string) => void;

const ONLY_WITH = [
  ...['sentinel_auth', 'sentinel_auth_file', 'sentinel_auth_env'],
  ...['sentinel_tls', 'sentinel_prefix'],
];
const ONLY_FOLLOWED = ['failover_wait', 'read_from', 'max_replica_lag', 'read_after_write'];

/** Reports what does not go together with masters that are followed, or without them. */
export function checkFollowing(pool: ReadPool, report: Report): void {
  checkSentinels(pool, report);
  checkReplicas(pool, report);
  const { values, positions } = pool;
  const lists = ['sentinels', 'replicas'].filter((key) => positions.has(key));
  if (lists.length === 2) {
    const message = 'sentinels know the replicas; expected sentinels or replicas';
    report(positions.get('replicas') as Position, 'replicas', message);
  }
  for (const key of lists) {
    const at = positions.get(key) as Position;
    if (values.get('redis') !== true) {
      report(at, key, 'only Redis pools have them; expected "redis: true" as well');
    }
    if (values.get('auto_eject_hosts') === true) {
      const message = `an ejected server would move keys; expected ${key} or auto_eject_hosts`;
      report(positions.get('auto_eject_hosts') ?? at, 'auto_eject_hosts', message);
    }
  }
  if (lists.length > 0 || values.get('cluster') === true) return;
  for (const key of ONLY_FOLLOWED) {
    const alone = positions.get(key);
    const message =
      'only pools with sentinels or replicas have it; expected "sentinels:" or "replicas:" as well';
    if (alone !== undefined) report(alone, key, message);
  }
}

/** Each replica belongs to a server that could be followed. */
function checkReplicas({ servers, replicas }: ReadPool, report: Report): void {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  for (const { replica, at } of replicas) {
    const { host, port, server } = replica;
    const master = servers.find(({ server: { name } }) => name === server);
    const address = `${host}:${port}`;
    if (master === undefined) {
      report(at, 'replicas', `no server is called ${quote(server)}; expected the name of one`);
    } else if (master.server.kind !== 'tcp') {
      report(
        at,
        'replicas',
        `${quote(server)} is a unix socket; expected a server with an address`,
      );
    } else if (seen.has(address)) {
      report(at, 'replicas', `${address} is there twice; expected it once`);
    }
    seen.add(address);
    const count = (counts.get(server) ?? 0) + 1;
    counts.set(server, count);
    if (count === REPLICAS + 1) {
      report(at, 'replicas', `${quote(server)} has more than ${REPLICAS}; expected fewer`);
    }
  }
}

function checkSentinels({ values, positions, servers, sentinels }: ReadPool, report: Report): void {
  const at = positions.get('sentinels');
  if (at === undefined) {
    for (const key of ONLY_WITH) {
      const alone = positions.get(key);
      const message = 'only pools with sentinels have it; expected "sentinels:" as well';
      if (alone !== undefined) report(alone, key, message);
    }
    return;
  }
  if (sentinels.length > SENTINELS) {
    report(at, 'sentinels', `there are ${sentinels.length}; expected at most ${SENTINELS}`);
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
