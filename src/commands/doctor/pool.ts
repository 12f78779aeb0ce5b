import type { PoolConfig } from '../../config/index.ts';
import { addressOf } from '../../proxy/pool/pool-changes.ts';
import { Findings } from './finding.ts';
import type { ServerFacts } from './look.ts';
import { compareOthers, type OthersFacts, withoutMasters } from './others.ts';
import type { Running } from './running.ts';

/** What the file does not say. */
export interface Circumstances {
  readonly workers: number;
  readonly running: Running;
}

/** What a pool's servers say, taken together. */
export function lookAtPool(
  pool: PoolConfig,
  servers: readonly ServerFacts[],
  all: OthersFacts,
  { workers, running }: Circumstances,
): Findings {
  const findings = new Findings(pool.name, null);
  const others = { ...all, replicas: withoutMasters(servers, all.replicas) };
  const facts = [...servers, ...others.replicas];
  sameServers(facts, findings);
  compareOthers(servers, others, findings);
  const versions = new Set(facts.map(({ version }) => version).filter((each) => each !== ''));
  if (versions.size > 1) {
    findings.warning(`its servers have different versions: ${[...versions].sort().join(', ')}`);
  }
  for (const each of facts) connectionsOf(pool, each, workers, running);
  if (pool.timeoutMs === 0) {
    findings.warning('it has no timeout: requests for a server that hangs wait for ever');
  }
  if (pool.autoEjectHosts && pool.serverRetryTimeoutMs < 1000) {
    findings.warning(`a dead server is tried again every ${pool.serverRetryTimeoutMs} ms`);
  }
  return findings;
}

/** Two names for one server: keys would be elsewhere once each has a server of its own. */
function sameServers(facts: readonly ServerFacts[], findings: Findings): void {
  const known: Map<string, string> = new Map();
  for (const { identity, server } of facts) {
    if (identity === '') continue;
    const other = known.get(identity);
    if (other === undefined) known.set(identity, server.name);
    else findings.error(`${other} and ${server.name} are one and the same server`);
  }
}

/** Whether a server lets in what ringway may open to it. */
function connectionsOf(
  pool: PoolConfig,
  { findings, server, most, connected }: ServerFacts,
  workers: number,
  running: Running,
): void {
  if (most === 0) return;
  const own = Math.min(connected, running.connectionsTo(addressOf({ ...server, tls: null })));
  const each = pool.serverConnections + pool.bulkConnections;
  const shared = workers * each;
  const free = most - connected + own;
  const ours = own === 0 ? '' : `, ${own} of them of the ringway that runs`;
  const text = `it lets in ${most} clients and has ${connected}${ours}`;
  if (free < shared) {
    findings.error(`${text}: ringway needs ${shared} more (server_connections, bulk_connections)`);
    return;
  }
  const leases = workers * pool.maxLeasedConnections;
  if (pool.redis && free < shared + leases) {
    findings.warning(
      `${text}: WATCH and blocking commands may take up to ${leases} more (max_leased_connections)`,
    );
  } else findings.ok(text);
}
