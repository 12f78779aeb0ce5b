import type { AttachedFiles } from '../attached-files.ts';
import { variable } from '../environment.ts';
import type { Problems } from '../file/problems.ts';
import { passwordProblem, Secret, secretOf } from '../secret.ts';
import type { Position, SentinelLogin, ServerLogin } from '../types.ts';
import type { KeySpec } from './key-spec.ts';
import { quote } from './values.ts';

const SINCE = 'ringway 0.1';

/** The keys of passwords beside `redis_auth`. */
export const LOGIN_KEYS: readonly KeySpec[] = [
  {
    name: 'redis_user',
    only: 'redis',
    type: 'text',
    default: null,
    since: SINCE,
    doc: 'The user as which ringway logs in to the servers (ACL). Absent: `default`.',
  },
  {
    name: 'redis_auth_file',
    only: 'redis',
    type: 'file',
    default: null,
    since: SINCE,
    doc: 'As `redis_auth`: the password is what the file holds.',
  },
  {
    name: 'redis_auth_env',
    only: 'redis',
    type: 'text',
    default: null,
    since: SINCE,
    doc: 'As `redis_auth`: the password is in this variable of the environment.',
  },
  {
    name: 'client_auth',
    only: 'redis',
    type: 'text',
    default: null,
    since: SINCE,
    doc: 'The password asked of clients, apart from that of the servers. Redis pools only.',
  },
  {
    name: 'client_auth_file',
    only: 'redis',
    type: 'file',
    default: null,
    since: SINCE,
    doc: 'As `client_auth`: the password is what the file holds.',
  },
  {
    name: 'client_auth_env',
    only: 'redis',
    type: 'text',
    default: null,
    since: SINCE,
    doc: 'As `client_auth`: the password is in this variable of the environment.',
  },
  {
    name: 'client_auth_required',
    only: 'redis',
    type: 'bool',
    default: true,
    since: SINCE,
    doc: '`false`: clients need no password, though the servers do.',
  },
];

/** What has been read of a pool so far. */
export interface PoolSource {
  readonly pool: string;
  readonly values: ReadonlyMap<string, unknown>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly files: AttachedFiles;
  readonly problems: Problems;
}

/** What a pool logs in with, and what clients of it must say. */
export interface Logins {
  readonly serverLogin: ServerLogin | null;
  readonly clientAuth: Secret | null;
  readonly sentinelLogin: SentinelLogin | null;
}

/** Finds the one password among three keys, and says what is wrong with them. */
class LoginReader {
  readonly #source: PoolSource;

  constructor(source: PoolSource) {
    this.#source = source;
  }

  text(key: string): string | null {
    return (this.#source.values.get(key) as string | undefined) ?? null;
  }

  has(key: string): boolean {
    return this.#source.positions.has(key);
  }

  problem(key: string, message: string): void {
    const { positions, pool, problems } = this.#source;
    problems.add(positions.get(key) as Position, `${pool}.${key}`, message);
  }

  /** @param key of the password itself; its kin have endings */
  password(key: 'redis_auth' | 'client_auth' | 'sentinel_auth'): Secret | null {
    const [first, second] = [key, `${key}_file`, `${key}_env`].filter((name) => this.has(name));
    if (first === undefined) return null;
    if (second !== undefined) {
      this.problem(second, `there is \`${first}\` as well; expected one of the two`);
      return null;
    }
    const secret = this.#read(first);
    const problem = secret && passwordProblem(secret);
    if (problem !== null) this.problem(first, problem);
    return secret;
  }

  #read(key: string): Secret | null {
    const text = this.text(key);
    if (text === null) return null;
    if (key.endsWith('_env')) {
      const value = variable(text);
      if (value !== undefined) return new Secret(Buffer.from(value));
      this.problem(key, `the environment has no ${quote(text)}; expected one that is set`);
      return null;
    }
    if (!key.endsWith('_file')) return new Secret(Buffer.from(text));
    const result = this.#source.files.read(text);
    if ('bytes' in result) return secretOf(result.bytes, result.exposed);
    const wanted = 'expected a file that holds the password';
    this.problem(key, `the file ${quote(text)} ${result.problem}; ${wanted}`);
    return null;
  }

  /** Where a password can be read again; null when it cannot. */
  fileOf(key: 'redis_auth' | 'sentinel_auth'): string | null {
    const name = this.text(`${key}_file`);
    return name === null ? null : this.#source.files.pathOf(name);
  }
}

const SERVER_PASSWORDS = ['redis_auth', 'redis_auth_file', 'redis_auth_env'];

/** The passwords of a pool, to its servers and of its clients. */
export function readLogins(source: PoolSource): Logins {
  const reader = new LoginReader(source);
  const password = reader.password('redis_auth');
  const own = reader.password('client_auth');
  const user = reader.text('redis_user');
  if (user !== null && !SERVER_PASSWORDS.some((key) => reader.has(key))) {
    reader.problem('redis_user', 'a user needs a password; expected `redis_auth` as well');
  }
  if (source.values.get('logins') === 'server') {
    const own = ['users', 'users_file', 'client_auth', 'client_auth_file', 'client_auth_env'];
    for (const key of [...own, 'client_auth_required', 'tls_user_from_cert']) {
      if (reader.has(key))
        reader.problem(key, 'logins: server leaves that to the servers; expected one of the two');
    }
  }
  const required = source.values.get('client_auth_required') !== false;
  if (!required && own !== null) {
    reader.problem('client_auth_required', 'there is a password for clients; expected none');
  }
  const file = reader.fileOf('redis_auth');
  const serverLogin = password === null ? null : Object.freeze({ user, password, file });
  const words = reader.password('sentinel_auth');
  const sentinelLogin =
    words === null ? null : Object.freeze({ words, file: reader.fileOf('sentinel_auth') });
  return { serverLogin, clientAuth: required ? (own ?? password) : null, sentinelLogin };
}
