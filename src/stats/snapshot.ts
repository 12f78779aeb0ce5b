import { descriptorLimit, openDescriptors } from '../net/descriptor-limit.ts';
import type { Engine } from '../proxy/engine/engine.ts';
import type { Order } from '../proxy/pool/connections/order.ts';
import type { SlowEntry } from '../proxy/pool/notes/slow-log.ts';
import type { Pool } from '../proxy/pool/pool.ts';
import type { Server } from '../proxy/pool/server.ts';
import { nameOf, type SlotNode } from '../proxy/pool/slots/cluster-slots.ts';
import {
  INTERNAL_ERRORS,
  mapCounters,
  type PoolCounters,
  type ProcessCounters,
  type ServerCounters,
} from './counters.ts';
import { latenciesOf } from './latency.ts';
import { ringView } from './ring-view.ts';
import { NO_TOPOLOGY, type TopologyFigures } from './topology-figures.ts';

/** The newest entries of the slow log that a snapshot carries. */
export const SLOW_ENTRIES = 16;

/**
 * All that the statistics are made of, at one moment: plain data, so that workers can hand it to
 * each other. Counters are as stats/counters.ts numbers them.
 */
export interface Snapshot {
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly now: number;
  readonly process: ProcessCounters;
  readonly pools: readonly PoolSnapshot[];
  readonly runtime: RuntimeSnapshot;
  readonly own: OwnCounters;
  /** Servers that are asked for their role, of all pools; for whoever runs the proxy to say. */
  readonly replicas: readonly ReplicaSnapshot[];
  /** The same. */
  readonly topology: TopologyFigures;
}

/** A master or replica of a server, as it says itself. */
export interface ReplicaSnapshot {
  readonly pool: string;
  readonly server: string;
  readonly address: string;
  readonly role: 'master' | 'replica' | 'unknown';
  /** Bytes behind the master; null = unknown. */
  readonly lag: number | null;
  /** Reads may go there. */
  readonly read: boolean;
}

/** A node of a Redis Cluster. */
export interface ClusterNode {
  readonly address: string;
  /** Of the node that it follows; null for a master. */
  readonly master: string | null;
  readonly failed: boolean;
  readonly slots: readonly (readonly [first: number, last: number])[];
}

/** A pool at one moment. */
export interface PoolSnapshot {
  readonly name: string;
  /** As configured; whoever runs the proxy knows the port that the system has chosen. */
  readonly listen: string;
  /** The same for clients with TLS, where they have a door of their own; else null. */
  readonly tlsListen: string | null;
  readonly redis: boolean;
  readonly hash: string;
  readonly distribution: string;
  readonly counters: PoolCounters;
  readonly servers: readonly ServerSnapshot[];
  /** As RingView. */
  readonly ringCells: readonly number[];
  /** Null for a pool that is none. */
  readonly cluster: readonly ClusterNode[] | null;
  readonly slow: readonly SlowEntry[];
  /** As PoolLatency; null when latencies are not measured. */
  readonly latencyCounts: Float64Array | null;
  readonly latencySums: Float64Array | null;
}

/** A server at one moment. */
export interface ServerSnapshot {
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  readonly live: boolean;
  /** What an operator wants of it. */
  readonly order: Order;
  /** False from a connection that failed or timed out until its next reply. */
  readonly reachable: boolean;
  /** Whether requests are kept from it for a while. */
  readonly breakerOpen: boolean;
  /** Whether requests wait for it to be back, or for another master. */
  readonly holding: boolean;
  /** The part of all hash values that it gets now, 0 to 1. */
  readonly ringShare: number;
  readonly counters: ServerCounters;
}

/** What the process has used. */
export interface RuntimeSnapshot {
  readonly workers: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly residentBytes: number;
  /** Of files and sockets; 0 where the system does not tell. */
  readonly openDescriptors: number;
  /** The limit on them. */
  readonly maxDescriptors: number;
  readonly codec: string;
  readonly node: string;
}

/** Counters that nutcracker does not have. */
export interface OwnCounters {
  readonly reloads: number;
  readonly reloadErrors: number;
  /** Unix milliseconds; 0 = never. */
  readonly lastReloadAt: number;
  readonly lastReloadError: string;
  /** Exceptions while HTTP or the admin socket was served. */
  readonly internalErrors: number;
}

/** Before there was any. */
export const NO_OWN_COUNTS: OwnCounters = {
  reloads: 0,
  reloadErrors: 0,
  lastReloadAt: 0,
  lastReloadError: '',
  internalErrors: 0,
};

/** What a snapshot is taken of. */
export interface SnapshotSource {
  readonly version: string;
  readonly startedAt: number;
  readonly engine: Engine;
  readonly pools: readonly Pool[];
  readonly codec: string;
}

/**
 * Reads everything now but `own`, `replicas`, `topology` and chosen ports, which are for whoever
 * runs the proxy to say. The counters and latencies are the live arrays, not copies.
 */
export function takeSnapshot(source: SnapshotSource, now: number = Date.now()): Snapshot {
  const { user, system } = process.cpuUsage();
  const second = source.pools.filter(({ config }) => config.tlsListen !== null);
  const listeners = source.pools.length + second.length;
  return {
    version: source.version,
    startedAt: source.startedAt,
    now,
    process: mapCounters(source.engine.process, (count, at) =>
      at === INTERNAL_ERRORS ? count : count + listeners,
    ),
    pools: source.pools.map(poolSnapshot),
    runtime: {
      workers: 1,
      userSeconds: user / 1e6,
      systemSeconds: system / 1e6,
      residentBytes: process.memoryUsage.rss(),
      openDescriptors: openDescriptors(),
      maxDescriptors: descriptorLimit(),
      codec: source.codec,
      node: process.version,
    },
    own: NO_OWN_COUNTS,
    replicas: [],
    topology: NO_TOPOLOGY,
  };
}

function poolSnapshot(pool: Pool): PoolSnapshot {
  const { config, latency } = pool;
  const ring = ringView(pool);
  const firstSeries = pool.servers.map((server) => server.firstSeries);
  const latencies = latency === null ? null : latenciesOf(latency, firstSeries);
  return {
    name: config.name,
    listen: config.listen.text,
    tlsListen: config.tlsListen?.text ?? null,
    redis: config.redis,
    hash: config.hash,
    distribution: config.distribution,
    counters: pool.counters,
    servers: pool.servers.map((server) => serverSnapshot(server, ring.shares[server.index])),
    ringCells: ring.cells,
    cluster: pool.slots === null ? null : clusterNodes(pool.slots.nodes),
    slow: pool.slowLog?.latest(SLOW_ENTRIES) ?? [],
    latencyCounts: latencies?.counts ?? null,
    latencySums: latencies?.sums ?? null,
  };
}

function clusterNodes(nodes: readonly SlotNode[]): ClusterNode[] {
  const addresses = new Map(nodes.map((node) => [node.id, nameOf(node)]));
  return nodes.map((node) => ({
    address: nameOf(node),
    master: node.master === null ? null : (addresses.get(node.master) ?? null),
    failed: node.failed,
    slots: node.slots,
  }));
}

function serverSnapshot(server: Server, ringShare: number): ServerSnapshot {
  server.gaugeQueues();
  return {
    name: server.name,
    address: server.address,
    weight: server.config.weight,
    live: server.pool.health.isLive(server.index),
    order: server.standing.order,
    reachable: server.reachable,
    breakerOpen: server.breakerOpen,
    holding: server.failover?.holds ?? false,
    ringShare,
    counters: server.counters,
  };
}
