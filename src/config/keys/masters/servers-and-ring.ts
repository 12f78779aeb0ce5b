import type { RingDistribution } from '../../../distribution/names.ts';
import type { HashName } from '../../../hash/names.ts';
import { compareBytes } from '../../file/order.ts';
import type { ServerTls } from '../../tls-types.ts';
import type { Discovery, ServerConfig } from '../../types.ts';
import { isSrv } from './srv.ts';

const NO_SERVERS: readonly ServerConfig[] = Object.freeze([]);
/** What the keys of a pool say that a Redis Cluster says itself. */
const OF_CLUSTER = {
  cluster: true,
  servers: NO_SERVERS,
  hash: 'crc16',
  distribution: 'slots',
  hashTag: Object.freeze([0x7b, 0x7d] as const),
  discovery: null,
} as const;

/** The server index order. */
export function inOrder(servers: ServerConfig[]): readonly ServerConfig[] {
  return Object.freeze(servers.sort((a, b) => compareBytes(a.ringName, b.ringName)));
}

function discoveryOf(lines: readonly ServerConfig[], values: KeyValues): Discovery | null {
  if (values.of<string>('discover_members') !== 'follow') return null;
  const services = lines.filter(({ host }) => isSrv(host));
  const fixed = lines.filter(({ host }) => !isSrv(host));
  return Object.freeze({ services: Object.freeze(services), fixed: inOrder(fixed) });
}

/** The value of a key, or what it is without the file. */
interface KeyValues {
  of<T>(key: string): T;
  frozen<T extends readonly number[]>(key: string): Readonly<T> | null;
}

interface Placed {
  readonly server: Omit<ServerConfig, 'tls'>;
}

/** The servers of a pool and how keys come to them: as the file says, or as their cluster does. */
export function serversAndRing(
  placed: readonly Placed[],
  tls: ServerTls | null,
  values: KeyValues,
) {
  const lines = placed.map(({ server }) => Object.freeze({ ...server, tls }));
  const view = viewOf(values);
  if (values.of<boolean>('cluster')) return { ...OF_CLUSTER, ...view, seeds: inOrder(lines) };
  const discovery = discoveryOf(lines, values);
  return {
    cluster: false,
    ...view,
    servers: discovery?.fixed ?? inOrder(lines),
    seeds: NO_SERVERS,
    discovery,
    hash: values.of<HashName>('hash'),
    distribution: values.of<RingDistribution>('distribution'),
    hashTag: values.frozen<readonly [number, number]>('hash_tag'),
  };
}

/** What cluster-aware clients see. */
function viewOf(values: KeyValues) {
  const wanted = values.of<string>('cluster_view');
  return {
    clusterView: wanted === 'on' || (wanted === 'auto' && values.of<boolean>('cluster')),
  };
}
