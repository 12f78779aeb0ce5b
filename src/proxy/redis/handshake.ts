import { LOG_WARN } from '../../log.ts';
import { FLAG_FIRST, FLAG_LAST } from '../../protocol/frame-table.ts';
import { encodeText } from '../../protocol/redis/replies/encode.ts';
import { withoutAttributes } from '../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_INVALID, failureOf, failureText, reasonText } from '../backend/failure.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import { PURPOSE_SHARED } from '../backend/owned-connection.ts';
import { EXECUTED } from '../backend/server-protocol.ts';
import { loginOf, type RefusedConnection } from './server-login.ts';

const WHOLE = FLAG_FIRST | FLAG_LAST;
const LOGIN = 'AUTH';
const ERROR_TYPE = 0x2d; // '-'
const LF = 0x0a;
/** What AUTH and SELECT are granted with. */
const STATUS_TYPE: ReadonlySet<number> = new Set(Buffer.from('+'));
const HELLO = 'HELLO 3';
const ROLE = 'ROLE';
const PING = 'PING';
/** What these are granted with; HELLO is answered with an array by some. */
const TYPES: Readonly<Record<string, ReadonlySet<number>>> = {
  [HELLO]: new Set(Buffer.from('%*')),
  [ROLE]: new Set(Buffer.from('*')),
};
/** How the answer to ROLE begins, behind the number of its elements. */
const MASTER = Buffer.from('$6\r\nmaster\r\n');
/** What a client is told whose requests cannot wait any longer. */
const NOT_MASTER = 'the server is not a master';
/** Errors of HELLO that only say that the server is too old for RESP3: its RESP2 is valid RESP3. */
const TOO_OLD = /^(ERR unknown command|NOPROTO)/i;

/** The reply to one of our own requests: swallowed, an error is logged. */
class OwnRequest implements ReplyTarget {
  readonly distrusts = false;
  readonly claim = null;
  readonly #connection: BackendConnection;
  readonly #what: string;
  readonly #last: boolean;
  /** What it asks for must be granted before anything else is sent. */
  readonly #strict: boolean;
  /** Null unless it is one. */
  readonly #login: Buffer | null;
  #failed = false;

  constructor(connection: BackendConnection, what: string, last: boolean, login: Buffer | null) {
    const { lane, owner } = connection;
    this.#strict = lane.index > 0 || owner.pool.config.followsMaster;
    this.#connection = connection;
    this.#what = what;
    this.#login = login;
    this.#last = last;
  }

  onReply(start: number, length: number, info: number): void {
    const { owner } = this.#connection;
    const { engine, config, protocol } = owner.pool;
    const text = this.#objection(start, length, info);
    if (text !== null && (this.#what === ROLE || this.#what === PING)) {
      this.#failed = true;
      this.#connection.refuse(text.replace(/^ERR /, ''), true);
    } else if (text !== null && !this.#failed) {
      const where = `${config.name} | ${owner.name}`;
      owner.log(LOG_WARN, `${this.#what} failed on ${where}: ${text}`, { event: 'not-granted' });
      // Nothing may run in another database than the client asked for.
      this.#failed = this.#strict && !(this.#what === HELLO && TOO_OLD.test(text));
      if (this.#login !== null)
        loginOf(owner.pool).onRefused(refusedOf(this.#connection, this.#login));
      const away = protocol.refusal(engine.memory, start, length) !== EXECUTED;
      if (this.#failed) this.#connection.refuse(text.replace(/^ERR /, ''), away);
    }
    if (!this.#failed && this.#last && (info & FLAG_LAST) !== 0 && this.#strict) {
      this.#connection.handshakeDone();
    }
  }

  /** What a reply, or a piece of one, says against the connection; null when it grants it. */
  #objection(start: number, length: number, info: number): string | null {
    const type = info & 0xff;
    const { memory } = this.#connection.owner.pool.engine;
    const expected = TYPES[this.#what] ?? STATUS_TYPE;
    if (expected.has(type)) {
      if (this.#what !== ROLE || (info & FLAG_FIRST) === 0) return null;
      const role = memory.indexOf(LF, start) + 1;
      return memory.compare(MASTER, 0, MASTER.length, role, role + MASTER.length) === 0
        ? null
        : NOT_MASTER;
    }
    if (type !== ERROR_TYPE || (info & WHOLE) !== WHOLE) {
      return failureText(failureOf(FAILURE_INVALID));
    }
    const line = withoutAttributes(Buffer.from(memory.subarray(start, start + length)));
    return reasonText(line.toString('latin1', 1, line.length - 2));
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(): void {}
}

function refusedOf(connection: BackendConnection, login: Buffer): RefusedConnection {
  return {
    login,
    get closed() {
      return connection.closed;
    },
    renew: () => {
      // What is in flight on a shared one is answered; nobody would come to close one at rest.
      const shared = connection.purpose === PURPOSE_SHARED;
      if (shared && connection.inFlight.count > 0) connection.owner.retire(connection);
      else connection.refuse('the login is another now');
    },
  };
}

/**
 * Queues what a new connection must say first: AUTH, HELLO for RESP3, SELECT. Their replies are
 * swallowed. Lane 0 sends requests right behind, as nutcracker does; on other lanes they wait until
 * all of it is granted. So they do where servers are followed: there each must say that it is a
 * master, and answer a PING, which one that still loads its data does not.
 */
export function handshake(connection: BackendConnection): void {
  const { followsMaster } = connection.owner.pool.config;
  const login = loginOf(connection.owner.pool).request;
  const { lane } = connection;
  const requests: [what: string, request: Buffer][] = [];
  if (login !== null) requests.push([LOGIN, login]);
  if (lane.resp === 3) requests.push([HELLO, encodeText('HELLO', '3')]);
  if (lane.db > 0) {
    requests.push([`SELECT ${lane.db}`, encodeText('SELECT', String(lane.db))]);
  }
  if (followsMaster) requests.push([ROLE, encodeText(ROLE)], [PING, encodeText(PING)]);
  if (requests.length === 0) return;
  const { now } = connection.owner.pool.engine;
  const bytes = Buffer.concat(requests.map(([, request]) => request));
  requests.forEach(([what], i) => {
    const last = i === requests.length - 1;
    connection.inFlight.pushTarget(
      new OwnRequest(connection, what, last, what === LOGIN ? login : null),
      now,
    );
  });
  if (lane.index === 0 && !followsMaster) connection.out.append(bytes);
  else connection.greeting = bytes;
}
