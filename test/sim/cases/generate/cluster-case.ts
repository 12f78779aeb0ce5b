import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Action, Case, ClientPlan, PoolKeys } from '../case.ts';
import { clusterPlan } from './fault-plan.ts';

/** One seed in so many has a cluster: none of those with sentinels. */
export const CLUSTERED = 8;
export const CLUSTERED_REST = 7;

/** What a cluster decides by itself. */
const NOT_OF_CLUSTERS = [
  ...['hash', 'distribution', 'retry_reads', 'max_backend_connections', 'subscribe_to'],
];

/** A cluster has one database. */
function inOneDatabase(plan: ClientPlan): ClientPlan {
  const isSelect = (action: Action): boolean => {
    return action.do === 'send' && action.ops.some(({ op }) => op === 'select');
  };
  return { ...plan, actions: plan.actions.filter((action) => !isSelect(action)) };
}

/** @param given as it would be without a cluster @returns the same before one */
export function inCluster(given: Case, spanMs: number): Case {
  const random = new Random(seedOf(given.seed, 'cluster'));
  const masters = random.pick([2, 3, 3]);
  const waits = random.pick([undefined, undefined, undefined, 1_000, 20_000]);
  const pools = given.pools.map((keys): PoolKeys => {
    const rest = Object.entries(keys).filter(([key]) => !NOT_OF_CLUSTERS.includes(key));
    const servers = 1 + random.below(masters);
    const more: PoolKeys = waits === undefined ? {} : { failover_wait: waits };
    return { ...Object.fromEntries(rest), ...more, servers };
  });
  const [first, second] = pools as [PoolKeys, PoolKeys];
  const replicas = masters === 2 ? random.below(2) + 1 : 1;
  return {
    ...given,
    servers: masters,
    cluster: { masters, replicas, nodeTimeoutMs: random.pick([1_000, 2_000]) },
    pools: [first, second],
    clients: given.clients.map(inOneDatabase),
    ...clusterPlan(random, spanMs),
  };
}
