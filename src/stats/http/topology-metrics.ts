import type { Registry } from 'prom-client';
import * as counter from '../counters.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ShardFigures, TopologyFigures } from '../topology-figures.ts';
import { add, type Metric, type MetricKind, metricOf } from './metric.ts';

/** Everything about where masters, replicas and slots are. */
export function topologyMetrics(registry: Registry, snapshot: Snapshot): void {
  replicaMetrics(registry, snapshot);
  redirectionMetrics(registry, snapshot);
  sourceMetrics(registry, snapshot.topology);
  promotionMetrics(registry, snapshot.topology);
  clusterMetrics(registry, snapshot.topology);
  serviceMetrics(registry, snapshot.topology);
}

function replicaMetrics(registry: Registry, { replicas }: Snapshot): void {
  const gauge = maker(registry, 'gauge', ['pool', 'server', 'address']);
  const master = gauge('server_role_master', '1 for a master, 0 for a replica, by its own word');
  const read = gauge('replica_read', '1 while reads may go there');
  const lag = gauge('replica_lag_bytes', 'How far a replica is behind its master');
  for (const replica of replicas) {
    const { pool, server, address } = replica;
    const labels = { pool, server, address };
    if (replica.role !== 'unknown') add(master, labels, replica.role === 'master' ? 1 : 0);
    add(read, labels, replica.read ? 1 : 0);
    if (replica.lag !== null) add(lag, labels, replica.lag);
  }
}

function maker(registry: Registry, kind: MetricKind, labels: string[]) {
  return (name: string, help: string): Metric =>
    metricOf(registry, { name: `ringway_${name}`, help, kind }, labels);
}

const REDIRECTIONS: readonly (readonly [string, counter.PoolCounter])[] = [
  ['moved', counter.REDIRECTED_MOVED],
  ['ask', counter.REDIRECTED_ASK],
  ['retry', counter.REDIRECTED_RETRY],
];

function redirectionMetrics(registry: Registry, { pools }: Snapshot): void {
  const help = 'Requests that a node of a cluster sent elsewhere: for good, once, or to wait';
  const metric = maker(registry, 'counter', ['pool', 'kind'])('redirections_total', help);
  for (const { name, redis, counters } of pools) {
    if (!redis) continue;
    for (const [kind, at] of REDIRECTIONS) add(metric, { pool: name, kind }, counters[at]);
  }
}

/** Those who say where masters are. */
function sourceMetrics(registry: Registry, { frozen, shards }: TopologyFigures): void {
  const text = '1 while servers stay where they are by order of an operator';
  add(maker(registry, 'gauge', [])('topology_frozen', text), {}, frozen ? 1 : 0);
  const gauge = maker(registry, 'gauge', ['pool']);
  const sentinels = gauge('sentinels', 'Sentinels of the file');
  const sentinelsUp = gauge('sentinels_up', 'Those of them that answer');
  const witnesses = gauge('witnesses', 'Witnesses of the file');
  const witnessesUp = gauge('witnesses_up', 'Those of them whose word counts');
  // All shards of a pool have the same: any of them.
  const byPool = new Map(shards.map((shard) => [shard.pool, shard]));
  for (const [pool, shard] of byPool) {
    if (shard.sentinels > 0) {
      add(sentinels, { pool }, shard.sentinels);
      add(sentinelsUp, { pool }, shard.sentinelsUp);
    }
    if (shard.witnesses !== undefined) {
      add(witnesses, { pool }, shard.witnesses);
      add(witnessesUp, { pool }, shard.witnessesUp ?? 0);
    }
  }
}

type Promotion = NonNullable<ShardFigures['promotion']>;

interface PromotionField {
  readonly name: string;
  readonly help: string;
  readonly of: (figures: Promotion, shard: ShardFigures) => number | null;
}

