import type { DialTarget } from '../net/dial.ts';
import type { Clock } from './clock.ts';
import type { Address } from './facts.ts';
import type { PromotionView } from './promotion/promotion-view.ts';
import type { Readers, ReadPolicy } from './roles/readers.ts';
import type { ShardStart } from './shard-watch.ts';

/** How a master is replaced without sentinels. */
export interface PromotionSpec {
  /** Who decides which proxy does it. */
  readonly witnesses: readonly Address[];
  /** Stands for the login to them. */
  readonly access: string;
  /** So long nobody must have seen the master. */
  readonly downAfterMs: number;
  /** Also one that may go on acknowledging writes. */
  readonly unfenced: boolean;
}

/** A server of a pool whose master is to be followed. */
export interface ShardSpec {
  readonly pool: string;
  readonly server: string;
  /** What sentinels call it. */
  readonly master: string;
  /** Where it is until sentinels have said so. */
  readonly address: Address;
  /** Who knows where the master is; none = its servers say it themselves. */
  readonly sentinels: readonly Address[];
  /** Where its replicas are, if no sentinel tells. */
  readonly replicas: readonly Address[];
  /** Who promotes these if nobody else does; null = nobody. */
  readonly promotion: PromotionSpec | null;
  /** Where reads go. */
  readonly reads: ReadPolicy;
  /** Stands for the login to the sentinels: another text, another login; not the login itself. */
  readonly sentinelAccess: string;
  /** Words of AUTH for the sentinels, asked each time: they may change; null = not said. */
  sentinelLogin(): readonly string[] | null;
  /** The same for the servers. */
  serverLogin(): readonly string[] | null;
  /** How servers are reached. */
  readonly tls: DialTarget['tls'];
  /** The same of sentinels. */
  readonly sentinelTls: DialTarget['tls'];
}

/** What is to be done to a server of a pool. */
export type Step = MasterStep | ReadersStep;

/** Where the master is, or that it is waited for. */
export interface MasterStep {
  readonly pool: string;
  readonly server: string;
  readonly action: 'hold' | 'release' | 'move';
  /** Where the server is, or where it moves to. */
  readonly host: string;
  readonly port: number;
  /** The configuration epoch by which it is so; higher is newer. */
  readonly epoch: number;
}

/** Where reads go. */
export interface ReadersStep {
  readonly pool: string;
  readonly server: string;
  readonly action: 'read';
  readonly readers: Readers;
}

/** Where a shard is, for another process. */
export interface KnownShard extends ShardStart {
  readonly pool: string;
  readonly server: string;
  /** Where reads go. */
  readonly readers?: Readers;
}

/** Where a shard is, for people. */
export interface ShardView {
  readonly pool: string;
  readonly server: string;
  readonly master: string;
  readonly address: string;
  readonly epoch: number;
  readonly state: string;
  /** Why nothing is known of it. */
  readonly why?: string;
  readonly replicas: readonly string[];
  /** Of those that are asked themselves. */
  readonly servers: readonly ServerRole[];
  readonly sentinelsUp: number;
  readonly sentinels: number;
  /** Witnesses whose word counts, and all. */
  readonly witnessesUp?: number;
  readonly witnesses?: number;
  readonly promotion?: PromotionView;
}

/** What one server of a shard is, for people. */
export interface ServerRole {
  readonly address: string;
  readonly role: 'master' | 'replica' | 'unknown';
  /** Bytes that a replica is behind; null = unknown. */
  readonly lag: number | null;
  /** It may be read. */
  readonly read: boolean;
}

/** What a topology needs of whoever runs it. */
export interface TopologyOptions {
  readonly clock: Clock;
  steer(step: Step): void;
  /** One line for the log; about a shard, or about a sentinel. */
  say(text: string, shard: ShardSpec | null): void;
}
