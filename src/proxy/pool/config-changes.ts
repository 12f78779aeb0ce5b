import { type Config, linesOf, type PoolConfig, placedServersOf } from '../../config/index.ts';
import { type Moved, movedKeys, type NamedRing, sampleKeys } from '../../distribution/moved.ts';
import { adviceOf } from './advice.ts';
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
    ...['seeds', 'discovery'],
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
  differs('discover_members', servicesOf(before), servicesOf(after));
  const [oldLines, newLines] = [before, after].map(placedServersOf);
  for (const server of newLines) {
    const old = oldLines.find(({ name }) => name === server.name);
    if (old === undefined) found.push(`server ${server.name} is new`);
    else differs(`server ${server.name}`, old.text, server.text);
  }
  // All servers of a pool have the same.
  if (!sameServerTls(linesOf(before)[0], linesOf(after)[0])) {
    found.push('server_tls, or a file of it, is another');
  }
  for (const server of oldLines) {
    if (newLines.every(({ name }) => name !== server.name)) {
      found.push(`server ${server.name} is gone`);
    }
  }
  return found;
}

/** What lists servers; null = nothing does. */
function servicesOf({ discovery }: PoolConfig): string | null {
  return discovery?.services.map(({ text }) => text).join(', ') ?? null;
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
