import { FENCE_SLACK_S } from '../../limits.ts';
import { type Address, addressText, sameAddress } from '../facts.ts';
import type { Fence } from '../roles/fence.ts';
import type { ReplicationFacts } from '../roles/replication-facts.ts';
import type { ServerView } from '../roles/shard-servers.ts';

/** Nobody has said anything about a fence. */
const NONE: Fence = { toWrite: 0, maxLag: 10, pingPeriod: 10 };

/** So long ago a replica has heard its master last, in milliseconds. */
export function silentMs({ linkUp, heardSeconds, downSeconds }: ReplicationFacts): number {
  return (linkUp ? heardSeconds : downSeconds) * 1000;
}

/** So long a replica must not have heard its master, until that counts it no more. */
export function silenceMs({ maxLag, pingPeriod }: Fence, { linkUp }: ReplicationFacts): number {
  const lag = maxLag + FENCE_SLACK_S;
  // A healthy master may say nothing from one ping to the next.
  return (linkUp ? Math.max(lag, pingPeriod + FENCE_SLACK_S) : lag) * 1000;
}

/** What is known of a shard, as far as a master that cannot be reached goes. */
export interface Fenced {
  readonly views: readonly ServerView[];
  fenceOf(view: ServerView): Fence | null;
}

/** The strictest that holds for any of the servers that cannot be reached. */
export function fenceOfAway({ views, fenceOf: of }: Fenced): Fence {
  const away = views.filter(({ facts }) => facts === null).map((view) => of(view) ?? NONE);
  if (away.length === 0) return { ...NONE, toWrite: views.length };
  return {
    toWrite: Math.min(...away.map(({ toWrite }) => toWrite)),
    maxLag: Math.max(...away.map(({ maxLag }) => maxLag)),
    pingPeriod: Math.max(...away.map(({ pingPeriod }) => pingPeriod)),
  };
}

/** Whether no server that cannot be reached counts it among its replicas. */
export function isLost(
  facts: ReplicationFacts,
  fence: Fence,
  views: readonly ServerView[],
): boolean {
  if (facts.isMaster) return true;
  const master = views.find(({ address }) => addressText(address) === facts.master);
  if (master !== undefined && master.facts !== null) return true;
  return silentMs(facts) >= silenceMs(fence, facts);
}

/**
 * How many servers may still feed one that cannot be reached, beyond what its fence allows: none,
 * and whichever of them is a master acknowledges nothing.
 */
export function unfencedBy(fenced: Fenced): number {
  const { views } = fenced;
  const fence = fenceOfAway(fenced);
  const lost = views.filter(({ facts }) => facts !== null && isLost(facts, fence, views)).length;
  // One of the others is the master, the rest its replicas; it needs `toWrite` of these.
  return Math.max(0, views.length - lost - fence.toWrite);
}

/**
 * So long after its replicas have left it a master may still acknowledge, in milliseconds: that
 * one, and any other that cannot be reached.
 */
export function echoMs({ views, fenceOf: of }: Fenced, master: Address): number {
  const maybe = views.filter(({ address, facts }) => {
    return facts === null || sameAddress(address, master);
  });
  const lags = maybe.map((view) => (of(view) ?? NONE).maxLag);
  return (Math.max(0, ...lags) + FENCE_SLACK_S) * 1000;
}

/** Whether a replica that can be reached still hears that master. */
export function isHeard(master: ServerView, fenced: Fenced, downAfterMs: number): boolean {
  const { pingPeriod } = fenced.fenceOf(master) ?? NONE;
  const limit = Math.max(downAfterMs, (pingPeriod + FENCE_SLACK_S) * 1000);
  return fenced.views.some(({ address, facts }) => {
    if (facts === null || facts.isMaster || sameAddress(address, master.address)) return false;
    // It may call its master by another name than the file.
    const other = fenced.views.find((each) => addressText(each.address) === facts.master);
    const follows = other === undefined || sameAddress(other.address, master.address);
    return follows && facts.linkUp && silentMs(facts) < limit;
  });
}
