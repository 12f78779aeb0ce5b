import type { KnownCluster, MapStep } from './cluster/clusters.ts';
import { addressText } from './facts.ts';
import type { KnownPeers, PeersStep } from './peers/peers.ts';
import type { KnownShard, ReadersStep, Step } from './shard.ts';

/** What is known of a shard, a cluster or other proxies, for another process. */
export type Known = KnownShard | KnownCluster | KnownPeers;

/** What is to be done to servers of a pool. */
export type AnyStep = Step | MapStep | PeersStep;

/** Whether it is about a cluster. */
export function isCluster(known: Known): known is KnownCluster {
  return 'map' in known;
}

/** Whether it is about other proxies. */
export function isPeers(known: Known): known is KnownPeers {
  return 'down' in known;
}

/**
 * The steps by which whoever serves clients comes to know it, too. Who knows it already may be
 * told again: then nothing happens.
 */
export function stepsTo(known: readonly Known[]): AnyStep[] {
  return known.flatMap((each): AnyStep[] => {
    const { pool } = each;
    if (isCluster(each)) return [{ pool, action: 'map', map: each.map }, ...readsOf(each)];
    if (isPeers(each)) return [{ pool, action: 'peers', down: each.down }];
    const { server, address, epoch, promoting = null, readers = [] } = each;
    // Not both: a move says that nobody waits any more.
    const action = promoting === null ? 'move' : 'hold';
    return [
      { pool, server, action, ...address, epoch },
      { pool, server, action: 'read', readers },
    ];
  });
}

/** Of all masters: those of which nothing is known are read alone. */
function readsOf({ pool, map, readers: known = [] }: KnownCluster): ReadersStep[] {
  const masters = map.nodes.filter(({ slots }) => slots.length > 0).map(addressText);
  return masters.map((server) => {
    const readers = known.find((each) => each.server === server)?.readers ?? [];
    return { pool, server, action: 'read', readers };
  });
}
