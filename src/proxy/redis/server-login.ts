import { readPassword, type Secret, type ServerLogin } from '../../config/index.ts';
import { PASSWORD_REREAD_MS } from '../../limits.ts';
import { LOG_NOTICE, LOG_WARN } from '../../log.ts';
import { encodeRequest } from '../../protocol/redis/replies/encode.ts';
import type { OwnerPool } from '../backend/owner.ts';
import { millis } from '../engine/clock.ts';
import type { Timed } from '../engine/deadlines.ts';

/** A connection whose login a server has refused. */
export interface RefusedConnection {
  readonly closed: boolean;
  /** The login that it sent. */
  readonly login: Buffer;
  /** There is another one: whoever needs a connection has to have a new one. */
  renew(): void;
}

/**
 * How a pool logs in to its servers. A password that stands in a file is read again when a server
 * refuses it, and now and then as long as connections that were refused are open: it may have been
 * changed on both sides, and nobody has told ringway yet.
 */
class PoolLogin implements Timed {
  readonly #pool: OwnerPool;
  #login: ServerLogin | null = null;
  #request: Buffer | null = null;
  /** Open connections at most; those that are closed are dropped at each look. */
  readonly #refused: Set<RefusedConnection> = new Set();
  #lookAt = 0;
  /** Why the file was of no use when it was looked at last; empty = it was. */
  #problem = '';
  timerAt = 0;

  constructor(pool: OwnerPool) {
    this.#pool = pool;
  }

  /** AUTH with the password of now; null when there is none. The same buffer for the same login. */
  get request(): Buffer | null {
    const { serverLogin } = this.#pool.config;
    if (serverLogin !== this.#login) {
      this.#login = serverLogin;
      this.#request = serverLogin && requestOf(serverLogin, serverLogin.password);
    }
    return this.#request;
  }

  /** A server has refused the login of a connection. */
  onRefused(connection: RefusedConnection): void {
    if (this.request === null || this.#login?.file === null) return;
    this.#refused.add(connection);
    const now = millis();
    if (now >= this.#lookAt) this.#look(now);
    this.#renew();
    this.#pool.engine.deadlines.arm(this, Math.max(now + 1, this.#lookAt));
  }

  nextDeadline(): number {
    return this.#refused.size === 0 ? 0 : this.#lookAt;
  }

  onDeadline(now: number): void {
    for (const connection of this.#refused) {
      if (connection.closed) this.#refused.delete(connection);
    }
    if (this.#refused.size === 0) return;
    this.#look(now);
    this.#renew();
  }

  onException(error: unknown): void {
    this.#refused.clear();
    this.#pool.engine.guard.note('a password is not looked for again', error);
  }

  #look(now: number): void {
    this.#lookAt = now + PASSWORD_REREAD_MS;
    const before = this.request;
    const login = this.#login;
    if (before === null || login === null || login.file === null) return;
    const found = readPassword(login.file);
    const problem = 'problem' in found ? found.problem : '';
    const isNew = problem !== this.#problem;
    this.#problem = problem;
    if ('problem' in found) {
      const what = `redis_auth_file is of no use, the password of before stays: ${problem}`;
      if (isNew) this.#say(LOG_WARN, what);
      return;
    }
    const request = requestOf(login, found);
    if (request.equals(before)) return;
    this.#request = request;
    this.#say(LOG_NOTICE, 'redis_auth_file holds another password, which is used from now on');
  }

  #say(level: number, what: string): void {
    const { engine, config } = this.#pool;
    engine.log.write(level, `pool ${config.name}: ${what}`, { pool: config.name });
  }

  #renew(): void {
    for (const connection of this.#refused) {
      if (connection.login.equals(this.#request ?? connection.login)) continue;
      this.#refused.delete(connection);
      if (!connection.closed) connection.renew();
    }
  }
}

function requestOf({ user }: ServerLogin, { bytes }: Secret): Buffer {
  return authRequest(user === null ? [bytes] : [Buffer.from(user), bytes]);
}

/** @param words a password, with a user in front of it or without */
export function authRequest(words: readonly Buffer[]): Buffer {
  return encodeRequest([Buffer.from('AUTH'), ...words]);
}

const logins: WeakMap<OwnerPool, PoolLogin> = new WeakMap();

/** How a pool logs in to its servers now. */
export function loginOf(pool: OwnerPool): PoolLogin {
  let login = logins.get(pool);
  if (login === undefined) {
    login = new PoolLogin(pool);
    logins.set(pool, login);
  }
  return login;
}

/** The connections of `pool` log in as those of `other`. */
export function shareLogin(pool: OwnerPool, other: OwnerPool): void {
  logins.set(pool, loginOf(other));
}
