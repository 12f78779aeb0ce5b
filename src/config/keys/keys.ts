import { DISTRIBUTION_NAMES } from '../../distribution/names.ts';
import { HASH_NAMES } from '../../hash/names.ts';
import {
  DEFAULT_CLIENT_INPUT_LIMIT,
  DEFAULT_CLIENT_OUTPUT_LIMIT,
  DEFAULT_MAX_ASSEMBLED_REQUEST,
  DEFAULT_MAX_PIPELINE,
  DEFAULT_MAX_SUBSCRIPTIONS,
  DEFAULT_MAX_TRANSACTION,
} from '../../limits.ts';
import { ACCESS_KEYS } from './access-keys.ts';
import { INT32_MAX, type KeySpec, MIB, own } from './key-spec.ts';
import { LOGIN_KEYS } from './logins.ts';
import { CLUSTER_KEYS } from './masters/cluster-keys.ts';
import { SENTINEL_KEYS } from './masters/sentinel-keys.ts';
import { SERVER_KEYS } from './masters/server-keys.ts';
import { TLS_KEYS } from './tls-keys.ts';
import { USER_KEYS } from './users.ts';

const ANY: readonly [number, number] = [0, INT32_MAX];

function number(name: string, value: number | null, doc: string): KeySpec {
  return { name, type: 'number', default: value, range: ANY, since: 'nutcracker', doc };
}

function bool(name: string, doc: string): KeySpec {
  return { name, type: 'bool', default: false, since: 'nutcracker', doc };
}

