import { READ_LINK_DOWN_S } from '../../limits.ts';
import { type Address, sameAddress } from '../facts.ts';
import type { ReplicationFacts } from './replication-facts.ts';
import type { ServerView } from './shard-servers.ts';

/** Where the reads of a pool go. */
export type ReadFrom = 'master' | 'prefer-replica' | 'replica' | 'any' | 'nearest';

/** What makes a replica fit for reads. */
export interface ReadPolicy {
  readonly from: ReadFrom;
  /** How far behind the master it may be, in bytes. */
  readonly maxLag: number;
}

/** Where reads may go: each client keeps to one of them. null = the master. */
export type Readers = readonly (Address | null)[];

/** A server is left for another one when that is faster by this factor and so many milliseconds. */
const NEARER = 1.2;
const NEARER_MS = 0.2;

/** Bytes that a replica is behind its master; null when that is not known. */
export function lagOf(
  master: ReplicationFacts | null,
  replica: ReplicationFacts | null,
): number | null {
  if (master === null || replica === null || replica.isMaster) return null;
  return master.replid === replica.replid ? Math.max(0, master.offset - replica.offset) : null;
}

/** @param wasFit one that comes back must have caught up by half */
function isFit(
  { maxLag }: ReadPolicy,
  master: ReplicationFacts | null,
  { facts, tried }: ServerView,
  wasFit: boolean,
): boolean {
  // Whoever read it before knows more than one that has not asked it yet.
  if (facts === null && !tried) return wasFit;
  if (facts === null || facts.isMaster || facts.syncing) return false;
  if (master === null) return facts.linkUp || facts.downSeconds < READ_LINK_DOWN_S;
  const lag = lagOf(master, facts);
  return facts.linkUp && lag !== null && lag <= (wasFit ? maxLag : maxLag / 2);
}

/** Where reads may go now. @param before the same a moment ago */
export function readersOf(
  policy: ReadPolicy,
  place: Address,
  views: readonly ServerView[],
  before: Readers,
): Readers {
  if (policy.from === 'master') return [];
  const master = views.find(({ address }) => sameAddress(address, place)) ?? null;
  const known = master?.facts?.isMaster === true ? master.facts : null;
  const fit = views.filter((view) => {
    const { address } = view;
    if (sameAddress(address, place)) return false;
    const wasFit = before.some((each) => each !== null && sameAddress(each, address));
    return isFit(policy, known, view, wasFit);
  });
  const readers: Readers = fit.map(({ address }) => address);
  if (policy.from === 'any') return [null, ...readers];
  if (policy.from !== 'nearest') return readers;
  const all = known === null ? fit : [master as ServerView, ...fit];
  const nearest = all.reduce<ServerView | null>(
    (best, each) => (best === null || each.rttMs < best.rttMs ? each : best),
    null,
  );
  if (nearest === null) return [];
  const kept = all.find(({ address }) =>
    before.some((each) => sameAddress(each ?? place, address)),
  );
  const stays = kept !== undefined && kept.rttMs <= nearest.rttMs * NEARER + NEARER_MS;
  const { address } = stays ? kept : nearest;
  return [sameAddress(address, place) ? null : address];
}

/** Whether they are the same, in the same order. */
export function sameReaders(a: Readers, b: Readers): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
