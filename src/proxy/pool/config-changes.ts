import { type Config, type ListenConfig, linesOf, type PoolConfig } from '../../config/index.ts';
import { type Moved, movedKeys, type NamedRing, sampleKeys } from '../../distribution/moved.ts';
import { RECOMMENDED_AUTH_FAILURES, RECOMMENDED_LOGIN_MS } from '../../limits.ts';
import { isLoopback } from '../../net/address-list.ts';
import { samePool, sameServerTls } from './pool-changes.ts';
import { ringOf } from './pool-ring.ts';

/** Made-up keys that stand for all keys. */
export const SAMPLE_KEYS = 200_000;

/** What becomes of one pool when one configuration takes the place of another. */
export interface PoolChange {
  readonly pool: string;
  readonly change: 'same' | 'changed' | 'added' | 'removed';
  /** What differs, in words: `timeout: 400 → 200`, `server cache5 is new`. */
  readonly differences: readonly string[];
  /** What the new configuration of the pool had better say as well, in words. */
  readonly advice: readonly string[];
  /** Null for a pool that is new or gone. */
  readonly moved: Moved | null;
}

/** Compares two configurations; `keys` are made-up ones unless given. */
export function compareConfigs(
  before: Config,
  after: Config,
  keys: readonly Uint8Array[] | null = null,
): PoolChange[] {
  const changes = before.pools.map((pool): PoolChange => {
    const next = after.pools.find(({ name }) => name === pool.name);
    const nothing = { pool: pool.name, differences: [], advice: [], moved: null };
    return next === undefined ? { ...nothing, change: 'removed' } : changeOf(pool, next, keys);
  });
  const added = after.pools.filter(({ name }) => before.pools.every((pool) => pool.name !== name));
  const news = added.map((pool): PoolChange => {
    const advice = adviceOf(pool);
    return { pool: pool.name, change: 'added', differences: [], advice, moved: null };
  });
  return [...changes, ...news];
}

/** A pool that there was before, and is still. */
function changeOf(
  before: PoolConfig,
  after: PoolConfig,
  keys: readonly Uint8Array[] | null,
): PoolChange {
  const moved = movedKeys(namedRing(before), namedRing(after), keys ?? sampleKeys(SAMPLE_KEYS));
  const differences = differencesOf(before, after);
  const same = moved.share === 0 && differences.length === 0 && samePool(before, after);
  const change = same ? 'same' : 'changed';
  return { pool: before.name, change, differences, advice: adviceOf(after), moved };
}

/** What of a pool lets in more, or does more, than it need, in words. */
export function adviceOf(pool: PoolConfig): string[] {
  const advice = [...loginAdvice(pool), ...openDoorAdvice(pool), ...scriptAdvice(pool)];
  return [...advice, ...userAdvice(pool), ...balancerAdvice(pool), ...cipherAdvice(pool)];
}

/** Without limits anybody may try passwords for ever, and keep connections meanwhile. */
function loginAdvice(pool: PoolConfig): string[] {
  const { users, loginRequired, loginTimeoutMs, maxAuthFailures } = pool;
  if (!loginRequired && users === null) return [];
  const what = pool.loginsAtServer ? 'logins' : users === null ? 'redis_auth' : 'users';
  const limit = (key: string, value: number, wanted: number): string[] =>
    value === 0 ? [`${what} without ${key}: ${key}: ${wanted} is recommended`] : [];
  return [
    ...limit('login_timeout', loginTimeoutMs, RECOMMENDED_LOGIN_MS),
    ...limit('max_auth_failures', maxAuthFailures, RECOMMENDED_AUTH_FAILURES),
  ];
}

/** Doors that whoever reaches them may enter, on addresses that others may reach. */
function openDoorAdvice(pool: PoolConfig): string[] {
  const { loginRequired, allowClients, protectedMode, listen, tlsListen, tls } = pool;
  if (loginRequired || allowClients !== null || protectedMode) return [];
  const open = (key: string, door: ListenConfig | null, encrypted: boolean): string[] => {
    if (door?.kind !== 'tcp' || door.host === 'localhost' || isLoopback(door.host)) return [];
    if (encrypted && tls?.auth === 'yes') return [];
    const keys = 'client_auth, tls_ca_file, allow_clients or protected_mode';
    return [`${key}: ${door.text} lets in whoever reaches it: ${keys} is recommended`];
  };
  const encrypted = tls !== null && tlsListen === null;
  return [...open('listen', listen, encrypted), ...open('tls_listen', tlsListen, true)];
}

/** Scripts can call whatever clients may not. */
function scriptAdvice({ denyCommands, readOnly }: PoolConfig): string[] {
  const open = ['EVAL', 'EVALSHA', 'FCALL'].filter((name) => !denyCommands.includes(name));
  if (denyCommands.length === 0 || readOnly || open.length === 0) return [];
  const names = open.join(', ');
  return [`deny_commands without ${names}: scripts can call what is refused; add them`];
}

