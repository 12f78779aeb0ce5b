import { timingSafeEqual } from 'node:crypto';
import { AUTH_LOG_INTERVAL_MS } from '../../limits.ts';
import { LOG_WARN } from '../../log.ts';
import { AUTH_FAILURES } from '../../stats/counters.ts';
import { millis } from '../engine/clock.ts';
import { SparingOfEach } from '../engine/sparing.ts';
import type { Pool } from '../pool/pool.ts';

/** The one user there is. */
export const DEFAULT_USER = 'default';

/** What goes along when the client moves to another process. */
export interface SavedLogin {
  readonly proven: boolean;
  readonly failures: number;
  /** Milliseconds for which it has not been logged in. */
  readonly waitedMs: number;
}

/** A client that may log in. */
export interface LoginClient {
  readonly pool: Pool;
  readonly login: Login;
  readonly address: string;
  setAuthenticated(yes: boolean): void;
  answer(reply: Buffer): void;
  stopReading(): void;
}

/** What a client has shown of the password of its pool. */
export class Login {
  /** It has given the password: another one in the file does not end its login. */
  proven = false;
  /** Wrong passwords since it logged in last. */
  failures = 0;
  /** Since when it has not been logged in, in milliseconds of the clock. */
  since: number = millis();

  /** It must log in from now on. */
  begin(): void {
    this.since = millis();
  }

  get saved(): SavedLogin {
    const waitedMs = millis() - this.since;
    return { proven: this.proven, failures: this.failures, waitedMs };
  }

  restore({ proven, failures, waitedMs }: SavedLogin): void {
    this.proven = proven;
    this.failures = failures;
    this.since = millis() - waitedMs;
  }
}

/**
 * Whether user and password are those of the pool; a pool without a password lets everyone in. How
 * long it takes tells nothing about the password.
 */
export function mayEnter({ pool }: LoginClient, user: string, given: Buffer): boolean {
  const password = pool.config.clientAuth?.bytes ?? null;
  if (user !== DEFAULT_USER) return false;
  if (password === null) return true;
  // What is compared is as long as the password, whatever was given.
  const sameLength = Buffer.alloc(password.length);
  given.copy(sameLength);
  return timingSafeEqual(sameLength, password) && given.length === password.length;
}

/** The client gave the right password, or needs none. */
export function logIn(client: LoginClient): void {
  client.login.proven = client.pool.config.clientAuth !== null;
  client.login.failures = 0;
  client.setAuthenticated(true);
}

/** The client begins anew, as one that has just connected. */
export function logOut(client: LoginClient): void {
  client.login.proven = false;
  client.setAuthenticated(client.pool.config.clientAuth === null);
}

/**
 * After another configuration, or in another process: a client that has given a password stays
 * logged in, one that never needed to give one must do so when there is one now.
 */
export function reviewLogin(client: LoginClient): void {
  const open = client.pool.config.clientAuth === null;
  if (open) client.login.proven = false;
  client.setAuthenticated(open || client.login.proven);
}

/** Answers a wrong password, which may have been the last one. @returns true: it is done */
export function refuseLogin(client: LoginClient, reply: Buffer): true {
  const { pool, login } = client;
  pool.counters[AUTH_FAILURES]++;
  login.failures++;
  tell(client);
  client.answer(reply);
  const most = pool.config.maxAuthFailures;
  if (most !== 0 && login.failures >= most) client.stopReading();
  return true;
}

const telling = new SparingOfEach(AUTH_LOG_INTERVAL_MS);

/** One line per pool and interval, however many passwords are tried. */
function tell(client: LoginClient): void {
  const { pool } = client;
  const untold = telling.happens(pool);
  if (untold < 0) return;
  const more = untold === 0 ? '' : `; ${untold} more before`;
  pool.engine.log.write(
    LOG_WARN,
    `pool ${pool.config.name}: client ${client.address} gave a wrong password or user${more}`,
  );
}
