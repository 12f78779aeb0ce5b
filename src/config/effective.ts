import { POOL_KEYS } from './keys/keys.ts';
import { linesOf } from './keys/lines.ts';
import { LOGIN_KEYS } from './keys/logins.ts';
import { addressText } from './keys/masters/srv.ts';
import { TLS_KEYS } from './keys/tls-keys.ts';
import type { Config, PoolConfig } from './types.ts';

/** A pool as it is in use, by the names of the file's keys. */
export interface EffectivePool {
  readonly name: string;
  /** What stands in the file. */
  readonly given: Readonly<Record<string, unknown>>;
  /** What does not; null = none. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** Keys whose values are passwords, or tell where they and private keys are. */
const MASKED: ReadonlySet<string> = new Set([
  ...['redis_auth', 'sentinel_auth', 'sentinel_auth_file', 'sentinel_auth_env'],
  ...['users', 'users_file', 'rename_commands'],
  ...[...LOGIN_KEYS, ...TLS_KEYS]
    .filter(({ type }) => type === 'text' || type === 'file')
    .map(({ name }) => name),
]);

/** Keys that are not called so in a PoolConfig, or need another text. */
const SPECIAL: Readonly<Record<string, (pool: PoolConfig) => unknown>> = {
  listen: (pool) => pool.listen.text,
  tls_listen: (pool) => pool.tlsListen?.text ?? null,
  tls: (pool) => pool.tls !== null && pool.tlsListen === null,
  server_tls: (pool) => linesOf(pool).some(({ tls }) => tls !== null),
  servers: (pool) => linesOf(pool).map(({ text }) => text),
  discover_members: (pool) => (pool.discovery === null ? 'off' : 'follow'),
  cluster_view: (pool) => (pool.clusterView ? 'on' : 'off'),
  sentinels: (pool) => pool.sentinels.map(addressText),
  witnesses: (pool) => pool.witnesses.map(addressText),
  announce: ({ announce }) => {
    return announce.length === 0 ? null : announce.map(addressText);
  },
  replicas: (pool) => pool.replicas.map((replica) => `${addressText(replica)} ${replica.server}`),
  hash_tag: ({ hashTag }) => (hashTag === null ? null : String.fromCharCode(...hashTag)),
  partial_failure: (pool) => (pool.perKeyFailure ? 'per-key' : 'error'),
  unknown_commands: (pool) => (pool.askUnknownCommands ? 'ask' : 'refuse'),
  tls_user_from_cert: (pool) => (pool.tlsUserFromCert ? 'cn' : 'off'),
  logins: (pool) => (pool.loginsAtServer ? 'server' : 'ringway'),
  subscribe_to: (pool) => (pool.subscribeToAll ? 'all' : 'owner'),
  pubsub: (pool) => (pool.ownHubs ? 'own' : 'shared'),
};

/** Every key of every pool, as it is in use; of secrets only whether they are `set`. */
export function effectiveConfig({ pools }: Config): EffectivePool[] {
  return pools.map((pool) => {
    const given: Record<string, unknown> = {};
    const defaults: Record<string, unknown> = {};
    for (const spec of POOL_KEYS) {
      const isGiven = Object.hasOwn(pool.keyPositions, spec.name);
      const to = isGiven ? given : defaults;
      if (MASKED.has(spec.name)) to[spec.name] = isGiven ? 'set' : 'unset';
      else to[spec.name] = inUse(pool, spec.name, isGiven, spec.default);
    }
    return { name: pool.name, given, defaults };
  });
}

function inUse(pool: PoolConfig, name: string, isGiven: boolean, fallback: unknown): unknown {
  const special = SPECIAL[name];
  if (special !== undefined) return special(pool);
  const key = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  for (const each of [key, `${key}Ms`]) {
    const value = (pool as unknown as Record<string, unknown>)[each];
    // What is made of several keys may hold secrets.
    const isPlain = value === null || typeof value !== 'object' || Array.isArray(value);
    if (Object.hasOwn(pool, each) && isPlain) return value;
  }
  return isGiven ? 'set' : fallback;
}
