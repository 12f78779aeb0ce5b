import { LOG_WARN } from '../../log.ts';
import { FLAG_FIRST, FLAG_LAST } from '../../protocol/frame-table.ts';
import { encodeText } from '../../protocol/redis/replies/encode.ts';
import { withoutAttributes } from '../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_INVALID, failureOf, failureText, reasonText } from '../backend/failure.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import { PURPOSE_SHARED } from '../backend/owned-connection.ts';
import { loginOf, type RefusedConnection } from './server-login.ts';

const WHOLE = FLAG_FIRST | FLAG_LAST;
const LOGIN = 'AUTH';
const ERROR_TYPE = 0x2d; // '-'
/** What AUTH and SELECT are granted with. */
const STATUS_TYPE: ReadonlySet<number> = new Set(Buffer.from('+'));
/** What HELLO tells about the server in; some give it as an array. */
const HELLO_TYPES: ReadonlySet<number> = new Set(Buffer.from('%*'));
/** Errors of HELLO that only say that the server is too old for RESP3: its RESP2 is valid RESP3. */
const TOO_OLD = /^(ERR unknown command|NOPROTO)/i;

/** The reply to one of our own requests: swallowed, an error is logged. */
class OwnRequest implements ReplyTarget {
  readonly distrusts = false;
  readonly claim = null;
  readonly #connection: BackendConnection;
  readonly #what: string;
  readonly #last: boolean;
  /** Null unless it is one. */
  readonly #login: Buffer | null;
  #failed = false;

  constructor(connection: BackendConnection, what: string, last: boolean, login: Buffer | null) {
    this.#connection = connection;
    this.#what = what;
    this.#login = login;
    this.#last = last;
  }

  onReply(start: number, length: number, info: number): void {
    const { owner, lane } = this.#connection;
    const { config } = owner.pool;
    const text = this.#objection(start, length, info);
    if (text !== null && !this.#failed) {
      const where = `${config.name} | ${owner.name}`;
      owner.log(LOG_WARN, `${this.#what} failed on ${where}: ${text}`, { event: 'not-granted' });
      // Nothing may run in another database than the client asked for.
      this.#failed = lane.index > 0 && !(this.#what === 'HELLO 3' && TOO_OLD.test(text));
      if (this.#login !== null)
        loginOf(owner.pool).onRefused(refusedOf(this.#connection, this.#login));
      if (this.#failed) this.#connection.refuse(text.replace(/^ERR /, ''));
    }
    if (!this.#failed && this.#last && (info & FLAG_LAST) !== 0 && lane.index > 0) {
      this.#connection.handshakeDone();
    }
  }

  /** What a reply, or a piece of one, says against the connection; null when it grants it. */
  #objection(start: number, length: number, info: number): string | null {
    const type = info & 0xff;
    const expected = this.#what === 'HELLO 3' ? HELLO_TYPES : STATUS_TYPE;
    if (expected.has(type)) return null;
    if (type !== ERROR_TYPE || (info & WHOLE) !== WHOLE)
      return failureText(failureOf(FAILURE_INVALID));
    const { memory } = this.#connection.owner.pool.engine;
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
 * all of it is granted.
 */
export function handshake(connection: BackendConnection): void {
  const login = loginOf(connection.owner.pool).request;
  const { lane } = connection;
  const requests: [what: string, request: Buffer][] = [];
  if (login !== null) requests.push([LOGIN, login]);
  if (lane.resp === 3) requests.push(['HELLO 3', encodeText('HELLO', '3')]);
  if (lane.db > 0) {
    requests.push([`SELECT ${lane.db}`, encodeText('SELECT', String(lane.db))]);
  }
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
  if (lane.index === 0) connection.out.append(bytes);
  else connection.greeting = bytes;
}
