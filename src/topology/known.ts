import type { KnownCluster, MapStep } from './cluster/clusters.ts';
import type { KnownPeers, PeersStep } from './peers/peers.ts';
import type { KnownShard, Step } from './shard.ts';

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

/** The steps by which a process comes to know it, too. */
export function stepsTo(known: readonly Known[]): AnyStep[] {
  return known.flatMap((each): AnyStep[] => {
    const { pool } = each;
    if (isCluster(each)) {
      const reads = (each.readers ?? []).map(({ server, readers }) => {
        return { pool, server, action: 'read', readers } as const;
      });
      return [{ pool, action: 'map', map: each.map }, ...reads];
    }
    if (isPeers(each)) return [{ pool, action: 'peers', down: each.down }];
    const { server, address, promoting = null, readers = [] } = each;
    const step = { pool, server, ...address };
    const read = { pool, server, action: 'read', readers } as const;
    const steps: AnyStep[] = [{ ...step, action: 'move' }, read];
    return promoting === null ? steps : [...steps, { ...step, action: 'hold' }];
  });
}
