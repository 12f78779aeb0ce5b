import type { PoolStatus, ServerStatus } from '../stats/http/status.ts';
import type { StatusClient } from './status-client.ts';

/** What a running proxy knows of the server that has a key. */
export interface LiveView {
  readonly server: string;
  readonly address: string;
  readonly state: 'serves' | 'is waited for' | 'is out of the ring' | 'cannot be reached';
  /** What else there is of it, as far as it is asked for its role. */
  readonly replicas: readonly ReplicaView[];
}

interface ReplicaView {
  readonly address: string;
  readonly role: string;
  /** Bytes behind the master; null = unknown. */
  readonly lag: number | null;
  /** Reads may go there. */
  readonly read: boolean;
}

/**
 * Asks a running proxy.
 * @param slot of a Redis Cluster; null = the pool is none @param server that has the key otherwise
 * @returns null when nobody has it, or the proxy knows no such pool
 */
export async function liveOf(
  name: string,
  slot: number | null,
  server: string | null,
  ask: StatusClient,
): Promise<LiveView | null> {
  const query = new URLSearchParams({ brief: '', open: name, unfold: name });
  const { pools } = await ask(String(query));
  const pool = pools.find((each) => each.name === name);
  const owner = slot === null ? server : pool === undefined ? null : ownerOf(pool, slot);
  const found = pool?.servers.find((each) => each.name === owner);
  return found === undefined ? null : viewOf(found);
}

function ownerOf({ slots, names }: PoolStatus, slot: number): string | null {
  const range = slots?.find(([first, last]) => first <= slot && slot <= last);
  return range === undefined ? null : names[range[2]];
}

function viewOf({ name, address, live, holding, reachable, replicas }: ServerStatus): LiveView {
  const failing = reachable ? 'serves' : 'cannot be reached';
  return {
    server: name,
    address,
    state: holding ? 'is waited for' : live ? failing : 'is out of the ring',
    replicas: replicas.filter((each) => each.address !== address),
  };
}

/** Lines for people. */
export function liveRows({ server, address, state, replicas }: LiveView): [string, string][] {
  const where = server === address ? address : `${server} at ${address}`;
  const rows: [string, string][] = [['now', `${where}, which ${state}`]];
  replicas.forEach(({ address: each, role, lag, read }, i) => {
    const behind = lag === null ? '' : `, ${lag} bytes behind`;
    const reads = read ? ', reads go there' : '';
    rows.push([i === 0 ? 'beside it' : '', `${each}, ${role}${behind}${reads}`]);
  });
  return rows;
}