export const POOL_KEYS: readonly KeySpec[] = [
  {
    name: 'listen',
    type: 'address',
    default: null,
    required: true,
    since: 'nutcracker',
    doc: 'Where clients connect: `host:port`, or `/path` or `/path MODE` for a unix socket.',
  },
  {
    name: 'servers',
    type: 'servers',
    default: null,
    required: true,
    since: 'nutcracker',
    doc: 'The list of servers: `host:port:weight [name]` or `/path:weight [name]`.',
  },
  {
    name: 'hash',
    type: 'name',
    default: 'fnv1a_64',
    choices: HASH_NAMES,
    since: 'nutcracker',
    doc: 'The hash function of the keys.',
  },
  {
    name: 'distribution',
    type: 'name',
    default: 'ketama',
    choices: DISTRIBUTION_NAMES,
    since: 'nutcracker',
    doc: 'How a hash becomes a server.',
  },
  {
    name: 'hash_tag',
    type: 'two-bytes',
    default: null,
    since: 'nutcracker',
    doc: 'Two bytes, such as `"{}"`: only the part of a key between them is hashed.',
  },
  {
    ...number('timeout', null, 'How long to wait for a server. 0 or absent: for ever.'),
    unit: 'ms',
  },
  number('backlog', 512, 'The length of the queue of connections not yet accepted.'),
  number(
    'client_connections',
    null,
    'Clients of this pool at once; one more gets `-ERR max number of clients reached` ' +
      '(memcached: `ERROR Too many open connections`) and is closed. 0 or absent = unlimited. ' +
      '(nutcracker accepts the key and ignores it.)',
  ),
  bool('redis', 'The protocol of the pool: `true` Redis, `false` memcached.'),
  bool('tcpkeepalive', 'TCP keep-alive on the connections of clients.'),
  {
    name: 'redis_auth',
    only: 'redis',
    type: 'text',
    default: null,
    since: 'nutcracker',
    doc: 'The password sent to the servers, and asked of clients. Redis pools only.',
  },
  number('redis_db', 0, 'The database selected on the servers. Ignored in memcached pools.'),
  bool('preconnect', 'Connect to every server at start.'),
  bool('auto_eject_hosts', 'Take a failing server out of the ring for a while.'),
  {
    ...number('server_connections', 1, 'Connections to each server.'),
    range: [1, INT32_MAX],
  },
  {
    ...number('server_retry_timeout', 30000, 'How long an ejected server stays out.'),
    unit: 'ms',
  },
  number('server_failure_limit', 2, 'Failures in a row that eject a server. 0 acts like 1.'),
  {
    ...own(
      'max_assembled_request',
      DEFAULT_MAX_ASSEMBLED_REQUEST,
      [65536, 512 * MIB],
      'The largest request that is assembled in memory; larger bodies are streamed.',
    ),
    unit: 'bytes',
  },
  {
    ...own(
      'client_output_limit',
      DEFAULT_CLIENT_OUTPUT_LIMIT,
      [65536, INT32_MAX],
      'Reply bytes buffered for one client before ringway stops reading its requests.',
    ),
    unit: 'bytes',
  },
  {
    ...own(
      'client_input_limit',
      DEFAULT_CLIENT_INPUT_LIMIT,
      [0, INT32_MAX],
      'Request bytes that are taken in of a client that does not read its replies. 0: none.',
    ),
    unit: 'bytes',
  },
  {
    ...own(
      'slowlog_ms',
      0,
      [0, 60000],
      'Requests that take this long go into the slow log (`SLOWLOG GET`). 0 or absent: none.',
    ),
    unit: 'ms',
  },
  own('slowlog_length', 128, [1, 10000], 'Entries that the slow log keeps.'),
  {
    ...bool('slowlog_redact', 'Keep keys out of the slow log.'),
    since: 'ringway 0.1',
  },
  {
    ...own(
      'max_transaction',
      DEFAULT_MAX_TRANSACTION,
      [1024, 512 * MIB],
      'The requests between MULTI and EXEC, in all.',
    ),
    unit: 'bytes',
  },
  {
    ...own(
      'watch_timeout',
      60000,
      [1, INT32_MAX],
      'How long keys are watched for a client (WATCH); then its EXEC answers nil.',
    ),
    unit: 'ms',
  },
  {
    name: 'partial_failure',
    type: 'name',
    default: 'error',
    choices: ['error', 'per-key'],
    since: 'ringway 0.1',
    doc:
      'When some servers of an MGET fail: `error` answers with the first error, `per-key` puts ' +
      'each error in the place of its values.',
  },
  {
    ...bool('allow_flush', 'FLUSHDB and FLUSHALL empty all servers; otherwise they are refused.'),
    since: 'ringway 0.1',
  },
  {
    name: 'unknown_commands',
    type: 'name',
    default: 'refuse',
    choices: ['refuse', 'ask'],
    since: 'ringway 0.1',
    doc:
      'Commands that ringway does not know: `refuse` answers as Redis does, `ask` asks a server ' +
      'where their keys are and sends them on.',
  },
  {
    name: 'custom_commands',
    type: 'commands',
    default: null,
    since: 'ringway 0.1',
    doc:
      'Further commands, separated by commas: `NAME FIRST [LAST [STEP]]` with the words that are ' +
      'keys, as COMMAND INFO counts them; `NAME numkeys WORD`; or `NAME none`.',
  },
  own('max_pipeline', DEFAULT_MAX_PIPELINE, [1, 1048576], 'Unanswered requests of one client.'),
  {
    ...bool('flush_all', 'Send `flush_all` to every server. memcached pools only.'),
    only: 'memcached',
    since: 'ringway 0.1',
  },
  {
    ...bool(
      'join_gets',
      'Gets for one server that arrive together, of any clients, are sent to it as one line, ' +
        'which it answers with one write. memcached pools only.',
    ),
    default: true,
    since: 'ringway 0.1',
  },
  {
    name: 'multiget_failure',
    only: 'memcached',
    type: 'name',
    default: 'hits',
    choices: ['hits', 'error'],
    since: 'ringway 0.1',
    doc:
      'A get with several keys of which a server fails: the hits of the other servers and then ' +
      'the error line, or the error line alone. memcached pools only.',
  },
  {
    ...own(
      'client_idle_timeout',
      0,
      [0, INT32_MAX],
      'A client that asks for nothing this long is closed. 0: never.',
    ),
    unit: 'ms',
  },
  {
    ...own(
      'request_read_timeout',
      60000,
      [0, INT32_MAX],
      'A request that is begun and gets no byte this long closes its client. 0: never.',
    ),
    unit: 'ms',
  },
  {
    ...own(
      'client_write_timeout',
      60000,
      [0, INT32_MAX],
      'A client that takes no byte of its replies this long is closed. 0: never.',
    ),
    unit: 'ms',
  },
  {
    ...own(
      'login_timeout',
      0,
      [0, INT32_MAX],
      'A client that has not logged in by then (`redis_auth`) is closed; 10000 is recommended. ' +
        '0: never. Redis pools only.',
    ),
    unit: 'ms',
    only: 'redis',
  },
  {
    ...own(
      'max_auth_failures',
      0,
      [0, INT32_MAX],
      'A client that has given so many wrong passwords since it logged in last is told, and ' +
        'closed; 10 is recommended. 0: never. Redis pools only.',
    ),
    only: 'redis',
  },
  {
    name: 'subscribe_to',
    type: 'name',
    default: 'all',
    choices: ['all', 'owner'],
    since: 'ringway 0.1',
    doc:
      'Where a channel is subscribed to: on `all` servers, or on its `owner` alone, the server ' +
      'that `PUBLISH` goes to.',
  },
  {
    name: 'pubsub',
    type: 'name',
    default: 'shared',
    choices: ['shared', 'own'],
    since: 'ringway 0.1',
    doc:
      'Over which connections clients hear messages: `shared`, one to each server for all ' +
      'clients of a process, or each client its `own`, so that servers count subscribers as they ' +
      'are. Those are among `max_leased_connections`.',
  },
  {
    name: 'pubsub_loss',
    type: 'name',
    default: 'disconnect',
    choices: ['disconnect', 'resubscribe'],
    since: 'ringway 0.1',
    doc:
      'When the connection that messages come over is lost: `disconnect` closes the clients that ' +
      'may miss some, `resubscribe` leaves them a gap that they do not hear of.',
  },
  own(
    'max_subscriptions',
    DEFAULT_MAX_SUBSCRIPTIONS,
    [1, 1048576],
    'Channels, patterns and shard channels that one client may have subscribed to.',
  ),
  own('max_arguments', 1048576, [1, 1048576], 'Words of one request.'),
  {
    ...own('max_bulk', 512 * MIB, [1024, 512 * MIB], 'The largest word of a request.'),
    unit: 'bytes',
  },
  {
    ...own('max_inline', 65536, [64, 65536], 'The longest inline request.'),
    unit: 'bytes',
  },
  {
    ...own(
      'max_script',
      MIB,
      [1024, 512 * MIB],
      'The longest script of EVAL, SCRIPT LOAD and FUNCTION LOAD, as far as ' +
        '`max_assembled_request` lets it through.',
    ),
    unit: 'bytes',
  },
  own(
    'max_reply_depth',
    32,
    [1, 32],
    'Accepted without effect: replies of any depth are passed on. It once bounded them.',
  ),
  ...[...SERVER_KEYS, ...SENTINEL_KEYS, ...CLUSTER_KEYS],
  ...LOGIN_KEYS,
  ...ACCESS_KEYS,
  ...USER_KEYS,
  ...TLS_KEYS,
];

/** Keys of nutcracker's development branch, which no release has, and ringway's for the same. */
export const MEANT: Readonly<Record<string, string>> = { command: 'custom_commands' };

/** Keys other versions know and this one refuses, with what to say about them. */
export const REFUSED_KEYS: Readonly<Record<string, string>> = {
  reuseport: 'nutcracker 0.5.0 refuses it too; expected a pool without it',
};
