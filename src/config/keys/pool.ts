import type { RingDistribution } from '../../distribution/names.ts';
import type { HashName } from '../../hash/names.ts';
import type { AttachedFiles } from '../attached-files.ts';
import type { Entry, PoolNode, Scalar } from '../file/document.ts';
import { compareBytes } from '../file/order.ts';
import type { Problems } from '../file/problems.ts';
import type { ClientTls, ServerTls } from '../tls-types.ts';
import type { ListenConfig, PoolConfig, Position, SentinelConfig, ServerConfig } from '../types.ts';
import { parseListen, parseSentinel, parseServer } from './address.ts';
import { parseAddresses } from './addresses.ts';
import { checkCluster } from './cluster.ts';
import { parseCommandNames } from './command-names.ts';
import { type CustomCommand, parseCustomCommands } from './custom-commands.ts';
import type { KeySpec } from './key-spec.ts';
import { POOL_KEYS, REFUSED_KEYS } from './keys.ts';
import { type Logins, readLogins } from './logins.ts';
import { checkSentinels } from './sentinel-rules.ts';
import { nearest } from './suggest.ts';
import { readClientTls, readServerTls } from './tls.ts';
import { type Parsed, parseBool, parseNumber, parseTwoBytes, quote } from './values.ts';

/** `{}` */
const SLOT_TAG = [0x7b, 0x7d] as const;
const NO_NAMES: readonly string[] = Object.freeze([]);
const NO_COMMANDS: readonly CustomCommand[] = Object.freeze([]);
const SPECS: ReadonlyMap<string, KeySpec> = new Map(POOL_KEYS.map((spec) => [spec.name, spec]));

type Value =
  | Exclude<KeySpec['default'], null>
  | readonly [number, number]
  | ListenConfig
  | readonly CustomCommand[]
  | readonly string[];

interface PlacedServer {
  readonly server: Omit<ServerConfig, 'tls'>;
  readonly at: Position;
}

/** What has been read of one pool; `complete` when a PoolConfig can be made of it. */
export interface PoolDraft {
  readonly name: Scalar;
  readonly values: ReadonlyMap<string, Value>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly servers: readonly PlacedServer[];
  readonly sentinels: readonly SentinelConfig[];
  readonly logins: Logins;
  readonly serverTls: ServerTls | null;
  readonly clientTls: ClientTls | null;
}

function parseValue(spec: KeySpec, text: string): Parsed<Value> {
  switch (spec.type) {
    case 'number':
      return parseNumber(spec, text);
    case 'bool':
      return parseBool(text);
    case 'two-bytes':
      return parseTwoBytes(text);
    case 'commands':
      return parseCustomCommands(text);
    case 'address':
      return parseListen(text);
    case 'command-names':
      return parseCommandNames(text);
    case 'addresses':
      return parseAddresses(text);
    case 'name': {
      if (spec.choices!.includes(text)) return { value: text };
      const near = nearest(text, spec.choices!);
      const hint = near === null ? '' : ` (did you mean ${near}?)`;
      const choices = spec.choices!.join(', ');
      return { problem: `${quote(text)} is not known${hint}; expected one of ${choices}` };
    }
    default:
      return { value: text };
  }
}

function unknownKey(key: string): string {
  const refused = REFUSED_KEYS[key];
  if (refused !== undefined) return `the key is not supported, ${refused}`;
  const near = nearest(key, SPECS.keys());
  const hint = near === null ? '' : `did you mean ${near}? `;
  return `the key is unknown; ${hint}expected a key of the reference in docs/configuration.md`;
}

class PoolReader {
  readonly #problems: Problems;
  readonly #name: Scalar;
  readonly values = new Map<string, Value>();
  readonly positions = new Map<string, Position>();
  readonly servers: PlacedServer[] = [];
  readonly sentinels: SentinelConfig[] = [];

  constructor(name: Scalar, problems: Problems) {
    this.#problems = problems;
    this.#name = name;
  }

