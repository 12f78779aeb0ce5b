import {
  DEFAULT_BULK_CONNECTIONS,
  DEFAULT_MAX_BACKEND_CONNECTIONS,
  DEFAULT_MAX_LEASED_CONNECTIONS,
} from '../../../limits.ts';
import { INT32_MAX, type KeySpec, MIB, own } from '../key-spec.ts';

/** Connections to servers, and what is done about servers that fail. */
export const SERVER_KEYS: readonly KeySpec[] = [
  own(
    'bulk_connections',
    DEFAULT_BULK_CONNECTIONS,
    [1, 1024],
    'Extra connections to each server for bodies beyond `max_assembled_request`.',
  ),
  own(
    'max_backend_connections',
    DEFAULT_MAX_BACKEND_CONNECTIONS,
    [1, 1048576],
    'Connections to the servers in all: servers, databases and RESP versions that clients use, ' +
      '`server_connections` each. The idle one used longest ago is closed to make room.',
  ),
  own(
    'max_leased_connections',
    DEFAULT_MAX_LEASED_CONNECTIONS,
    [1, 1048576],
    'Connections to the servers that serve one client each, for a while, besides ' +
      '`max_backend_connections`. Redis pools only.',
  ),
  {
    ...own(
      'lease_wait',
      1000,
      [1, INT32_MAX],
      'How long a request may wait for such a connection.',
    ),
    unit: 'ms',
  },
  {
    ...own('lease_idle', 30000, [1, INT32_MAX], 'How long an unused one of them stays open.'),
    unit: 'ms',
  },
  {
    ...own(
      'server_output_limit',
      4 * MIB,
      [65536, INT32_MAX],
      'Bytes queued to one server connection before the clients that feed it wait.',
    ),
    unit: 'bytes',
  },
  {
    ...own('connect_timeout', 0, [0, INT32_MAX], 'How long a connection may take. 0: `timeout`.'),
    unit: 'ms',
  },
  own(
    'retry_reads',
    0,
    [0, 10],
    'Times that a read is sent again when its server fails before it begins to answer. Without ' +
      'effect with `sentinels`: reads are sent again there.',
  ),
  {
    name: 'server_probe',
    type: 'bool',
    default: false,
    doc: 'Ask an ejected server with a PING before it returns to the ring.',
    since: 'ringway 0.1',
  },
  own(
    'breaker_failures',
    10,
    [0, INT32_MAX],
    'Failures in a row after which requests to a server fail at once for a while. 0: never. ' +
      'Without effect with `auto_eject_hosts`.',
  ),
  {
    ...own('breaker_max_wait', 1000, [1, INT32_MAX], 'The longest such while; the first is 50 ms.'),
    unit: 'ms',
  },
];
