import type { FailedRequest, NumberedResult } from '../../support/numbered-load.ts';

/** A server that went, or that was replaced. */
export interface Outage {
  /** When, by performance.now(). */
  readonly at: number;
  /** It hangs: what it was sent is too late, reads as well. */
  readonly hangs?: boolean;
  /** Requests that were sent until then may have been passed on to it. */
  readonly sentUntil: number;
  /**
   * Before that nobody else can have acknowledged a write in its place; 0 = it has died of nothing,
   * and no write may be lost.
   */
  readonly aloneUntil: number;
  /** Whether a key was there. */
  had(key: string): boolean;
}

/** What clients saw, and which of it a proxy could not help. */
export interface Judged extends NumberedResult {
  /** Errors of requests that the server had been sent, and that it may have carried out. */
  readonly unknown: number;
  /** All other errors. */
  readonly avoidable: readonly FailedRequest[];
}

/** When the first of them went; 0 = none. */
function beginning(outages: readonly Outage[]): number {
  return outages.length === 0 ? 0 : Math.min(...outages.map(({ at }) => at));
}

/**
 * A write that was sent to a server that went may have been carried out, and a read with a write of
 * its client behind it at the same server, sent again, might see that one.
 */
function isUnknown(failed: FailedRequest, outage: Outage): boolean {
  if (failed.sentAt > outage.sentUntil || !outage.had(failed.key)) return false;
  return outage.hangs || failed.isWrite || failed.behind.some((key) => outage.had(key));
}

/** @param outages of servers, none of which has lost anything otherwise */
export function judge(result: NumberedResult, outages: readonly Outage[]): Judged {
  const avoidable = result.failed.filter((each) => {
    return !outages.some((outage) => isUnknown(each, outage));
  });
  const unknown = result.failed.length - avoidable.length;
  const own = result.losses.filter(({ key, ackedAt }) => {
    return !outages.some(({ aloneUntil, had }) => ackedAt <= aloneUntil && had(key));
  });
  const texts = own.map(({ key, count, ackedAt }) => {
    const when = `the last acknowledged at ${Math.round(ackedAt - beginning(outages))} ms`;
    return `${key}: ${count} writes are gone that no server can have lost, ${when}`;
  });
  return { ...result, unknown, avoidable, wrong: [...result.wrong, ...texts] };
}

/** Tells on standard error what has no place in a table. */
export function tellDetails(judged: Judged, outages: readonly Outage[]): void {
  const since = (at: number) => `${Math.round(at - beginning(outages))} ms`;
  for (const [text, count] of judged.errors) console.error(`  ${count} x ${text}`);
  const groups = new Map<string, FailedRequest[]>();
  for (const each of judged.avoidable) {
    const where = outages.some(({ had }) => had(each.key)) ? 'at the lost server' : 'elsewhere';
    const name = `${each.isWrite ? 'SET' : 'GET'} ${where}: ${each.text}`;
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  for (const [name, all] of groups) {
    const sent = `sent at ${since(all[0].sentAt)} to ${since((all.at(-1) as FailedRequest).sentAt)}`;
    console.error(
      `  could be avoided: ${all.length} x ${name}; ${sent}, told at ${since(all[0].at)}`,
    );
  }
  for (const text of judged.wrong) console.error(`  wrong: ${text}`);
  const [first, ...more] = judged.losses;
  if (first === undefined) return;
  const last = more.reduce((at, { ackedAt }) => Math.max(at, ackedAt), first.ackedAt);
  const keys = `${judged.lost} writes of ${more.length + 1} keys`;
  console.error(`  lost: ${keys}, the last acknowledged at ${since(last)}`);
}
