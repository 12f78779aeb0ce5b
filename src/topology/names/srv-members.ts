import dns from 'node:dns/promises';
import { SRV_FIRST_MS, SRV_MEMBERS } from '../../limits.ts';
import { type Address, addressOf, addressText } from '../facts.ts';

/** Finds what SRV records list; rejects when there are none. */
export type ResolveSrv = (name: string) => Promise<readonly { name: string; port: number }[]>;

/** Asks name servers: /etc/hosts knows no such records. */
export const RESOLVE_SRV: ResolveSrv = (name) => dns.resolveSrv(name);

/** What a record names is a host: no address with colons, and no other name of SRV records. */
const HOST = /^[\w.-]+$/;

/** Each once, always in the same order; a name server gives them in any, and in any case. */
export function membersIn(records: readonly { name: string; port: number }[]): Address[] {
  const found = new Map<string, Address>();
  for (const { name, port } of records) {
    const host = name.toLowerCase().replace(/\.$/, '');
    const address = HOST.test(host) ? addressOf(host, String(port)) : null;
    if (address !== null) found.set(addressText(address), address);
  }
  const sorted = [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.slice(0, SRV_MEMBERS).map(([, address]) => address);
}

/** What a name lists now; rejects when nobody says that in time. */
export async function membersNow(name: string): Promise<readonly Address[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new Error(`no answer within ${SRV_FIRST_MS} ms`));
    timer = setTimeout(fail, SRV_FIRST_MS);
  });
  try {
    return membersIn(await Promise.race([RESOLVE_SRV(name), late]));
  } finally {
    clearTimeout(timer);
  }
}

/** The same, `host:port` each; rejects when that is nobody, too. */
export async function listedNow(name: string): Promise<readonly string[]> {
  const members = await membersNow(name);
  if (members.length === 0) throw new Error('it lists nobody');
  return members.map(addressText);
}

/** Why it does not. */
export function whyUnlisted(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}
