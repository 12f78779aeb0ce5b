import { findAclCommand } from '../../acl/commands.ts';
import type { ListenConfig, PoolConfig } from '../../config/index.ts';
import { RECOMMENDED_AUTH_FAILURES, RECOMMENDED_LOGIN_MS } from '../../limits.ts';
import { isLoopback } from '../../net/addresses/address-list.ts';

/** What of a pool lets in more, or does more, than it need, in words. */
export function adviceOf(pool: PoolConfig): string[] {
  return [
    ...loginAdvice(pool),
    ...openDoorAdvice(pool),
    ...denyAdvice(pool),
    ...scriptAdvice(pool),
    ...userAdvice(pool),
    ...balancerAdvice(pool),
    ...cipherAdvice(pool),
  ];
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
  const { redis, loginRequired, allowClients, protectedMode, listen, tlsListen, tls } = pool;
  if (loginRequired || allowClients !== null || protectedMode) return [];
  const open = (key: string, door: ListenConfig | null, encrypted: boolean): string[] => {
    if (door?.kind !== 'tcp' || door.host === 'localhost' || isLoopback(door.host)) return [];
    if (encrypted && tls?.auth === 'yes') return [];
    const login = redis ? 'client_auth, ' : '';
    const keys = `${login}tls_ca_file, allow_clients or protected_mode`;
    return [`${key}: ${door.text} lets in whoever reaches it: ${keys} is recommended`];
  };
  const encrypted = tls !== null && tlsListen === null;
  return [...open('listen', listen, encrypted), ...open('tls_listen', tlsListen, true)];
}

/** Names that mean nothing keep nobody from anything. */
function denyAdvice({ denyCommands, customCommands }: PoolConfig): string[] {
  const custom = new Set(customCommands.map(({ name }) => name));
  return denyCommands.flatMap((name) => {
    if (findAclCommand(name) !== undefined || custom.has(name.split('|')[0])) return [];
    return [`deny_commands: ${name} is no command that ringway knows; is it written right?`];
  });
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