/** The header says what its sender likes. */
function balancerAdvice({ proxyProtocol, listen }: PoolConfig): string[] {
  if (!proxyProtocol || listen.kind !== 'tcp' || isLoopback(listen.host)) return [];
  const what = 'who reaches it can claim any address';
  return [`proxy_protocol: ${what}; only the load balancer should reach ${listen.text}`];
}

/** Parts of the names of ciphers that hide nothing, or not for long. */
const WEAK_CIPHERS = /null|adh|aecdh|exp|rc4|rc2|des|md5|idea|seed|low|complementof/i;

/** What OpenSSL would offer to clients that ask for nothing better. */
function cipherAdvice({ tls }: PoolConfig): string[] {
  const given = tls?.ciphers?.split(/[:, ]+/) ?? [];
  const weak = given.filter((name) => !/^[-!@]/.test(name) && WEAK_CIPHERS.test(name));
  return weak.map((name) => `tls_ciphers: ${name} is weak; expected a list without it`);
}

/** Users who may do more than it looks. */
function userAdvice({ users }: PoolConfig): string[] {
  if (users === null) return [];
  const advice: string[] = [];
  if (users.default.isOpen && users.default.isFull) {
    const what = 'who does not log in may do everything';
    advice.push(`users: ${what}; a line "default off", or one with rules, is recommended`);
  }
  for (const user of users.list) {
    const { name } = user;
    if (user.isOpen && user !== users.default) {
      advice.push(`users: ${name} needs no password; one is recommended`);
    }
    if (user.selectors.some((selector) => selector.hasOpenScripts)) {
      const what = 'scripts can use every key and channel that the servers let them';
      advice.push(`users: ${name} may run scripts: ${what}; -@scripting is recommended`);
    } else if (user.selectors.some((selector) => selector.runsScriptsForMore)) {
      const what = 'scripts can call what its rules refuse';
      advice.push(`users: ${name} may run scripts: ${what}; -@scripting is recommended`);
    }
  }
  return advice;
}

function namedRing(pool: PoolConfig): NamedRing {
  const live = new Uint8Array(pool.servers.length).fill(1);
  return { ring: ringOf(pool, live), names: pool.servers.map((server) => server.name) };
}

/** What is compared one by one, or not at all. */
const NOT_AS_VALUES = [
  ...['name', 'listen', 'tlsListen', 'tls', 'servers', 'serverLogin', 'clientAuth'],
  ...[
    'sentinelLogin',
    'followsMaster',
    'position',
    'keyPositions',
    'users',
    'renameCommands',
    'loginRequired',
    'seeds',
  ],
];

function differencesOf(before: PoolConfig, after: PoolConfig): string[] {
  const found: string[] = [];
  const differs = (what: string, old: unknown, now: unknown): void => {
    if (String(old) !== String(now)) found.push(`${what}: ${old ?? 'none'} → ${now ?? 'none'}`);
  };
  differs('listen', before.listen.text, after.listen.text);
  differs('tls_listen', before.tlsListen?.text, after.tlsListen?.text);
  if (!same(before.tls, after.tls)) found.push('tls, or a file of it, is another');
  for (const key of Object.keys(after) as (keyof PoolConfig)[]) {
    if (!NOT_AS_VALUES.includes(key)) differs(nameOf(key), textOf(before, key), textOf(after, key));
  }
  if (!same(before.serverLogin, after.serverLogin)) found.push('redis_auth is another');
  // Without a password of their own, clients have that of the servers.
  const follows = same(after.clientAuth, after.serverLogin?.password ?? null);
  if (!follows && !same(before.clientAuth, after.clientAuth)) found.push('client_auth is another');
  if (!same(before.users, after.users)) found.push('users or their rules are others');
  if (!same(before.renameCommands, after.renameCommands)) found.push('rename_commands are others');
  if (!same(before.sentinelLogin, after.sentinelLogin)) found.push('sentinel_auth is another');
  const [oldLines, newLines] = [before, after].map((each) => linesOf(each));
  for (const server of newLines) {
    const old = oldLines.find(({ name }) => name === server.name);
    if (old === undefined) found.push(`server ${server.name} is new`);
    else differs(`server ${server.name}`, old.text, server.text);
  }
  // All servers of a pool have the same.
  if (!sameServerTls(oldLines[0], newLines[0])) {
    found.push('server_tls, or a file of it, is another');
  }
  for (const server of oldLines) {
    if (newLines.every(({ name }) => name !== server.name)) {
      found.push(`server ${server.name} is gone`);
    }
  }
  return found;
}

/** Secrets are compared by their digests. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** `serverRetryTimeoutMs` is `server_retry_timeout` in the file. */
function nameOf(key: string): string {
  return key.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function textOf(pool: PoolConfig, key: keyof PoolConfig): unknown {
  const value = pool[key];
  if (key === 'hashTag' && pool.hashTag !== null) return Buffer.from(pool.hashTag).toString();
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
