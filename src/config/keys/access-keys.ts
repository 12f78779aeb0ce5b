import { INT32_MAX, type KeySpec } from './key-spec.ts';

const SINCE = 'ringway 0.1';

function rate(name: string, doc: string): KeySpec {
  return { name, type: 'number', default: 0, range: [0, INT32_MAX], since: SINCE, doc };
}

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
    only: 'redis',
    type: 'bool',
    default: false,
    since: SINCE,
    doc:
      'Commands that may write are refused, and scripts but for EVAL_RO and its kin. ' +
      'Redis pools only.',
  },
  {
    name: 'allow_monitor',
    only: 'redis',
    type: 'bool',
    default: false,
    since: SINCE,
    doc:
      '`MONITOR` is allowed: who uses it sees all commands that the servers carry out, with keys ' +
      'and values. Redis pools only.',
  },
  {
    name: 'allow_config_set',
    only: 'redis',
    type: 'parameters',
    default: null,
    since: SINCE,
    doc:
      'Parameters that clients may set by `CONFIG SET` on all servers, separated by commas, such ' +
      'as `notify-keyspace-events`; others are refused. Redis pools only.',
  },
  {
    name: 'deny_commands',
    only: 'redis',
    type: 'command-names',
    default: null,
    since: SINCE,
    doc:
      'Commands that are refused, separated by commas; of a subcommand both names, with a bar ' +
      'between them. Redis pools only.',
  },
  {
    name: 'rename_commands',
    only: 'redis',
    type: 'renames',
    default: null,
    since: SINCE,
    doc:
      'A list of commands and other names, `FLUSHALL empty-it-all`: clients call them so, and by ' +
      'their own names no more. Redis pools only.',
  },
  rate(
    'client_requests_per_second',
    'So many requests a client may send in a second, those of one second at once. 0: any number.',
  ),
  rate('client_bytes_per_second', 'The same, of bytes of requests.'),
  rate(
    'user_requests_per_second',
    'As `client_requests_per_second`, for all clients of a user together; without users, for all ' +
      'of the pool. Each worker has its part.',
  ),
  rate('user_bytes_per_second', 'The same, of bytes of requests.'),
  {
    name: 'rate_action',
    only: 'redis',
    type: 'name',
    default: 'wait',
    choices: ['wait', 'error'],
    since: SINCE,
    doc:
      'What is beyond these rates: `wait` leaves it unread until there is room, `error` answers ' +
      '`-ERR rate limit reached`. Redis pools only; others wait.',
  },
  {
    name: 'audit_log',
    only: 'redis',
    type: 'text',
    default: null,
    since: SINCE,
    doc:
      'A file that is told who asks for what: lines of JSON with client, user, command, keys and ' +
      'verdict. Redis pools only.',
  },
  {
    name: 'audit_sample',
    only: 'redis',
    type: 'number',
    default: 1,
    range: [0, 1_000_000],
    since: SINCE,
    doc:
      'One request of so many is told there. 0: none but those that are refused, which all are ' +
      'told.',
  },
  {
    name: 'audit_size',
    only: 'redis',
    type: 'number',
    default: 64 * 1024 * 1024,
    range: [0, INT32_MAX],
    unit: 'bytes',
    since: SINCE,
    doc: 'When the file has so many, it is renamed, and a new one begun. 0: never.',
  },
  {
    name: 'audit_files',
    only: 'redis',
    type: 'number',
    default: 8,
    range: [0, 10_000],
    since: SINCE,
    doc: 'Earlier files that are kept; the oldest are deleted.',
  },
];