  #problem(at: Position, key: string, message: string): void {
    const path = key === '' ? this.#name.text : `${this.#name.text}.${key}`;
    this.#problems.add(at, path, message);
  }

  entry(entry: Entry): void {
    const key = entry.key.text;
    const spec = Object.hasOwn(REFUSED_KEYS, key) ? undefined : SPECS.get(key);
    if (spec === undefined) {
      this.#problem(entry.key.at, key, unknownKey(key));
      return;
    }
    const before = this.positions.get(key);
    if (before !== undefined && spec.type !== 'servers') {
      this.#duplicate(entry.key.at, key, before);
      return;
    }
    this.positions.set(key, entry.key.at);
    for (const value of entry.values) {
      if (spec.type === 'servers') this.#server(value);
      else if (spec.type === 'sentinels') this.#sentinel(value);
      else if (value !== entry.values[0]) this.#duplicate(value.at, key, entry.values[0]!.at);
      else this.#value(spec, value);
    }
  }

  #duplicate(at: Position, key: string, before: Position): void {
    this.#problem(
      at,
      key,
      `the value is given twice; expected only the one in line ${before.line}`,
    );
  }

  #value(spec: KeySpec, scalar: Scalar): void {
    const parsed = parseValue(spec, scalar.text);
    if ('problem' in parsed) this.#problem(scalar.at, spec.name, parsed.problem);
    else this.values.set(spec.name, parsed.value);
  }

  #server(scalar: Scalar): void {
    const parsed = parseServer(scalar.text, scalar.at.line);
    if ('problem' in parsed) this.#problem(scalar.at, 'servers', parsed.problem);
    else {
      const server = { ...parsed.value, column: scalar.at.column };
      this.servers.push({ server, at: scalar.at });
    }
  }

  #sentinel(scalar: Scalar): void {
    const parsed = parseSentinel(scalar.text);
    if ('problem' in parsed) this.#problem(scalar.at, 'sentinels', parsed.problem);
    else this.sentinels.push(Object.freeze(parsed.value));
  }

  /** nutcracker wants exactly one list in a pool, whichever key holds it; sentinels are another. */
  lists(entries: readonly Entry[]): void {
    const lists = entries.filter(({ list, key }) => list && key.text !== 'sentinels');
    const sentinels = entries.find(({ key }) => key.text === 'sentinels');
    if (sentinels?.list === false) {
      const message = 'there is no list; expected a "- host:port" line for each sentinel';
      this.#problem(sentinels.key.at, 'sentinels', message);
    }
    for (const entry of lists.slice(1)) {
      const first = `the one in line ${lists[0]!.key.at.line}`;
      const message = `the pool has a second list; expected only ${first}`;
      this.#problem(entry.key.at, entry.key.text, message);
    }
    const servers = this.positions.get('servers');
    if (servers === undefined) {
      this.#problem(this.#name.at, 'servers', 'the key is missing; expected a list of servers');
    } else if (lists.length === 0) {
      this.#problem(
        servers,
        'servers',
        'there is no list; expected a "- server" line for each one',
      );
    }
  }

  rules(): void {
    if (!this.positions.has('listen')) {
      this.#problem(this.#name.at, 'listen', 'the key is missing; expected "host:port" or "/path"');
    }
    if (this.values.get('redis') === true) this.#memcacheOnly();
    else if (this.values.has('redis') || !this.positions.has('redis')) this.#redisOnly();
    const report = (at: Position, key: string, message: string): void => {
      this.#problem(at, key, message);
    };
    checkSentinels(this, report);
    checkCluster(this, report);
    const seen = new Map<string, PlacedServer>();
    for (const placed of this.servers) {
      const { ringName } = placed.server;
      const twin = seen.get(ringName);
      if (twin === undefined) {
        seen.set(ringName, placed);
        continue;
      }
      const name = quote(placed.server.name);
      const taken = `the ring name ${name} is taken by line ${twin.at.line}`;
      this.#problem(placed.at, 'servers', `${taken}; expected another name`);
    }
  }

  #redisOnly(): void {
    for (const key of ['read_only', 'deny_commands']) {
      const at = this.positions.get(key);
      const message = 'only Redis pools have it; expected "redis: true" as well';
      if (at !== undefined) this.#problem(at, key, message);
    }
  }

  #memcacheOnly(): void {
    for (const key of ['flush_all', 'multiget_failure']) {
      const at = this.positions.get(key);
      const message = 'only memcached pools have it; expected a pool without "redis: true"';
      if (at !== undefined) this.#problem(at, key, message);
    }
  }
}

/** Reads one pool and reports what is wrong in it. */
export function readPool(node: PoolNode, files: AttachedFiles, problems: Problems): PoolDraft {
  const reader = new PoolReader(node.name, problems);
  for (const entry of node.entries) reader.entry(entry);
  reader.lists(node.entries);
  reader.rules();
  const { values, positions, servers, sentinels } = reader;
  const source = { pool: node.name.text, values, positions, files, problems };
  const logins = readLogins(source);
  const serverTls = readServerTls(source);
  const clientTls = readClientTls(source, (key) => SPECS.get(key)?.default);
  return { name: node.name, values, positions, servers, sentinels, logins, serverTls, clientTls };
}

