import type { KeySpec } from '../key-spec.ts';

/** How a Redis Cluster is followed. */
export const CLUSTER_KEYS: readonly KeySpec[] = [
  {
    name: 'cluster',
    type: 'bool',
    default: false,
    since: 'ringway 0.1',
    doc:
      'The servers are nodes of one Redis Cluster: `servers` names some of them, the others and ' +
      'who has which slots are learned from them. Redis pools only, without `hash`, ' +
      '`distribution`, `redis_db`, `auto_eject_hosts` and `sentinels`.',
  },
  {
    name: 'cluster_view',
    type: 'name',
    default: 'auto',
    choices: ['auto', 'on', 'off'],
    since: 'ringway 0.1',
    doc:
      'Whether clients that ask by CLUSTER see a cluster, of which the proxy is the only node. ' +
      '`auto`: in pools with `cluster: true`. Redis pools only.',
  },
];
