import type { Users } from '../../acl/users.ts';
import type { Entry, PoolNode, Scalar } from '../file/document.ts';
import type { Problems } from '../file/problems.ts';
import type { ReadFrom, Rules } from '../file/rules.ts';
import type { ClientTls, ServerTls } from '../tls-types.ts';
import type {
  ListenConfig,
  Position,
  RenamedCommand,
  ReplicaConfig,
  SentinelConfig,
  ServerConfig,
} from '../types.ts';
import {
  expandServer,
  parseDoors,
  parseListen,
  parseReplica,
  parseSentinel,
  parseServer,
} from './address.ts';
import { parseAddresses } from './addresses.ts';
import { type CustomCommand, parseCustomCommands } from './custom-commands.ts';
import type { KeySpec } from './key-spec.ts';
import { MEANT, POOL_KEYS, REFUSED_KEYS } from './keys.ts';
import { parseCommandNames, parseParameters } from './listed-names.ts';
import { type Logins, readLogins } from './logins.ts';
import { checkCluster } from './masters/cluster-rules.ts';
import { checkDiscovery } from './masters/discovery-rules.ts';
import { checkPromotion } from './masters/promotion-rules.ts';
import { checkFollowing } from './masters/sentinel-rules.ts';
import { readRenamedCommands } from './renamed-commands.ts';
import { nearest } from './suggest.ts';
import { readClientTls, readServerTls } from './tls.ts';
import { readPoolUsers } from './users.ts';
import { type Parsed, parseBool, parseNumber, parseTwoBytes, quote } from './values.ts';

/** Lists that are no servers, and what an item of each looks like. */
const OWN_LISTS: Readonly<Record<string, string>> = {
  sentinels: 'host:port',
  replicas: 'host:port name',
  witnesses: 'host:port',
  users: 'NAME RULES',
  rename_commands: 'COMMAND NAME',
};
const SPECS: ReadonlyMap<string, KeySpec> = new Map(POOL_KEYS.map((spec) => [spec.name, spec]));

type Value =
  | Exclude<KeySpec['default'], null>
  | readonly [number, number]
  | ListenConfig
  | readonly CustomCommand[]
  | readonly SentinelConfig[]
  | readonly string[];

interface PlacedServer {
  readonly server: Omit<ServerConfig, 'tls'>;
  readonly at: Position;
}

interface PlacedReplica {
  readonly replica: ReplicaConfig;
  readonly at: Position;
}

/** What has been read of one pool; `complete` when a PoolConfig can be made of it. */
export interface PoolDraft {
  readonly name: Scalar;
  readonly values: ReadonlyMap<string, Value>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly servers: readonly PlacedServer[];
  readonly sentinels: readonly SentinelConfig[];
  readonly replicas: readonly PlacedReplica[];
  readonly witnesses: readonly SentinelConfig[];
  readonly logins: Logins;
  readonly users: Users | null;
  readonly renamed: readonly RenamedCommand[];
  readonly serverTls: ServerTls | null;
  readonly clientTls: ClientTls | null;
}

function parseValue(spec: KeySpec, text: string, rules: Rules): Parsed<Value> {
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
      return parseListen(text, rules);
    case 'command-names':
      return parseCommandNames(text);
    case 'parameters':
      return parseParameters(text);
    case 'addresses':
      return parseAddresses(text);
    case 'doors':
      return parseDoors(text);
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
  const near = MEANT[key] ?? nearest(key, SPECS.keys());
  const hint = near === null ? '' : `did you mean ${near}? `;
  return `the key is unknown; ${hint}expected a key of the reference in docs/configuration.md`;
}

class PoolReader {
  readonly #problems: Problems;
  readonly #name: Scalar;
  readonly #rules: Rules;
  readonly values = new Map<string, Value>();
  readonly positions = new Map<string, Position>();
  readonly servers: PlacedServer[] = [];
  readonly sentinels: SentinelConfig[] = [];
  readonly replicas: PlacedReplica[] = [];
  readonly witnesses: SentinelConfig[] = [];
  readonly users: Scalar[] = [];
  readonly renames: Scalar[] = [];

