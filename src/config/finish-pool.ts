import type { CustomCommand } from './keys/custom-commands.ts';
import { POOL_KEYS } from './keys/keys.ts';
import { serversAndRing } from './keys/masters/servers-and-ring.ts';
import type { PoolDraft } from './keys/pool.ts';
import type { ListenConfig, PoolConfig, ReadFrom, SentinelConfig } from './types.ts';

const NO_NAMES: readonly string[] = Object.freeze([]);
const NO_DOORS: readonly SentinelConfig[] = Object.freeze([]);
const NO_COMMANDS: readonly CustomCommand[] = Object.freeze([]);
const DEFAULTS: ReadonlyMap<string, number | boolean | string | null> = new Map(
  POOL_KEYS.map((spec) => [spec.name, spec.default]),
);

/** The value of a key, or what it is without the file. */
class Values {
  readonly #draft: PoolDraft;

  constructor(draft: PoolDraft) {
    this.#draft = draft;
  }

  of<T>(key: string): T {
    return (this.#draft.values.get(key) ?? DEFAULTS.get(key)) as T;
  }

  number(key: string): number {
    return this.of<number | null>(key) ?? 0;
  }

  frozen<T extends readonly number[] | ListenConfig>(key: string): Readonly<T> | null {
    const value = this.of<T | null>(key);
    return value === null ? null : Object.freeze(value);
  }
}

/** A draft without problems as the frozen configuration of a pool. */
export function finishPool(draft: PoolDraft): PoolConfig {
  const values = new Values(draft);
  return Object.freeze({
    name: draft.name.text,
    ...doors(draft, values),
    ...serversAndRing(draft.servers, draft.serverTls, values),
    ...behaviour(values),
    ...limits(values),
    ...times(values),
    ...availability(draft, values),
    position: draft.name.at,
    keyPositions: Object.freeze(Object.fromEntries(draft.positions)),
  });
}

function loginRequired({ users, logins }: PoolDraft, values: Values): boolean {
  if (values.of<string>('logins') === 'server') return true;
  return users === null ? logins.clientAuth !== null : !users.default.isOpen;
}

/** Where clients come in, and which do. */
function doors(draft: PoolDraft, values: Values) {
  return {
    listen: Object.freeze(values.of<ListenConfig>('listen')),
    tlsListen: values.frozen<ListenConfig>('tls_listen'),
    tls: draft.clientTls,
    backlog: values.number('backlog'),
    tcpKeepalive: values.of<boolean>('tcpkeepalive'),
    ...draft.logins,
    users: draft.users,
    loginsAtServer: values.of<string>('logins') === 'server',
    loginRequired: loginRequired(draft, values),
    allowClients: values.of<readonly string[] | null>('allow_clients'),
    denyClients: values.of<readonly string[] | null>('deny_clients'),
    protectedMode: values.of<boolean>('protected_mode'),
    proxyProtocol: values.of<boolean>('proxy_protocol'),
    tlsUserFromCert: values.of<string>('tls_user_from_cert') === 'cn',
    readOnly: values.of<boolean>('read_only'),
    allowMonitor: values.of<boolean>('allow_monitor'),
    allowConfigSet: values.of<readonly string[] | null>('allow_config_set') ?? NO_NAMES,
    denyCommands: values.of<readonly string[] | null>('deny_commands') ?? NO_NAMES,
    renameCommands: draft.renamed,
    ...rates(values),
    ...audit(values),
    maxAuthFailures: values.number('max_auth_failures'),
  };
}

/** How much clients may ask for. */
function rates(values: Values) {
  return {
    clientRequestsPerSecond: values.number('client_requests_per_second'),
    clientBytesPerSecond: values.number('client_bytes_per_second'),
    userRequestsPerSecond: values.number('user_requests_per_second'),
    userBytesPerSecond: values.number('user_bytes_per_second'),
    rateAction: values.of<'wait' | 'error'>('rate_action'),
  };
}

/** What is written down of requests. */
function audit(values: Values) {
  return {
    auditLog: values.of<string | null>('audit_log'),
    auditSample: values.number('audit_sample'),
    auditSize: values.number('audit_size'),
    auditFiles: values.number('audit_files'),
  };
}

/** What is done with requests and replies. */
function behaviour(values: Values) {
  return {
    redis: values.of<boolean>('redis'),
    redisDb: values.number('redis_db'),
    preconnect: values.of<boolean>('preconnect'),
    perKeyFailure: values.of<string>('partial_failure') === 'per-key',
    allowFlush: values.of<boolean>('allow_flush'),
    askUnknownCommands: values.of<string>('unknown_commands') === 'ask',
    customCommands: values.of<readonly CustomCommand[] | null>('custom_commands') ?? NO_COMMANDS,
    flushAll: values.of<boolean>('flush_all'),
    joinGets: values.of<boolean>('join_gets'),
    multigetFailure: values.of<'hits' | 'error'>('multiget_failure'),
    slowlogMs: values.number('slowlog_ms'),
    slowlogRedact: values.of<boolean>('slowlog_redact'),
    subscribeToAll: values.of<string>('subscribe_to') === 'all',
    ownHubs: values.of<string>('pubsub') === 'own',
    pubsubLoss: values.of<'disconnect' | 'resubscribe'>('pubsub_loss'),
  };
}

/** How much, and how many. */
function limits(values: Values) {
  return {
    clientConnections: values.number('client_connections'),
    serverConnections: values.number('server_connections'),
    bulkConnections: values.number('bulk_connections'),
    maxBackendConnections: values.number('max_backend_connections'),
    maxLeasedConnections: values.number('max_leased_connections'),
    maxAssembledRequest: values.number('max_assembled_request'),
    clientOutputLimit: values.number('client_output_limit'),
    clientInputLimit: values.number('client_input_limit'),
    serverOutputLimit: values.number('server_output_limit'),
    maxTransaction: values.number('max_transaction'),
    maxPipeline: values.number('max_pipeline'),
    slowlogLength: values.number('slowlog_length'),
    maxSubscriptions: values.number('max_subscriptions'),
    maxArguments: values.number('max_arguments'),
    maxBulk: values.number('max_bulk'),
    maxInline: values.number('max_inline'),
    maxScript: values.number('max_script'),
  };
}

/** How long, in milliseconds; 0 = without end. */
function times(values: Values) {
  return {
    timeoutMs: values.number('timeout'),
    leaseWaitMs: values.number('lease_wait'),
    leaseIdleMs: values.number('lease_idle'),
    watchTimeoutMs: values.number('watch_timeout'),
    connectTimeoutMs: values.number('connect_timeout'),
    clientIdleTimeoutMs: values.number('client_idle_timeout'),
    requestReadTimeoutMs: values.number('request_read_timeout'),
    clientWriteTimeoutMs: values.number('client_write_timeout'),
    loginTimeoutMs: values.number('login_timeout'),
  };
}

/** What is done about servers that fail. */
function availability(draft: PoolDraft, values: Values) {
  const isCluster = values.of<boolean>('cluster');
  const followsMaster = isCluster || draft.sentinels.length + draft.replicas.length > 0;
  return {
    autoEjectHosts: values.of<boolean>('auto_eject_hosts'),
    serverRetryTimeoutMs: values.number('server_retry_timeout'),
    serverFailureLimit: values.number('server_failure_limit'),
    retryReads: followsMaster ? 0 : values.number('retry_reads'),
    serverProbe: values.of<boolean>('server_probe'),
    breakerFailures: values.number('breaker_failures'),
    breakerMaxWaitMs: values.number('breaker_max_wait'),
    sentinels: Object.freeze([...draft.sentinels]),
    replicas: Object.freeze(draft.replicas.map(({ replica }) => replica)),
    promote: values.of<boolean>('promote'),
    witnesses: Object.freeze([...draft.witnesses]),
    downAfterMs: values.number('down_after'),
    promoteUnfenced: values.of<boolean>('promote_unfenced'),
    readFrom: values.of<ReadFrom>('read_from'),
    maxReplicaLag: values.number('max_replica_lag'),
    readAfterWriteMs: values.number('read_after_write'),
    followsMaster,
    sentinelView: values.of<boolean>('sentinel_view'),
    announce: values.of<readonly SentinelConfig[] | null>('announce') ?? NO_DOORS,
    dnsIntervalMs: values.number('dns_interval'),
    dns: values.of<'system' | 'resolver'>('dns'),
    sentinelTls: values.of<boolean>('sentinel_tls'),
    sentinelPrefix: values.of<string>('sentinel_prefix'),
    failoverWaitMs: followsMaster ? values.number('failover_wait') : 0,
  };
}
