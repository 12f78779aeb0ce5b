import type { Users } from '../../acl/users.ts';
import type { AttachedFiles } from '../attached-files.ts';
import type { Entry, PoolNode, Scalar } from '../file/document.ts';
import type { Problems } from '../file/problems.ts';
import type { ClientTls, ServerTls } from '../tls-types.ts';
import type { ListenConfig, PoolConfig, Position, SentinelConfig, ServerConfig } from '../types.ts';
import { parseListen, parseSentinel, parseServer } from './address.ts';
import { parseAddresses } from './addresses.ts';
import { parseCommandNames } from './command-names.ts';
import { type CustomCommand, parseCustomCommands } from './custom-commands.ts';
import type { KeySpec } from './key-spec.ts';
import { POOL_KEYS, REFUSED_KEYS } from './keys.ts';
import { type Logins, readLogins } from './logins.ts';
import { checkCluster } from './masters/cluster-rules.ts';
import { checkSentinels } from './masters/sentinel-rules.ts';
import { serversAndRing } from './masters/servers-and-ring.ts';
import { nearest } from './suggest.ts';
import { readClientTls, readServerTls } from './tls.ts';
import { readPoolUsers } from './users.ts';
import { type Parsed, parseBool, parseNumber, parseTwoBytes, quote } from './values.ts';

const NO_NAMES: readonly string[] = Object.freeze([]);
const NO_COMMANDS: readonly CustomCommand[] = Object.freeze([]);
/** Lists that are no servers, and what an item of each looks like. */
const OWN_LISTS: Readonly<Record<string, string>> = {
  sentinels: 'host:port',
  users: 'NAME RULES',
};
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
  readonly users: Users | null;
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
  readonly users: Scalar[] = [];

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
      else if (spec.type === 'users') this.users.push(value);
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

  /** nutcracker wants exactly one list in a pool, whichever key holds it; ringway's are others. */
  lists(entries: readonly Entry[]): void {
    const lists = entries.filter(({ list, key }) => list && !Object.hasOwn(OWN_LISTS, key.text));
    for (const { key, list } of entries) {
      const item = Object.hasOwn(OWN_LISTS, key.text) ? OWN_LISTS[key.text] : undefined;
      if (list || item === undefined) continue;
      this.#problem(key.at, key.text, `there is no list; expected a "- ${item}" line for each one`);
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
  const users = readPoolUsers(source, reader.users, logins.clientAuth);
  const serverTls = readServerTls(source);
  const clientTls = readClientTls(source, (key) => SPECS.get(key)?.default);
  const lists = { servers, sentinels, users };
  return { name: node.name, values, positions, ...lists, logins, serverTls, clientTls };
}

function hasPassword({ logins }: PoolDraft): boolean {
  return logins.clientAuth !== null;
}

/** The value of a key, or what it is without the file. */
class Values {
  readonly #draft: PoolDraft;

  constructor(draft: PoolDraft) {
    this.#draft = draft;
  }

  of<T>(key: string): T {
    return (this.#draft.values.get(key) ?? SPECS.get(key)!.default) as T;
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
    loginRequired: draft.users === null ? hasPassword(draft) : !draft.users.default.isOpen,
    allowClients: values.of<readonly string[] | null>('allow_clients'),
    denyClients: values.of<readonly string[] | null>('deny_clients'),
    protectedMode: values.of<boolean>('protected_mode'),
    readOnly: values.of<boolean>('read_only'),
    denyCommands: values.of<readonly string[] | null>('deny_commands') ?? NO_NAMES,
    maxAuthFailures: values.number('max_auth_failures'),
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
  const followsMaster = draft.sentinels.length > 0 || values.of<boolean>('cluster');
  return {
    autoEjectHosts: values.of<boolean>('auto_eject_hosts'),
    serverRetryTimeoutMs: values.number('server_retry_timeout'),
    serverFailureLimit: values.number('server_failure_limit'),
    retryReads: followsMaster ? 0 : values.number('retry_reads'),
    serverProbe: values.of<boolean>('server_probe'),
    breakerFailures: values.number('breaker_failures'),
    breakerMaxWaitMs: values.number('breaker_max_wait'),
    sentinels: Object.freeze([...draft.sentinels]),
    followsMaster,
    sentinelTls: values.of<boolean>('sentinel_tls'),
    sentinelPrefix: values.of<string>('sentinel_prefix'),
    failoverWaitMs: followsMaster ? values.number('failover_wait') : 0,
  };
}