  constructor(name: Scalar, problems: Problems, rules: Rules) {
    this.#rules = rules;
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
      else if (spec.type === 'sentinels') this.#sentinel(value, this.sentinels);
      else if (spec.type === 'witnesses') this.#sentinel(value, this.witnesses);
      else if (spec.type === 'replicas') this.#replica(value);
      else if (spec.type === 'users') this.users.push(value);
      else if (spec.type === 'renames') this.renames.push(value);
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
    const parsed = parseValue(spec, scalar.text, this.#rules);
    if ('problem' in parsed) this.#problem(scalar.at, spec.name, parsed.problem);
    else this.values.set(spec.name, parsed.value);
  }

  #server({ text, at }: Scalar): void {
    const lines = expandServer(text);
    const found =
      'problem' in lines ? [lines] : lines.value.map((each) => parseServer(each, at.line));
    for (const parsed of found) {
      if ('problem' in parsed) {
        this.#problem(at, 'servers', parsed.problem);
        return;
      }
      this.servers.push({ server: { ...parsed.value, column: at.column }, at });
    }
  }

  #sentinel(scalar: Scalar, to: SentinelConfig[]): void {
    const parsed = parseSentinel(scalar.text);
    const key = to === this.sentinels ? 'sentinels' : 'witnesses';
    if ('problem' in parsed) this.#problem(scalar.at, key, parsed.problem);
    else to.push(Object.freeze(parsed.value));
  }

  #replica(scalar: Scalar): void {
    const parsed = parseReplica(scalar.text);
    if ('problem' in parsed) this.#problem(scalar.at, 'replicas', parsed.problem);
    else this.replicas.push({ replica: Object.freeze(parsed.value), at: scalar.at });
  }

  /** nutcracker wants exactly one list in a pool, whichever key holds it; ringway's are others. */
  lists(entries: readonly Entry[]): void {
    const lists = entries.filter(({ list, key }) => list && !Object.hasOwn(OWN_LISTS, key.text));
    for (const { key, list } of entries) {
      const item = Object.hasOwn(OWN_LISTS, key.text) ? OWN_LISTS[key.text] : undefined;
      if (list || item === undefined) continue;
      this.#problem(key.at, key.text, `there is no list; expected a "- ${item}" line for each one`);
    }
    // One of a key that is not known has been told already.
    const known = lists.filter(({ key }) => SPECS.has(key.text));
    for (const entry of known.slice(1)) {
      const first = `the one in line ${known[0]!.key.at.line}`;
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
    const redis = this.positions.has('redis') ? this.values.get('redis') : false;
    if (typeof redis === 'boolean') this.#notOf(redis);
    const report = (at: Position, key: string, message: string): void => {
      this.#problem(at, key, message);
    };
    checkFollowing(this, report);
    checkPromotion(this, report);
    checkCluster(this, report);
    checkDiscovery(this, report);
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

  /** Keys of the other protocol. @param redis what the pool speaks */
  #notOf(redis: boolean): void {
    const message = redis
      ? 'only memcached pools have it; expected a pool without "redis: true"'
      : 'only Redis pools have it; expected "redis: true" as well';
    for (const [key, at] of this.positions) {
      const only = SPECS.get(key)?.only;
      if (only !== undefined && (only === 'redis') !== redis) this.#problem(at, key, message);
    }
  }
}

/** Reads one pool and reports what is wrong in it. */
export function readPool(node: PoolNode, { files, problems, rules }: ReadFrom): PoolDraft {
  const reader = new PoolReader(node.name, problems, rules);
  for (const entry of node.entries) reader.entry(entry);
  reader.lists(node.entries);
  reader.rules();
  const { values, positions, servers, sentinels, replicas, witnesses } = reader;
  const source = { pool: node.name.text, values, positions, files, problems };
  const logins = readLogins(source);
  const audit = values.get('audit_log');
  if (audit !== undefined) values.set('audit_log', files.pathOf(String(audit)));
  const users = readPoolUsers(source, reader.users, logins.clientAuth);
  const renamed = readRenamedCommands(source, reader.renames);
  const serverTls = readServerTls(source);
  const clientTls = readClientTls(source, (key) => SPECS.get(key)?.default);
  const lists = { servers, sentinels, replicas, witnesses, users, renamed };
  return { name: node.name, values, positions, ...lists, logins, serverTls, clientTls };
}
