import type { KeySpec } from '../key-spec.ts';
import { PROMOTION_KEYS } from './promotion-keys.ts';

/** How masters and names are followed, and replicas read. */
export const SENTINEL_KEYS: readonly KeySpec[] = [
  {
    name: 'sentinel_view',
    only: 'redis',
    type: 'bool',
    default: false,
    since: 'ringway 0.1',
    doc:
      'Answer SENTINEL, so that clients which look for their master by sentinels find ringway as ' +
      'the master of every name. Redis pools only.',
  },
  {
    name: 'announce',
    only: 'redis',
    type: 'doors',
    default: null,
    since: 'ringway 0.1',
    doc:
      'Where clients reach this pool, `host:port`, and behind it where they reach the same pool ' +
      'of other proxies, separated by commas. Absent: where the client has connected to.',
  },
  {
    name: 'dns_interval',
    type: 'number',
    default: 0,
    range: [0, 3600000],
    unit: 'ms',
    since: 'ringway 0.1',
    doc:
      'Names of servers, replicas and sentinels are looked up so often, and a server whose name ' +
      'leads elsewhere is followed. 0: each connection looks its name up.',
  },
  {
    name: 'dns',
    type: 'name',
    default: 'system',
    choices: ['system', 'resolver'],
    since: 'ringway 0.1',
    doc:
      'How names are looked up: `system` as all programs do it (/etc/hosts, nsswitch), ' +
      '`resolver` by asking name servers, and again when the TTL of the answer is over.',
  },
  {
    name: 'discover_members',
    type: 'name',
    default: 'off',
    choices: ['off', 'follow'],
    since: 'ringway 0.1',
    doc:
      'What `srv:NAME` or `srv:NAME:WEIGHT` in `servers` stands for: with `follow` the servers ' +
      'that SRV records list, each as if it stood there by itself. When others are listed the ' +
      'ring changes, and keys move; it is never less than half of the largest of the last 10 ' +
      'minutes, unless an operator accepts that. Without `cluster`, `sentinels` and `replicas`.',
  },
  {
    name: 'replicas',
    type: 'replicas',
    default: null,
    since: 'ringway 0.1',
    doc:
      'A list of replicas, `host:port name` each, with the name of their server; `srv:NAME name` ' +
      'stands for those that SRV records list. A replica that ' +
      'somebody promotes is followed without sentinels, and replicas can be read (`read_from`).',
  },
  ...PROMOTION_KEYS,
  {
    name: 'read_from',
    type: 'name',
    default: 'master',
    choices: ['master', 'prefer-replica', 'replica', 'any', 'nearest'],
    since: 'ringway 0.1',
    doc:
      'Where commands that only read go: `prefer-replica` to replicas, or the master while none ' +
      'is fit; `replica` to replicas only; `any` to all; `nearest` to whichever answers fastest.',
  },
  {
    name: 'max_replica_lag',
    type: 'number',
    default: 10 * 1024 * 1024,
    range: [0, 0x7fffffff],
    unit: 'bytes',
    since: 'ringway 0.1',
    doc: 'How far behind its master a replica may be to be read.',
  },
  {
    name: 'read_after_write',
    type: 'number',
    default: 100,
    range: [0, 60000],
    unit: 'ms',
    since: 'ringway 0.1',
    doc: 'So long after a write of a client what that client reads comes from the master.',
  },
  {
    name: 'sentinels',
    type: 'sentinels',
    default: null,
    since: 'ringway 0.1',
    doc:
      'A list of Redis Sentinels, `host:port` each; a weight behind it is ignored. ' +
      '`srv:NAME` stands for those that SRV records list. The name of ' +
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
