import { ANNOUNCED } from '../../../limits.ts';
import type { Announced, Position, ServerConfig } from '../../types.ts';
import { quote } from '../values.ts';

/** The addresses of `announce`, or what is wrong with them. */
export function parseAnnounce(text: string): readonly Announced[] | string {
  const parts = text.split(',', ANNOUNCED + 1);
  if (parts.length > ANNOUNCED) return `there are too many; expected at most ${ANNOUNCED}`;
  const found: Announced[] = [];
  for (const part of parts) {
    const [, host = '', port = ''] = /^([\w.:%-]{1,255}):(\d{1,5})$/.exec(part.trim()) ?? [];
    if (host === '' || Number(port) < 1 || Number(port) > 65535) {
      return `${quote(part)} is not an address; expected "host:port, host:port"`;
    }
    found.push(Object.freeze({ host, port: Number(port) }));
  }
  return Object.freeze(found);
}

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
  const at = positions.get('announce');
  if (at !== undefined) {
    const parsed = parseAnnounce(String(values.get('announce') ?? ''));
    if (typeof parsed === 'string') report(at, 'announce', parsed);
  }
  for (const key of ['cluster_view', 'announce']) {
    const place = positions.get(key);
    if (place === undefined || values.get('redis') === true) continue;
    report(place, key, 'only Redis pools have it; expected "redis: true" as well');
  }
}
