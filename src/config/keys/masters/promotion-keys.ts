import type { KeySpec } from '../key-spec.ts';

/** How masters are replaced without sentinels. */
export const PROMOTION_KEYS: readonly KeySpec[] = [
  {
    name: 'promote',
    type: 'bool',
    default: false,
    since: 'ringway 0.1',
    doc:
      'A replica (`replicas`) is promoted when most proxies say that its master is down. Wants ' +
      '`witnesses`, and masters with `min-replicas-to-write`: docs/high-availability.md says why.',
  },
  {
    name: 'witnesses',
    type: 'witnesses',
    default: null,
    since: 'ringway 0.1',
    doc:
      'A list of Redis servers of nothing else, `host:port` each, three or more: most of them ' +
      'decide which proxy promotes which replica. The same list for every proxy.',
  },
  {
    name: 'down_after',
    type: 'number',
    default: 5000,
    range: [1000, 600000],
    unit: 'ms',
    since: 'ringway 0.1',
    doc: 'With `promote`: so long a master must not have been seen until it is said to be down.',
  },
  {
    name: 'promote_unfenced',
    type: 'bool',
    default: false,
    since: 'ringway 0.1',
    doc:
      'Promote a replica also while the old master may go on acknowledging writes to whoever ' +
      'still reaches it: they are lost.',
  },
];
