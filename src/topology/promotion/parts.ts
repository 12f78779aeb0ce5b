import type { Clock } from '../clock.ts';
import type { RoleWatch } from '../roles/role-watch.ts';
import type { ShardServers } from '../roles/shard-servers.ts';
import type { PromotionSpec, ShardSpec } from '../shard.ts';
import type { WitnessSet } from './witness-set.ts';

/** What a promoter needs of its shard. */
export interface PromoterParts {
  /** Of this process, at the witnesses. */
  readonly id: string;
  readonly spec: ShardSpec & { readonly promotion: PromotionSpec };
  readonly servers: ShardServers;
  readonly watch: RoleWatch;
  readonly witnesses: WitnessSet;
  readonly clock: Clock;
  readonly isFrozen: () => boolean;
  /** Requests wait: another master is decided on. */
  hold(): void;
  /** They go on where they went. */
  release(): void;
  say(text: string): void;
}
