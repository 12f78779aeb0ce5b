import type { Position, ServerConfig } from '../../types.ts';

/** What has been read of a pool. */
interface ReadPool {
  readonly values: ReadonlyMap<string, unknown>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly servers: readonly {
    readonly server: Pick<ServerConfig, 'kind' | 'text' | 'weight'>;
    readonly at: Position;
  }[];
}

/** Keys that cannot stand beside `cluster: true`, and why. */
const ALONE: readonly (readonly [key: string, why: string])[] = [
  ['hash', 'a cluster hashes keys by itself; expected no "hash"'],
  ['distribution', 'a cluster spreads keys by itself; expected no "distribution"'],
  ['sentinels', 'a cluster replaces its masters itself; expected "cluster" or "sentinels"'],
  ['pubsub', 'each node counts its own subscribers only; expected no "pubsub"'],
  ['subscribe_to', 'a message is heard at every node; expected no "subscribe_to"'],
];

/** Reports what does not go together with `cluster: true`. */
export function checkCluster(
  { values, positions, servers }: ReadPool,
  report: (at: Position, key: string, message: string) => void,
): void {
  checkView(values, positions, report);
  const at = positions.get('cluster');
  if (at === undefined || values.get('cluster') !== true) return;
  const wrong = (key: string, message: string): void => {
    report(positions.get(key) ?? at, key, message);
  };
  if (values.get('redis') !== true) {
    report(at, 'cluster', 'only Redis pools have it; expected "redis: true" as well');
  }
  for (const [key, why] of ALONE) if (positions.has(key)) wrong(key, why);
  if (values.get('auto_eject_hosts') === true) {
    wrong('auto_eject_hosts', 'slots stay with their node; expected no auto_eject_hosts');
  }
  const tag = values.get('hash_tag') as readonly [number, number] | undefined;
  if (tag !== undefined && String.fromCharCode(...tag) !== '{}') {
    wrong('hash_tag', 'a cluster has its own; expected "{}", or no "hash_tag"');
  }
  if ((values.get('redis_db') ?? 0) !== 0) {
    wrong('redis_db', 'a cluster has one database; expected 0, or no "redis_db"');
  }
  for (const { server, at: place } of servers) {
    const { kind, weight, text } = server;
    if (kind === 'tcp' && weight === 1 && !text.includes(' ')) continue;
    report(place, 'servers', 'a node has neither a weight nor a name; expected "host:port:1"');
  }
}

function checkView(
  values: ReadonlyMap<string, unknown>,
  positions: ReadonlyMap<string, Position>,
  report: (at: Position, key: string, message: string) => void,
): void {
  const place = positions.get('cluster_view');
  if (place === undefined || values.get('redis') === true) return;
  report(place, 'cluster_view', 'only Redis pools have it; expected "redis: true" as well');
}
