import type { PromotionView } from '../topology/promotion/promotion-view.ts';

/** What whoever follows masters and clusters has counted, for the metrics. */
export interface TopologyFigures {
  /** Servers stay where they are, by order. */
  readonly frozen: boolean;
  readonly shards: readonly ShardFigures[];
  readonly clusters: readonly ClusterFigures[];
  readonly services: readonly ServiceFigures[];
  /** Times that rings were made of others that SRV records list, and that they could not be. */
  readonly memberChanges: number;
  readonly memberErrors: number;
}

/** A name of SRV records that a pool has. */
export interface ServiceFigures {
  readonly pool: string;
  readonly name: string;
  /** Those that it lists; 0 = nobody yet. */
  readonly members: number;
  /** Null where it is none of those that servers of the pool are made of. */
  readonly ring: {
    /** They come or go, and the ring is as before. */
    readonly pending: number;
    /** They are not listed any more and stay: too many would go. */
    readonly withheld: number;
  } | null;
}

/** A server whose master is followed. */
export interface ShardFigures {
  readonly pool: string;
  readonly server: string;
  /** The masters that it had, counted by those who decide; 0 = nobody counts. */
  readonly epoch: number;
  /** All of them, and those that are heard; 0 = there are none. */
  readonly sentinels: number;
  readonly sentinelsUp: number;
  /** The same of witnesses; not given where there are none. */
  readonly witnesses?: number;
  readonly witnessesUp?: number;
  /** Of a shard whose master the proxies replace. */
  readonly promotion?: PromotionView;
}

/** A Redis Cluster that is followed. */
export interface ClusterFigures {
  readonly pool: string;
  /** Milliseconds since a node has said who has which slots; null = none has. */
  readonly ageMs: number | null;
  /** Times that nodes were asked for it, and that this was of no use. */
  readonly refreshes: number;
  readonly errors: number;
  /** Of which no node is known to have them. */
  readonly slotsUnowned: number;
}

/** Where nobody follows anything. */
export const NO_TOPOLOGY: TopologyFigures = {
  frozen: false,
  shards: [],
  clusters: [],
  services: [],
  memberChanges: 0,
  memberErrors: 0,
};
