import { type Parsed, quote } from '../values.ts';

/** Stands in the place of a host, before the name of SRV records that list several. */
const PREFIX = 'srv:';

/** A host that is none, but a name of SRV records. */
export function isSrv(host: string): boolean {
  // Only what no port begins with: a host may be called `srv`.
  return host.startsWith(`${PREFIX}_`);
}

/** The name whose SRV records are meant. */
export function srvName(host: string): string {
  return host.slice(PREFIX.length);
}

/**
 * Takes `srv:_redis._tcp.example` for a host with no port.
 * @returns null when it is none of that kind
 */
export function parseSrv(text: string): Parsed<{ host: string; port: number }> | null {
  if (!isSrv(text)) return null;
  if (!/^[\w.-]{1,253}$/.test(srvName(text))) {
    const what = `${quote(srvName(text))} is no name of SRV records`;
    return { problem: `${what}; expected "srv:_service._tcp.domain", without a port` };
  }
  return { value: { host: text, port: 0 } };
}

/** An address as it stands in the file. */
export function addressText({ host, port }: { host: string; port: number }): string {
  return isSrv(host) ? host : `${host}:${port}`;
}
