import { createServer } from 'node:net';
import type { ListenConfig, PoolConfig } from '../../config/index.ts';
import { descriptorLimit } from '../../net/descriptor-limit.ts';
import { Findings } from './finding.ts';
import type { Running } from './running.ts';
import type { SpreadPool } from './spread-pool.ts';

/** Descriptors that are no connection. */
const OTHER_DESCRIPTORS = 64;
const REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another process listens there: a running ringway or nutcracker?'],
  ['EACCES', 'this user may not listen there'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
]);

/** Whether ringway could listen where each pool says. */
export async function lookAtDoors(pool: PoolConfig, running: Running): Promise<Findings> {
  const findings = new Findings(pool.name, null);
  for (const listen of [pool.listen, pool.tlsListen]) {
    if (listen === null || listen.kind !== 'tcp') continue;
    const code = await tryToListen(listen);
    if (code === null) findings.ok(`${listen.text} is free`);
    else if (code === 'EADDRINUSE' && running.listensOn(listen.text)) {
      findings.ok(`${listen.text}: the ringway that runs listens there`);
    } else findings.warning(`${listen.text}: ${REASONS.get(code) ?? code}`);
  }
  return findings;
}

/** @returns why nobody can listen there; null = one can */
function tryToListen(listen: ListenConfig & { kind: 'tcp' }): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: listen.host === '' ? '0.0.0.0' : listen.host, port: listen.port }, () => {
      server.close(() => resolve(null));
    });
  });
}

/**
 * Whether a process may have open what the file lets it open.
 * @param workers processes that share the clients; each has its own connections to servers
 */
export function lookAtDescriptors(spread: readonly SpreadPool[], workers: number): Findings {
  const findings = new Findings('', null);
  const limit = descriptorLimit();
  if (limit === 0) return findings;
  const pools = spread.map(({ pool }) => pool);
  const clients = pools.reduce((sum, { clientConnections }) => {
    return sum + Math.ceil(clientConnections / workers);
  }, 0);
  const unbounded = pools.some((pool) => pool.clientConnections === 0);
  const servers = spread.reduce((sum, { pool, lines }) => {
    return sum + lines.length * (pool.serverConnections + pool.bulkConnections);
  }, 0);
  const text = `${limit} files may be open (ulimit -n)`;
  const needed = clients + servers + OTHER_DESCRIPTORS;
  const each = workers === 1 ? '' : ` in each of ${workers} processes`;
  if (needed > limit) {
    const what = `the file asks for ${needed} connections and files${each}`;
    findings.error(`${text}: ${what}; raise the limit`);
  } else if (unbounded && limit < 4096) {
    const left = limit - servers - OTHER_DESCRIPTORS;
    findings.warning(`${text}: about ${left} clients at most${each}`);
  } else findings.ok(text);
  return findings;
}