const PROMOTION_GAUGES: readonly PromotionField[] = [
  {
    name: 'promotion_epoch',
    help: 'Masters that the witnesses have written down, counted',
    of: (_, { epoch }) => epoch,
  },
  {
    name: 'promotion_term',
    help: 'The highest number of a lease that a witness has told of',
    of: ({ term }) => term,
  },
  {
    name: 'promotion_fenced',
    help: '1 while a master that is cut off would refuse writes, 0 while it would not',
    of: ({ fenced }) => (fenced === null ? null : Number(fenced)),
  },
  {
    name: 'promotion_frozen',
    help: '1 while a proxy of the fleet wants that nothing is promoted',
    of: ({ frozen }) => Number(frozen),
  },
  {
    name: 'promotion_master_down',
    help: '1 while this proxy takes the master for down',
    of: ({ down }) => Number(down),
  },
  {
    name: 'promotion_proxies',
    help: 'Proxies that the witnesses have heard of',
    of: ({ proxies }) => proxies,
  },
  {
    name: 'promotion_proxies_down',
    help: 'Those of them that take the master for down',
    of: ({ proxiesDown }) => proxiesDown,
  },
];

function promotionMetrics(registry: Registry, { shards }: TopologyFigures): void {
  const promoting = shards.flatMap((shard) => {
    return shard.promotion === undefined ? [] : [{ shard, figures: shard.promotion }];
  });
  const gauge = maker(registry, 'gauge', ['pool', 'server']);
  for (const { name, help, of } of PROMOTION_GAUGES) {
    const metric = gauge(name, help);
    for (const { shard, figures } of promoting) {
      const { pool, server } = shard;
      const value = of(figures, shard);
      if (value !== null) add(metric, { pool, server }, value);
    }
  }
  const counted = maker(registry, 'counter', ['pool', 'server', 'result']);
  const leases = counted('promotion_leases_total', 'Leases that this proxy has asked for');
  const promotions = counted('promotions_total', 'Promotions that this proxy has begun');
  for (const { shard, figures } of promoting) {
    const { pool, server } = shard;
    add(leases, { pool, server, result: 'granted' }, figures.leases);
    add(leases, { pool, server, result: 'refused' }, figures.leasesRefused);
    add(promotions, { pool, server, result: 'done' }, figures.promoted);
    add(promotions, { pool, server, result: 'failed' }, figures.failed);
  }
}

function serviceMetrics(registry: Registry, figures: TopologyFigures): void {
  const gauge = maker(registry, 'gauge', ['pool', 'name']);
  const members = gauge('srv_members', 'Those that SRV records list, 0 while none are known');
  const waiting = 'Servers that come or go by SRV records, while the ring is as before';
  const pending = gauge('srv_members_pending', waiting);
  const staying = 'Servers that SRV records list no more, and that stay: too many would go';
  const withheld = gauge('srv_members_withheld', staying);
  for (const { pool, name, members: listed, ring } of figures.services) {
    add(members, { pool, name }, listed);
    if (ring === null) continue;
    add(pending, { pool, name }, ring.pending);
    add(withheld, { pool, name }, ring.withheld);
  }
  const counted = maker(registry, 'counter', []);
  const changes = 'Times that rings were made of others that SRV records list';
  add(counted('member_changes_total', changes), {}, figures.memberChanges);
  const errors = 'Times that this could not be done';
  add(counted('member_change_errors_total', errors), {}, figures.memberErrors);
}

function clusterMetrics(registry: Registry, { clusters }: TopologyFigures): void {
  const counted = maker(registry, 'counter', ['pool']);
  const asked = counted('topology_refreshes_total', 'Times that nodes were asked for slots');
  const errors = counted('topology_refresh_errors_total', 'Those that were of no use');
  const gauge = maker(registry, 'gauge', ['pool']);
  const age = gauge('topology_age_seconds', 'Since a node has said who has which slots');
  const unowned = gauge('slots_unowned', 'Slots of which no node is known to have them');
  for (const { pool, ageMs, refreshes, errors: useless, slotsUnowned } of clusters) {
    add(asked, { pool }, refreshes);
    add(errors, { pool }, useless);
    if (ageMs !== null) add(age, { pool }, ageMs / 1000);
    add(unowned, { pool }, slotsUnowned);
  }
}
