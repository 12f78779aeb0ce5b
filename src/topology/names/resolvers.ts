import dns from 'node:dns/promises';
import { NAME_ADDRESSES } from '../../limits.ts';

/** What a name has come to. */
export interface Answer {
  readonly addresses: readonly string[];
  /** For so many milliseconds it may be kept; null = nobody says. */
  readonly ttlMs: number | null;
}

/** Finds the addresses of a host; rejects when it has none. */
export type Resolve = (host: string) => Promise<Answer>;

/** `system` asks as every program does, `resolver` asks name servers directly. */
export type DnsKind = 'system' | 'resolver';

async function bySystem(host: string): Promise<Answer> {
  const found = await dns.lookup(host, { all: true, verbatim: true });
  return { addresses: found.map(({ address }) => address).slice(0, NAME_ADDRESSES), ttlMs: null };
}

async function byResolver(host: string): Promise<Answer> {
  const asked = await Promise.allSettled([
    dns.resolve4(host, { ttl: true }),
    dns.resolve6(host, { ttl: true }),
  ]);
  const found = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  if (found.length === 0) throw (asked[0] as PromiseRejectedResult).reason;
  const addresses = found.map(({ address }) => address).slice(0, NAME_ADDRESSES);
  return { addresses, ttlMs: Math.min(...found.map(({ ttl }) => ttl)) * 1000 };
}

export const RESOLVERS: Readonly<Record<DnsKind, Resolve>> = {
  system: bySystem,
  resolver: byResolver,
};
