import type { PoolConfig } from '../../../config/index.ts';
import * as counter from '../../../stats/counters.ts';
import { millis } from '../../engine/clock.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Server } from '../../pool/server.ts';
import type { PoolCounts } from '../../siblings/pool-counts.ts';
import { heardNames } from '../pubsub/hub/hubs.ts';
import { CHANNEL, type Kind, PATTERN, SHARD } from '../pubsub/hub/kinds.ts';
import { knownTrackerOf } from '../tracking/trackers.ts';
import { type Fields, joinedDatabases, joinedSection, type ServerFigures } from './figures.ts';

/** What INFO is made of. */
export interface InfoSources {
  readonly pool: Pool;
  /** The lowest of the servers; empty when it is not asked for. */
  readonly redisVersion: string;
  /** Over all processes. */
  readonly counts: PoolCounts;
  /** Of the servers that are known; none when they are not asked for. */
  readonly servers: readonly ServerFigures[];
}

/** A part of INFO. */
export interface Section {
  readonly title: string;
  /** Whether it has something that servers are asked for. */
  readonly ofServers: boolean;
  make(sources: InfoSources): Fields;
}

function server({ pool, redisVersion }: InfoSources): Fields {
  const uptime = Math.floor(process.uptime());
  const { listen } = pool.config;
  return [
    ['redis_version', redisVersion],
    ['redis_mode', 'standalone'],
    ['os', `${process.platform} ${process.arch}`],
    ['arch_bits', 64],
    ['process_id', process.pid],
    ['run_id', pool.engine.runId],
    ['tcp_port', listen.kind === 'tcp' ? listen.port : 0],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / 86400)],
    ['ringway_version', pool.engine.version],
    ['ringway_codec', pool.engine.codec.name],
    ['node_version', process.version],
  ];
}

function clients({ pool, counts }: InfoSources): Fields {
  return [
    ['connected_clients', counts.ofPool(counter.CLIENT_CONNECTIONS)],
    ['maxclients', pool.config.clientConnections],
    ['pubsub_clients', counts.ofPool(counter.PUBSUB_CLIENTS)],
    ['blocked_clients', counts.ofPool(counter.BLOCKED_CLIENTS)],
    ['monitoring_clients', counts.ofPool(counter.MONITORING_CLIENTS)],
    ['tracking_clients', counts.ofPool(counter.TRACKING_CLIENTS)],
  ];
}

function memory({ counts, servers }: InfoSources): Fields {
  return [...joinedSection('Memory', servers), ['ringway_memory_rss', counts.residentBytes]];
}

function persistence({ servers }: InfoSources): Fields {
  // Clients wait until this is 0 before they send anything.
  return [['loading', 0], ...joinedSection('Persistence', servers)];
}

/** How many names of a kind the clients of this process hear. */
function heardBy(pool: Pool, kind: Kind): number {
  return heardNames(pool, kind).size;
}

function stats({ pool, counts, servers }: InfoSources): Fields {
  const requests = pool.servers.map(({ name }) => counts.ofServer(name, counter.REQUESTS));
  return [
    ['total_connections_received', counts.ofProcess(counter.TOTAL_CONNECTIONS)],
    ['total_commands_processed', requests.reduce((sum, count) => sum + count, 0)],
    ['rejected_connections', counts.ofPool(counter.CLIENTS_REFUSED)],
    ...joinedSection('Stats', servers),
    ['pubsub_channels', heardBy(pool, CHANNEL)],
    ['pubsub_patterns', heardBy(pool, PATTERN)],
    ['pubsubshard_channels', heardBy(pool, SHARD)],
    ['tracking_total_keys', counts.ofPool(counter.TRACKED_KEYS_NOTED)],
    ['tracking_total_items', knownTrackerOf(pool)?.notes.items ?? 0],
    ['tracking_total_prefixes', knownTrackerOf(pool)?.prefixes.size ?? 0],
    ['tracking_slow_closed', counts.ofPool(counter.TRACKING_SLOW_CLOSED)],
    ['pubsub_slow_closed', counts.ofPool(counter.PUBSUB_SLOW_CLOSED)],
    ['pubsub_lost_clients', counts.ofPool(counter.PUBSUB_LOST_CLIENTS)],
    ['forward_errors', counts.ofPool(counter.FORWARD_ERROR)],
    ['server_ejects', counts.ofPool(counter.SERVER_EJECTS)],
    ['backend_connections', counts.open],
    ['max_backend_connections', pool.budget.limit],
    ['lanes', pool.lanes.count],
  ];
}

function replication(): Fields {
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
  ];
}

/** Several figures in one field, as Redis writes those of a replica. */
function pairs(parts: Readonly<Record<string, string | number>>): string {
  return Object.entries(parts)
    .map((pair) => pair.join('='))
    .join(',');
}

