import { PROMOTION_LEASE_MS, PROMOTION_WORK_MS } from '../../limits.ts';
import { type Address, addressText } from '../facts.ts';
import type { ShardPlace } from '../shard-watch.ts';
import { newestOf, type PromotionRecord } from './record.ts';
import type { ShardRecord } from './shard-record.ts';
import type { WitnessSet } from './witness-set.ts';

/** Who asks for a lease. */
export interface LeaseOwner {
  readonly parts: { readonly witnesses: WitnessSet };
  /** Of its process, at the witnesses. */
  readonly id: string;
  /** Of the shard, there. */
  readonly key: string;
  readonly record: ShardRecord;
  readonly now: number;
  readonly place: ShardPlace;
}

/** Nobody else does anything to the shard meanwhile. */
export interface Lease {
  /** The newest that one of those that granted it had written down. */
  readonly newest: PromotionRecord | null;
  /** Until when something may be begun. */
  readonly until: number;
  /** Has it written down. @returns what most witnesses have now; null when they refuse */
  write(epoch: number, address: Address, done: boolean): Promise<PromotionRecord | null>;
  release(): void;
}

/** Asks the witnesses for a shard. @returns null when not most of them grant it */
export async function leaseOf(owner: LeaseOwner): Promise<Lease | null> {
  const { parts, key, id, record, place } = owner;
  const { witnesses } = parts;
  const term = record.nextTerm(owner.now);
  const until = owner.now + PROMOTION_WORK_MS;
  const words = ['prepare', id, String(term), String(PROMOTION_LEASE_MS)];
  const granted = await witnesses.vote(key, words);
  const release = (): void => witnesses.tell(key, ['release', id, String(term)], () => {});
  if (!witnesses.isMajority(granted.length)) {
    release();
    return null;
  }
  return {
    newest: newestOf(granted.map((facts) => record.credible(facts.record, place.epoch, owner.now))),
    until,
    release,
    write: async (epoch, address, done) => {
      const text = ['accept', id, String(term), String(epoch), addressText(address)];
      const written = await witnesses.vote(key, [...text, done ? '1' : '0']);
      return witnesses.isMajority(written.length) ? { epoch, address, term, done } : null;
    },
  };
}
