import type { KeySpec } from '../key-spec.ts';

/** How masters are followed. */
export const SENTINEL_KEYS: readonly KeySpec[] = [
  {
    name: 'sentinels',
    type: 'sentinels',
    default: null,
    since: 'ringway 0.1',
    doc:
      'A list of Redis Sentinels, `host:port` each; a weight behind it is ignored. The name of ' +
      'each server is then that of a master they watch, and its address where the master is ' +
      'until they have said so. Redis pools only, without `auto_eject_hosts`.',
  },
  {
    name: 'sentinel_auth',
    type: 'text',
    default: null,
    since: 'ringway 0.1',
    doc: 'What sentinels want to be told by AUTH: `password` or `user password`.',
  },
  {
    name: 'sentinel_auth_file',
    type: 'file',
    default: null,
    since: 'ringway 0.1',
    doc: 'As `sentinel_auth`: it is what the file holds, read again for each connection.',
  },
  {
    name: 'sentinel_auth_env',
    type: 'text',
    default: null,
    since: 'ringway 0.1',
    doc: 'As `sentinel_auth`: it is in this variable of the environment.',
  },
  {
    name: 'sentinel_tls',
    type: 'bool',
    default: false,
    since: 'ringway 0.1',
    doc: 'Speak TLS to the sentinels, as `server_tls` and its kin say.',
  },
  {
    name: 'sentinel_prefix',
    type: 'text',
    default: '',
    since: 'ringway 0.1',
    doc: 'What stands before the name of a server where sentinels know it.',
  },
  {
    name: 'failover_wait',
    type: 'number',
    default: 5000,
    range: [0, 60000],
    unit: 'ms',
    since: 'ringway 0.1',
    doc: 'How long requests that were not executed wait for a new master. 0: they fail at once.',
  },
];
