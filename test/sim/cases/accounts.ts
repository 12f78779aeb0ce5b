import type { Census } from '../clients/census.ts';
import type { Case } from './case.ts';
import type { FaultScheduler } from './faults.ts';
import type { Losses } from './ha/losses.ts';
import type { HalfRequests } from './half-requests.ts';
import type { Hosts } from './parties.ts';

/** Who keeps account of a case. */
export interface Accountants {
  readonly losses: Losses;
  readonly census: Census;
  readonly halves: HalfRequests;
  readonly faults: FaultScheduler;
  /** Listeners may miss something without being told. */
  readonly resubscribes: boolean;
}

/** What is found at the end, when all that clients have had is known. */
export function complaintsOf(given: Case, hosts: Hosts, by: Accountants): string[] {
  const { shards, clustered, servers, proxies } = hosts;
  const { losses, census, halves, faults, resubscribes } = by;
  const serving = shards?.masters ?? clustered?.cluster.masters ?? servers;
  const complaints = [...losses.check(serving, faults.isPlanned), ...halves.complaints];
  // Nodes of a cluster count who hears of a message at one of them, and end when they have left.
  if (clustered !== null) return [...complaints, ...clustered.complaints];
  complaints.push(...census.complaints(resubscribes));
  if (!resubscribes) complaints.push(...census.gaps);
  if (given.calm && !faults.excuses.any) {
    for (const { name, troubles } of proxies) {
      if (troubles > 0) complaints.push(`${name} has found ${troubles} servers in trouble`);
    }
  }
  return complaints;
}
