import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { DEFAULT_USER } from '../../../acl/user.ts';
import { AUTH_LOG_INTERVAL_MS } from '../../../limits.ts';
import { LOG_WARN } from '../../../log.ts';
import { certificateName } from '../../../net/handles.ts';
import { AUTH_FAILURES } from '../../../stats/counters.ts';
import { millis } from '../../engine/clock.ts';
import { SparingOfEach } from '../../engine/sparing.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Claim } from '../claims.ts';
import type { ClientProtocol } from '../protocol.ts';
import type { ClientSubscriptions } from '../session/subscriptions.ts';
import type { Gate } from './gate.ts';
import { type RatedClient, takeRates } from './rates.ts';
import type { Sampler } from './sampler.ts';

/** What goes along when the client moves to another process. */
export interface SavedLogin {
  readonly proven: boolean;
  readonly failures: number;
  /** Absent from processes that know no users. */
  readonly user?: string;
  /** Milliseconds for which it has not been logged in. */
  readonly waitedMs: number;
}

/** A client that may log in. */
export interface LoginClient extends RatedClient {
  readonly pool: Pool;
  readonly lane: number;
  readonly protocol: ClientProtocol;
  readonly login: Login;
  readonly address: string;
  gate: Gate | null;
  audit: Sampler | null;
  readonly subscriptions: ClientSubscriptions | null;
  leave(reason: string): void;
  setAuthenticated(yes: boolean): void;
  answer(reply: Buffer): void;
  stopReading(): void;
}

/** What a client has shown of the password of its pool. */
export class Login {
  /** The name of its user. */
  user: string = DEFAULT_USER;
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
    return { proven: this.proven, failures: this.failures, user: this.user, waitedMs };
  }

  restore({ proven, failures, user = DEFAULT_USER, waitedMs }: SavedLogin): void {
    this.user = user;
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
  const { users, clientAuth } = pool.config;
  if (users !== null) return users.enter(user, given) !== undefined;
  const password = clientAuth?.bytes ?? null;
  if (user !== DEFAULT_USER) return false;
  if (password === null) return true;
  // What is compared is as long as the password, whatever was given.
  const sameLength = Buffer.alloc(password.length);
  given.copy(sameLength);
  return timingSafeEqual(sameLength, password) && given.length === password.length;
}

/** The rules of its user are those that count from here on. */
export function takeRules(
  client: RatedClient & Pick<LoginClient, 'pool' | 'protocol' | 'login' | 'gate' | 'audit'>,
): void {
  const { pool, protocol, login } = client;
  const user = pool.config.users?.find(login.user);
  client.gate = user === undefined ? null : protocol.gateOf(pool.config, user);
  client.audit = protocol.auditOf(pool.config);
  takeRates(client);
}

/** The client gave the right password, or needs none. */
export function logIn(client: LoginClient, user: string): void {
  const { login, pool } = client;
  const { users, clientAuth, loginsAtServer } = pool.config;
  login.proven = loginsAtServer || users !== null || clientAuth !== null;
  login.failures = 0;
  login.user = user;
  takeRules(client);
  client.setAuthenticated(true);
}

/** The certificate of a client says which user it is, where the pool takes its word. */
export function logInByCertificate(client: LoginClient & { readonly socket: Socket }): void {
  const { users, tlsUserFromCert } = client.pool.config;
  if (!tlsUserFromCert || users === null) return;
  const name = certificateName(client.socket);
  // Names of users are bytes, those of certificates are characters.
  const user = name === null ? undefined : users.find(Buffer.from(name).toString('latin1'));
  if (user?.enabled === true) logIn(client, user.name);
}

/** The client begins anew, as one that has just connected. */
export function logOut(client: LoginClient): void {
  client.login.proven = false;
  client.login.user = DEFAULT_USER;
  takeRules(client);
  client.setAuthenticated(!client.pool.config.loginRequired);
}

/**
 * After another configuration, or in another process: a client that has given a password stays
 * logged in, one that never needed to give one must do so when there is one now. Who is logged in
 * as a user that is gone is closed, as in Redis, and who is subscribed to what it may not hear.
 */
export function reviewLogin(client: LoginClient): void {
  const { login, pool } = client;
  const { users, loginRequired, loginsAtServer } = pool.config;
  if (loginsAtServer) {
    // Who has not shown its password to a server has connections of the pool's own login.
    if (laneOf(client).login === null) login.proven = false;
  } else if (users === null) {
    if (!loginRequired) login.proven = false;
    login.user = DEFAULT_USER;
  } else if (!login.proven) {
    login.user = DEFAULT_USER;
  } else if (users.find(login.user) === undefined) {
    client.leave('its user is gone');
    return;
  }
  takeRules(client);
  const { gate, subscriptions } = client;
  const hears = subscriptions?.every((name, isPattern) => gate?.mayHear(name, isPattern) ?? true);
  if (hears === false) client.leave('its user may not hear what it is subscribed to');
  else client.setAuthenticated(!loginRequired || login.proven);
}

/**
 * Answers a wrong password, which may have been the last one.
 * @param claim on the reply, where it is not the next @returns true: it is done
 */
export function refuseLogin(
  client: LoginClient,
  reply: Buffer,
  claim: Pick<Claim, 'deliver'> | null = null,
): true {
  const { pool, login } = client;
  pool.counters[AUTH_FAILURES]++;
  login.failures++;
  tell(client);
  if (claim === null) client.answer(reply);
  else claim.deliver(reply);
  const most = pool.config.maxAuthFailures;
  if (most !== 0 && login.failures >= most) client.stopReading();
  return true;
}

const telling = new SparingOfEach(AUTH_LOG_INTERVAL_MS);

/** One line per pool and interval, however many passwords are tried. */
function tell({ pool, address }: LoginClient): void {
  const untold = telling.happens(pool);
  if (untold < 0) return;
  const { name } = pool.config;
  const more = untold === 0 ? '' : `; ${untold} more before`;
  const line = `pool ${name}: client ${address} gave a wrong password or user${more}`;
  pool.engine.log.write(LOG_WARN, line, { pool: name, client: address });
}