/** A draft without problems as the frozen configuration of a pool. */
export function finishPool(draft: PoolDraft): PoolConfig {
  const value = <T>(key: string) => (draft.values.get(key) ?? SPECS.get(key)!.default) as T;
  const number = (key: string) => value<number | null>(key) ?? 0;
  const cluster = value<boolean>('cluster');
  const lines = draft.servers.map(({ server }) =>
    Object.freeze({ ...server, tls: draft.serverTls }),
  );
  lines.sort((a, b) => compareBytes(a.ringName, b.ringName));
  const hashTag = cluster ? SLOT_TAG : value<readonly [number, number] | null>('hash_tag');
  const followsMaster = cluster || draft.sentinels.length > 0;
  return Object.freeze({
    name: draft.name.text,
    listen: Object.freeze(value<ListenConfig>('listen')),
    tlsListen: Object.freeze(value<ListenConfig | null>('tls_listen')),
    tls: draft.clientTls,
    servers: Object.freeze(cluster ? [] : lines),
    cluster,
    seeds: Object.freeze(cluster ? lines : []),
    hash: cluster ? 'crc16' : value<HashName>('hash'),
    distribution: cluster ? 'slots' : value<RingDistribution>('distribution'),
    hashTag: hashTag === null ? null : Object.freeze(hashTag),
    timeoutMs: number('timeout'),
    backlog: number('backlog'),
    clientConnections: number('client_connections'),
    redis: value<boolean>('redis'),
    tcpKeepalive: value<boolean>('tcpkeepalive'),
    ...draft.logins,
    allowClients: value<readonly string[] | null>('allow_clients'),
    denyClients: value<readonly string[] | null>('deny_clients'),
    protectedMode: value<boolean>('protected_mode'),
    readOnly: value<boolean>('read_only'),
    denyCommands: value<readonly string[] | null>('deny_commands') ?? NO_NAMES,
    redisDb: number('redis_db'),
    preconnect: value<boolean>('preconnect'),
    autoEjectHosts: value<boolean>('auto_eject_hosts'),
    serverConnections: number('server_connections'),
    serverRetryTimeoutMs: number('server_retry_timeout'),
    serverFailureLimit: number('server_failure_limit'),
    maxAssembledRequest: number('max_assembled_request'),
    clientOutputLimit: number('client_output_limit'),
    clientInputLimit: number('client_input_limit'),
    bulkConnections: number('bulk_connections'),
    maxBackendConnections: number('max_backend_connections'),
    maxLeasedConnections: number('max_leased_connections'),
    leaseWaitMs: number('lease_wait'),
    leaseIdleMs: number('lease_idle'),
    maxTransaction: number('max_transaction'),
    watchTimeoutMs: number('watch_timeout'),
    perKeyFailure: value<string>('partial_failure') === 'per-key',
    allowFlush: value<boolean>('allow_flush'),
    askUnknownCommands: value<string>('unknown_commands') === 'ask',
    customCommands: value<readonly CustomCommand[] | null>('custom_commands') ?? NO_COMMANDS,
    maxPipeline: number('max_pipeline'),
    flushAll: value<boolean>('flush_all'),
    joinGets: value<boolean>('join_gets'),
    multigetFailure: value<'hits' | 'error'>('multiget_failure'),
    slowlogMs: number('slowlog_ms'),
    slowlogLength: number('slowlog_length'),
    slowlogRedact: value<boolean>('slowlog_redact'),
    serverOutputLimit: number('server_output_limit'),
    connectTimeoutMs: number('connect_timeout'),
    clientIdleTimeoutMs: number('client_idle_timeout'),
    requestReadTimeoutMs: number('request_read_timeout'),
    clientWriteTimeoutMs: number('client_write_timeout'),
    loginTimeoutMs: number('login_timeout'),
    maxAuthFailures: number('max_auth_failures'),
    retryReads: followsMaster ? 0 : number('retry_reads'),
    serverProbe: value<boolean>('server_probe'),
    breakerFailures: number('breaker_failures'),
    breakerMaxWaitMs: number('breaker_max_wait'),
    subscribeToAll: value<string>('subscribe_to') === 'all',
    pubsubLoss: value<'disconnect' | 'resubscribe'>('pubsub_loss'),
    maxSubscriptions: number('max_subscriptions'),
    maxArguments: number('max_arguments'),
    maxBulk: number('max_bulk'),
    maxInline: number('max_inline'),
    maxScript: number('max_script'),
    sentinels: Object.freeze([...draft.sentinels]),
    followsMaster,
    sentinelTls: value<boolean>('sentinel_tls'),
    sentinelPrefix: value<string>('sentinel_prefix'),
    failoverWaitMs: followsMaster ? number('failover_wait') : 0,
    position: draft.name.at,
    keyPositions: Object.freeze(Object.fromEntries(draft.positions)),
  });
}
