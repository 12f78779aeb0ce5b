import type { KeySpec } from './key-spec.ts';

const SINCE = 'ringway 0.1';

/** Keys that say which clients are let in, and what they may do. */
export const ACCESS_KEYS: readonly KeySpec[] = [
  {
    name: 'allow_clients',
    type: 'addresses',
    default: null,
    since: SINCE,
    doc:
      'Addresses and networks, separated by commas: other clients are closed, unread. ' +
      'Clients of unix sockets have no address and are let in.',
  },
  {
    name: 'deny_clients',
    type: 'addresses',
    default: null,
    since: SINCE,
    doc: 'As `allow_clients`: these are closed, also if they are allowed.',
  },
  {
    name: 'protected_mode',
    type: 'bool',
    default: false,
    since: SINCE,
    doc:
      'Clients of other machines are told `-DENIED` and closed, unless the pool asks for a ' +
      'password or a certificate, or has `allow_clients`.',
  },
  {
    name: 'proxy_protocol',
    type: 'bool',
    default: false,
    since: SINCE,
    doc:
      'Connections begin with a header of the PROXY protocol (version 1 or 2), in which a load ' +
      'balancer says where the client comes from; others are closed.',
  },
  {
    name: 'read_only',
    type: 'bool',
    default: false,
    since: SINCE,
    doc:
      'Commands that may write are refused, and scripts but for EVAL_RO and its kin. ' +
      'Redis pools only.',
  },
  {
    name: 'allow_monitor',
    type: 'bool',
    default: false,
    since: SINCE,
    doc:
      '`MONITOR` is allowed: who uses it sees all commands that the servers carry out, with keys ' +
      'and values. Redis pools only.',
  },
  {
    name: 'deny_commands',
    type: 'command-names',
    default: null,
    since: SINCE,
    doc:
      'Commands that are refused, separated by commas; of a subcommand both names, with a bar ' +
      'between them. Redis pools only.',
  },
];