function ofPool({ pool, counts }: InfoSources): Fields {
  const { config, servers } = pool;
  const fields: Fields = [
    ['pool', config.name],
    ['hash', config.hash],
    ['distribution', config.distribution],
    ['servers', servers.length],
  ];
  servers.forEach(({ name, address }, i) => {
    const parts = {
      name,
      address,
      connections: counts.ofServer(name, counter.SERVER_CONNECTIONS),
      requests: counts.ofServer(name, counter.REQUESTS),
      responses: counts.ofServer(name, counter.RESPONSES),
      errors: counts.ofServer(name, counter.SERVER_ERR),
      timeouts: counts.ofServer(name, counter.SERVER_TIMEDOUT),
    };
    fields.push([`server${i}`, pairs(parts)]);
  });
  return fields;
}

/** How many servers of a shard are read beside its master, where a pool reads such. */
function readersOf({ readFrom }: PoolConfig, readers: Server['readers']): { readers?: number } {
  return readFrom === 'master' ? {} : { readers: readers?.addresses.length ?? 0 };
}

/** The newest configuration of the servers, and for how long nothing newer was heard. */
function newest({ toldAt }: Pool, epochs: readonly number[]): Fields {
  if (toldAt === 0) return [];
  return [
    ['topology_epoch', Math.max(0, ...epochs)],
    ['topology_age_ms', Math.max(0, Math.round(millis() - toldAt))],
  ];
}

/** The masters of a cluster, and how many slots each has. */
function ofCluster({ pool, counts: all }: Pick<InfoSources, 'pool' | 'counts'>): Fields {
  const { slots, servers, mover, config } = pool;
  const counts = slots?.counts ?? [];
  const fields: Fields = [
    ['topology', 'cluster'],
    ...newest(pool, slots?.nodes.map(({ epoch }) => epoch) ?? []),
    ['nodes', slots?.nodes.length ?? 0],
    ['slots_owned', slots?.owned ?? 0],
    ['slots_waiting_requests', mover?.waiting ?? 0],
    ['slots_waiting_clients', slots?.unowned.count ?? 0],
    ['redirections_moved', all.ofPool(counter.REDIRECTED_MOVED)],
    ['redirections_ask', all.ofPool(counter.REDIRECTED_ASK)],
    ['redirections_retry', all.ofPool(counter.REDIRECTED_RETRY)],
  ];
  servers.forEach(({ name, failover, index, readers }, i) => {
    const state = failover?.holds ? 'waiting' : 'serving';
    const reads = readersOf(config, readers);
    fields.push([`shard${i}`, pairs({ name, slots: counts[index] ?? 0, state, ...reads })]);
  });
  return fields;
}

function topology({ pool, counts }: InfoSources): Fields {
  const { config, servers } = pool;
  if (pool.slots !== null) return ofCluster({ pool, counts });
  const kind = config.sentinels.length > 0 ? 'sentinel' : 'roles';
  const fields: Fields = [['topology', config.followsMaster ? kind : 'static']];
  if (!config.followsMaster) return fields;
  const epochOf = ({ failover }: Server): number => failover?.epoch ?? 0;
  fields.push(...newest(pool, servers.map(epochOf)));
  servers.forEach((each, i) => {
    const { name, address, failover, readers } = each;
    const state = failover?.holds ? 'waiting' : 'serving';
    const moves = counts.ofServer(name, counter.SERVER_MOVES);
    const parts = { name, master: address, state, epoch: epochOf(each), moves };
    fields.push([`shard${i}`, pairs({ ...parts, ...readersOf(config, readers) })]);
  });
  return fields;
}

/** Whether clients see a cluster. */
function clusterSection({ pool }: InfoSources): Fields {
  return [['cluster_enabled', pool.config.clusterView ? 1 : 0]];
}

/** In Redis's order, ringway's own behind them. */
export const SECTIONS: readonly Section[] = [
  { title: 'Server', ofServers: true, make: server },
  { title: 'Clients', ofServers: false, make: clients },
  { title: 'Memory', ofServers: true, make: memory },
  { title: 'Persistence', ofServers: true, make: persistence },
  { title: 'Stats', ofServers: true, make: stats },
  { title: 'Replication', ofServers: false, make: replication },
  { title: 'CPU', ofServers: true, make: ({ servers }) => joinedSection('CPU', servers) },
  { title: 'Cluster', ofServers: false, make: clusterSection },
  { title: 'Keyspace', ofServers: true, make: ({ servers }) => joinedDatabases(servers) },
  { title: 'Pool', ofServers: false, make: ofPool },
  { title: 'Topology', ofServers: false, make: topology },
];
