/** What one proxy knows and has done of the promotions of a shard, for people. */
export interface PromotionView {
  /** The highest number of a lease that a witness has told of. */
  readonly term: number;
  /** Leases that this proxy got, and those that too few witnesses granted. */
  readonly leases: number;
  readonly leasesRefused: number;
  /** Promotions that this proxy began: those that were done, and those that were not. */
  readonly promoted: number;
  readonly failed: number;
  /** A master that is cut off refuses writes; null = it has not said so yet. */
  readonly fenced: boolean | null;
  /** Some proxy of the fleet wants that nothing is changed. */
  readonly frozen: boolean;
  /** This proxy does not see the master, nor does a replica that it reaches. */
  readonly down: boolean;
  /** Proxies that witnesses have heard of, and those of them that say the master is down. */
  readonly proxies: number;
  readonly proxiesDown: number;
}
