import { lookup, resolveSrv } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Problems } from './file/problems.ts';
import { isSrv, srvName } from './keys/masters/srv.ts';
import type { Config, Position, TcpListen } from './types.ts';

/** One listen host to be looked up, and where it stands. */
export interface ListenSite {
  readonly pool: string;
  /** Of its address in the file. */
  readonly key: 'listen' | 'tls_listen';
  readonly listen: TcpListen;
  readonly at: Position;
}

/** Reports every listen host that has no address. Numeric addresses are not looked up. */
export async function checkHosts(sites: readonly ListenSite[], problems: Problems): Promise<void> {
  const checks = sites.map(async ({ pool, key, listen, at }) => {
    if (isIP(listen.host) !== 0) return;
    const reason = await lookupFailure(listen.host);
    if (reason === null) return;
    const what = `the host ${JSON.stringify(listen.host)} has no address (${reason})`;
    const brackets = listen.host.startsWith('[') ? ', IPv6 without brackets' : '';
    problems.add(at, `${pool}.${key}`, `${what}; expected a host of this machine${brackets}`);
  });
  await Promise.all(checks);
}

/** Why a host has no address here; null when it has one. */
export async function lookupFailure(host: string): Promise<string | null> {
  if (host === '') return 'it is empty';
  // Node would translate it (IDNA); getaddrinfo as nutcracker calls it does not.
  if (/[^\x20-\x7e]/.test(host)) return 'it is not ASCII';
  try {
    await (isSrv(host) ? resolveSrv(srvName(host)) : lookup(host));
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Throws a ConfigError when a listen host of a parsed configuration has no address. */
export async function resolveListens(config: Config): Promise<void> {
  const problems = new Problems(config.file);
  const sites = config.pools.flatMap((pool): ListenSite[] => {
    const doors = { listen: pool.listen, tls_listen: pool.tlsListen };
    return (['listen', 'tls_listen'] as const).flatMap((key): ListenSite[] => {
      const listen = doors[key];
      const at = pool.keyPositions[key] ?? pool.position;
      return listen?.kind === 'tcp' ? [{ pool: pool.name, key, listen, at }] : [];
    });
  });
  await checkHosts(sites, problems);
  problems.throwIfAny();
}
