import type { RingDistribution } from '../../../distribution/names.ts';
import type { HashName } from '../../../hash/names.ts';
import { compareBytes } from '../../file/order.ts';
import type { ServerTls } from '../../tls-types.ts';
import type { ServerConfig } from '../../types.ts';

const NO_SERVERS: readonly ServerConfig[] = Object.freeze([]);
/** What the keys of a pool say that a Redis Cluster says itself. */
const OF_CLUSTER = {
  cluster: true,
  servers: NO_SERVERS,
  hash: 'crc16',
  distribution: 'slots',
  hashTag: Object.freeze([0x7b, 0x7d] as const),
} as const;

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
  lines.sort((a, b) => compareBytes(a.ringName, b.ringName));
  const view = viewOf(values);
  if (values.of<boolean>('cluster')) return { ...OF_CLUSTER, ...view, seeds: Object.freeze(lines) };
  return {
    cluster: false,
    ...view,
    servers: Object.freeze(lines),
    seeds: NO_SERVERS,
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
