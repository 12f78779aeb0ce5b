import { STALE_FACTOR } from '../../limits.ts';
import { type Address, addressText, sameAddress } from '../facts.ts';
import type { ReplicationFacts } from '../roles/replication-facts.ts';
import type { ServerView } from '../roles/shard-servers.ts';
import type { ShardPlace } from '../shard-watch.ts';
import { echoMs, type Fenced, unfencedBy } from './fence.ts';
import type { PromotionRecord } from './record.ts';

/** What is known of a shard when something may be done to it. */
export interface Situation extends Fenced {
  /** The master, as far as most witnesses have it written down. */
  readonly place: ShardPlace;
  /** What is newer and not yet known to most of them, or not done; null = nothing. */
  readonly newer: PromotionRecord | null;
  /** For so long the server in `newer` has been seen to be a master; 0 when it is none. */
  readonly promotedMs: number;
  /** Most proxies say that the master is down. */
  readonly down: boolean;
  /** For so long this one has not seen it. */
  readonly awayMs: number;
  /** A master whose data go on from its own: somebody else has promoted it. */
  readonly heir: Address | null;
  /** The history of its data; empty = unknown. */
  readonly replid: string;
  /** Servers have followed nobody, or one that is gone, for a while. */
  readonly repairs: boolean;
  readonly downAfterMs: number;
  /** A master that may still acknowledge writes is no reason against a promotion. */
  readonly unfenced: boolean;
}

/** What is to be done to a shard. */
export type Plan =
  | Nothing
  /** It is a master already: that is written down. */
  | { readonly kind: 'confirm'; readonly epoch: number; readonly address: Address }
  | { readonly kind: 'promote'; readonly epoch: number; readonly address: Address }
  | { readonly kind: 'repair'; readonly servers: readonly Address[] };

interface Nothing {
  readonly kind: 'nothing';
  /** For the log; empty = that is as it should be, or passes by itself. */
  readonly why: string;
}

const NOTHING: Nothing = { kind: 'nothing', why: '' };

type Known = ServerView & { readonly facts: ReplicationFacts };

/** What is to be done to a shard now, by whoever may do it. */
export function planOf(now: Situation): Plan {
  const { place, newer, heir, down, repairs } = now;
  if (newer !== null && newer.epoch > place.epoch) return planOfUnfinished(now, newer);
  const epoch = place.epoch + 1;
  const current = factsAt(now, place.address);
  if (current?.isMaster) return repairs ? planOfRepair(now) : NOTHING;
  if (heir !== null && (current !== null || (down && isFenced(now)))) {
    return { kind: 'confirm', epoch, address: heir };
  }
  if (!down) return NOTHING;
  return planOfPromotion(now, epoch, bestOf(now));
}

/** Somebody has begun, and not told most witnesses that it is done. */
function planOfUnfinished(now: Situation, { epoch, address, done }: PromotionRecord): Plan {
  const { place, down } = now;
  const facts = factsAt(now, address);
  if (facts?.isMaster) {
    return (done ? null : echoOf(now)) ?? { kind: 'confirm', epoch, address };
  }
  if (factsAt(now, place.address)?.isMaster) {
    if (facts === null && done) return { kind: 'nothing', why: `${addressText(address)} is away` };
    // Nobody was sent to the other one: most witnesses would have it written down.
    return { kind: 'confirm', epoch: epoch + 1, address: place.address };
  }
  if (facts !== null && isEligible(now, facts)) return planOfPromotion(now, epoch, address);
  if (!down) return { kind: 'nothing', why: 'not most proxies say that the master is down' };
  return planOfPromotion(now, epoch + 1, bestOf(now));
}

/**
 * Why the new master is not used yet: who has made it one waited until the old one acknowledged
 * nothing more, and may not have come to the end of that. Null when it is used.
 */
function echoOf(now: Situation): Nothing | null {
  const { place, promotedMs } = now;
  if (factsAt(now, place.address)?.isMaster === false) return null;
  if (!isFenced(now)) return { kind: 'nothing', why: unfencedText(now) };
  return promotedMs >= echoMs(now, place.address) ? null : NOTHING;
}

function planOfPromotion(now: Situation, epoch: number, address: Address | null): Plan {
  if (address === null) return { kind: 'nothing', why: 'no replica is fit to be the master' };
  if (isFenced(now)) return { kind: 'promote', epoch, address };
  return { kind: 'nothing', why: unfencedText(now) };
}

function unfencedText(now: Situation): string {
  return (
    `the old master may acknowledge writes: ${unfencedBy(now)} more of its replicas must be ` +
    'reachable and not hear it, or its min-replicas-to-write must be higher'
  );
}

function isFenced(now: Situation): boolean {
  return now.unfenced || unfencedBy(now) === 0;
}

function factsAt({ views }: Situation, address: Address): ReplicationFacts | null {
  return views.find((view) => sameAddress(view.address, address))?.facts ?? null;
}

/** A replica that has the data of the master, and not too old ones. */
function isEligible(now: Situation, facts: ReplicationFacts): boolean {
  const { isMaster, syncing, priority, replid, replid2, downSeconds } = facts;
  if (isMaster || syncing || priority === 0) return false;
  if (now.replid !== '' && replid !== now.replid && replid2 !== now.replid) return false;
  return downSeconds * 1000 <= STALE_FACTOR * now.downAfterMs + now.awayMs;
}

/** The one that has most of what was acknowledged. */
function bestOf(now: Situation): Address | null {
  const fit = now.views.filter((view): view is Known => {
    return view.facts !== null && isEligible(now, view.facts);
  });
  const [best] = fit.sort((a, b) => {
    const more = b.facts.offset - a.facts.offset || a.facts.priority - b.facts.priority;
    return more || (addressText(a.address) < addressText(b.address) ? -1 : 1);
  });
  return best?.address ?? null;
}

function planOfRepair(now: Situation): Plan {
  const servers = stragglersOf(now).map(({ address }) => address);
  return servers.length === 0 ? NOTHING : { kind: 'repair', servers };
}

/**
 * Servers that should follow the master and do not: masters whose data are older, or that have
 * none, and replicas of a server that is gone.
 */
export function stragglersOf({
  views,
  place,
}: Pick<Situation, 'views' | 'place'>): readonly ServerView[] {
  const master = views.find(({ address }) => sameAddress(address, place.address))?.facts;
  if (master?.isMaster !== true) return [];
  return views.filter(({ address, facts }) => {
    if (facts === null || sameAddress(address, place.address)) return false;
    if (facts.isMaster) return isRelated(facts, master);
    const followed = views.find((each) => addressText(each.address) === facts.master);
    return followed !== undefined && followed.facts === null;
  });
}

/** Whether what a master has may be given up for what the other one has. */
function isRelated(stray: ReplicationFacts, master: ReplicationFacts): boolean {
  if (stray.offset === 0) return true;
  const own = [stray.replid, stray.replid2].filter((id) => id !== '');
  return own.includes(master.replid) || own.includes(master.replid2);
}
