import { DEFAULT_USER } from '../../../acl/user.ts';
import { SERVER_LOGIN_MS, SERVER_LOGINS } from '../../../limits.ts';
import { FLAG_LAST, WHOLE } from '../../../protocol/frame-table.ts';
import { loginRefusal, passwordOf } from '../../../protocol/redis/replies/login-refusal.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  errorOf,
  isStatus,
  withoutAttributes,
} from '../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { FAILURE_TIMEOUT, failureOf } from '../../backend/failure.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import { type LaneLogin, type RespVersion, sameLogin } from '../../backend/lane.ts';
import { logIn, refuseLogin } from '../../client/access/login.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Server } from '../../pool/server.ts';
import { answer } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import { askUnnoticed } from '../info/unnoticed.ts';
import { endWatch, taint, watchedOf } from '../leases/watched-connection.ts';
import { authRequest } from '../server-login.ts';

// logins: server. A client shows its user and password to a server, and what it asks for then goes
// over connections that log in with these: what the servers do not allow their user, they refuse.

/** Logins of each pool that are being asked about. */
const pending: WeakMap<Pool, number> = new WeakMap();

/** @param user one character per byte; null = AUTH with a password alone */
export function loginAs(user: string | null, password: Buffer): LaneLogin {
  const name = user === null ? [] : [Buffer.from(user, 'latin1')];
  const request = authRequest([...name, password]);
  return { user: user ?? DEFAULT_USER, request };
}

/**
 * Logs a client in as a user of the servers, on whose connections its later requests go.
 * @param done gets the claim of the request when it is logged in
 */
export function enterAtServer(
  client: ClientConnection,
  login: LaneLogin,
  resp: RespVersion,
  done: (claim: Claim) => void,
): boolean {
  const { pool } = client;
  const asking = pending.get(pool) ?? 0;
  if (asking >= SERVER_LOGINS) return answer(client, replies.TOO_MANY_LOGINS);
  const { liveServers } = pool;
  const servers = liveServers.length > 0 ? liveServers : pool.servers;
  if (servers.length === 0) return answer(client, INVALID);
  pending.set(pool, asking + 1);
  client.barrier();
  new LoginQuestion(client, login, resp, servers, done).ask();
  return true;
}

/** One server after the other, until one says whether a login is good. */
class LoginQuestion implements Timed {
  readonly #client: ClientConnection;
  readonly #login: LaneLogin;
  readonly #resp: RespVersion;
  readonly #servers: readonly Server[];
  readonly #done: (claim: Claim) => void;
  readonly #claim: Claim;
  #asked = 0;
  #connection: BackendConnection | null = null;
  /** When the server at hand must have answered; 0 = none is asked. */
  #until = 0;
  timerAt = 0;

  constructor(
    client: ClientConnection,
    login: LaneLogin,
    resp: RespVersion,
    servers: readonly Server[],
    done: (claim: Claim) => void,
  ) {
    this.#client = client;
    this.#login = login;
    this.#resp = resp;
    this.#servers = servers;
    this.#done = done;
    this.#claim = client.claims.claim();
  }

  ask(): void {
    const { pool } = this.#client;
    const server = this.#servers[this.#asked++];
    const target: ReplyTarget = {
      claim: null,
      distrusts: false,
      awaitsMore: () => false,
      onReply: (start, length, info) => {
        if ((info & FLAG_LAST) === 0) return;
        // The end of a reply in pieces says nothing of how it began.
        const whole = (info & WHOLE) === WHOLE;
        this.#hear(whole ? withoutAttributes(pool.engine.copyOf(start, length)) : INVALID);
      },
      onFailure: (error) => this.#onFailure(error),
    };
    this.#connection = askUnnoticed(server, pool.lanes.first, this.#login.request, target);
    this.#until = millis() + SERVER_LOGIN_MS;
    pool.engine.deadlines.arm(this, this.#until);
  }

  nextDeadline(): number {
    return this.#until;
  }

  onDeadline(): void {
    this.#until = 0;
    this.#connection?.fail(failureOf(FAILURE_TIMEOUT));
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  #onFailure(error: Buffer): void {
    this.#until = 0;
    const { engine } = this.#client.pool;
    const goOn = (): void => {
      if (this.#asked < this.#servers.length && !this.#client.closed) this.ask();
      else this.#end(error);
    };
    setImmediate(engine.guard.bind(this.#client, goOn));
  }

  #hear(said: Buffer): void {
    const { engine } = this.#client.pool;
    const connection = this.#connection;
    this.#until = 0;
    if (connection !== null) {
      setImmediate(engine.guard.bind(connection, () => connection.close()));
    }
    if (isStatus(said)) this.#enter();
    else this.#refuse(errorOf(said) ?? INVALID);
  }

  /** In the words of the server, without those of the request. */
  #refuse(said: Buffer): void {
    const text = said.toString('latin1', 1, said.length - 2);
    const reply = Buffer.from(
      `-${loginRefusal(text, passwordOf(this.#login.request))}\r\n`,
      'latin1',
    );
    if (this.#client.closed) this.#end(reply);
    else {
      this.#settle();
      refuseLogin(this.#client, reply, this.#claim);
    }
  }

  #enter(): void {
    const client = this.#client;
    if (client.closed) {
      this.#end(replies.OK);
      return;
    }
    const { db, login } = laneOf(client);
    const lane = client.pool.lanes.find(db, this.#resp, false, this.#login);
    if (lane === null) {
      this.#end(replies.TOO_MANY_LANES);
      return;
    }
    // What is watched is watched by somebody else.
    const watches = !sameLogin(login, this.#login) && watchedOf(client) !== null;
    if (watches) endWatch(client);
    lane.verified = true;
    client.enterLane(lane);
    logIn(client, this.#login.user);
    if (watches) taint(client);
    this.#settle();
    this.#done(this.#claim);
  }

  #end(reply: Buffer): void {
    this.#settle();
    this.#claim.deliver(reply);
  }

  #settle(): void {
    const { pool } = this.#client;
    pending.set(pool, (pending.get(pool) ?? 1) - 1);
  }
}
