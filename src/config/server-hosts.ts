import { isIP } from 'node:net';
import { formatProblem } from '../errors.ts';
import { HOST_CHECK_MS } from '../limits.ts';
import { linesOf } from './keys/lines.ts';
import { lookupFailure } from './resolve.ts';
import type { Config, ServerConfig } from './types.ts';

/** What is wrong with how a host is written, so that it cannot be one; null when nothing is. */
function misspelling({ kind, host, port, weight }: ServerConfig): string | null {
  if (kind === 'unix' || host === '') return null;
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(host)?.[0];
  if (scheme !== undefined) {
    const bare = host.slice(scheme.length).replace(/^.*@/, '');
    const written = bare === '' ? 'host:port:weight' : `${bare}:${port}:${weight}`;
    return `${JSON.stringify(scheme)} is taken for a part of the host; expected ${written}`;
  }
  if (/^\[.*\]$/.test(host)) {
    const bare = host.slice(1, -1);
    const what = `no host is called ${JSON.stringify(host)}`;
    return `${what}; expected IPv6 without brackets, ${bare}:${port}:${weight}`;
  }
  if (!/^[\w.:%-]+$/.test(host)) {
    return `no host is called ${JSON.stringify(host)}; expected a host name or an address`;
  }
  return null;
}

/** A line about a server. The file is right all the same: nutcracker takes it, too. */
function line(file: string, pool: string, { line, column }: ServerConfig, message: string): string {
  const path = `${pool}.servers`;
  return `warning: ${formatProblem({ file, line, column, path, message })}`;
}

/** Servers whose host cannot be a host, one line each, in the order of the pools. */
export function serverWarnings({ file, pools }: Config): { line: number; text: string }[] {
  return pools.flatMap((pool) =>
    linesOf(pool).flatMap((server) => {
      const message = misspelling(server);
      return message === null
        ? []
        : [{ line: server.line, text: line(file, pool.name, server, message) }];
    }),
  );
}

/**
 * Servers whose host has no address here and now, one line each. Every name is looked up once; one
 * that takes longer than all may take together is named as such.
 */
export async function unresolvedServers({ file, pools }: Config): Promise<string[]> {
  const sites = pools.flatMap((pool) =>
    linesOf(pool).map((server) => ({ name: pool.name, server })),
  );
  const named = sites.filter(({ server }) => {
    const { kind, host } = server;
    return kind === 'tcp' && host !== '' && isIP(host) === 0 && misspelling(server) === null;
  });
  const late = timeLimit();
  const reasons = new Map<string, Promise<string | null>>();
  for (const { server } of named) {
    const known = reasons.get(server.host);
    if (known === undefined) {
      reasons.set(server.host, Promise.race([lookupFailure(server.host), late.reached]));
    }
  }
  const lines: string[] = [];
  for (const { name, server } of named.sort((a, b) => a.server.line - b.server.line)) {
    const reason = await reasons.get(server.host);
    if (reason === null || reason === undefined) continue;
    const what = `the host ${JSON.stringify(server.host)} has no address (${reason})`;
    lines.push(line(file, name, server, `${what}; expected one that resolves here`));
  }
  late.cancel();
  return lines;
}

function timeLimit(): { readonly reached: Promise<string>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const reached = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${HOST_CHECK_MS} ms`), HOST_CHECK_MS);
  });
  return { reached, cancel: () => clearTimeout(timer) };
}
