import {
  isSrv,
  linesOf,
  type PoolConfig,
  type ReplicaConfig,
  type SentinelConfig,
  type ServerConfig,
  srvName,
} from '../../config/index.ts';
import { CLUSTER_NODES, REPLICAS, SENTINELS } from '../../limits.ts';
import { membersNow, whyUnlisted } from '../../topology/names/srv-members.ts';
import { type Finding, Findings } from './finding.ts';

/** A replica of the file, or one that SRV records list: the master may be among these. */
export type ReplicaLine = ReplicaConfig & { readonly listed?: boolean };

/** A pool with those that SRV records list in the place of their names. */
export interface SpreadPool {
  readonly pool: PoolConfig & { readonly replicas: readonly ReplicaLine[] };
  /** Of `servers`. */
  readonly lines: readonly ServerConfig[];
}

interface Line {
  readonly host: string;
  readonly port: number;
  /** Of a unix socket. */
  readonly path?: string;
}

function placeOf({ host, port, path = '' }: Line): string {
  return path === '' ? `${host}:${port}` : path;
}

/** Looks SRV records up; what is wrong with these is a finding. */
export async function spreadPool(pool: PoolConfig, found: Finding[]): Promise<SpreadPool> {
  const spread = <L extends Line>(lines: readonly L[]) => spreadLines(pool, lines, found);
  const lines = once(await spread(linesOf(pool)), CLUSTER_NODES);
  const sentinels: readonly SentinelConfig[] = once(await spread(pool.sentinels), SENTINELS);
  const replicas: ReplicaLine[] = [];
  for (const { name, ...server } of pool.servers) {
    const own = await spread(pool.replicas.filter((replica) => replica.server === name));
    const place = placeOf(server);
    const others = own.filter((each) => each.listed !== true || placeOf(each) !== place);
    replicas.push(...once(others, REPLICAS));
  }
  return { pool: { ...pool, sentinels, replicas }, lines };
}

/** Those that are listed stand behind what the file says itself. */
function once<L extends Line>(
  lines: readonly (L & { listed?: boolean })[],
  limit: number,
): readonly L[] {
  const seen = new Set<string>();
  const taken = lines.filter((line) => {
    const place = placeOf(line);
    const isTwin = line.listed === true && seen.has(place);
    seen.add(place);
    return !isTwin;
  });
  return taken.slice(0, limit);
}

async function spreadLines<L extends Line>(
  pool: PoolConfig,
  lines: readonly L[],
  found: Finding[],
): Promise<(L & { listed?: boolean })[]> {
  const given = lines.filter(({ host }) => !isSrv(host));
  const all: (L & { listed?: boolean })[] = [...given];
  for (const line of lines) {
    if (!isSrv(line.host)) continue;
    const findings = new Findings(pool.name, line.host);
    try {
      const members = await membersNow(srvName(line.host));
      for (const { host, port } of members) {
        all.push({ ...line, host, port, name: `${host}:${port}`, listed: true });
      }
      const count = `it lists ${members.length}`;
      const isRing = pool.discovery?.services.some(({ host }) => host === line.host) ?? false;
      const use = isRing ? ': the ring is made of them, and follows (discover_members)' : '';
      if (members.length > 0) findings.ok(count + use);
      else findings.error('its SRV records list nobody');
    } catch (error) {
      findings.error(`it has no SRV records (${whyUnlisted(error as Error)})`);
    }
    found.push(...findings.all);
  }
  return all;
}
