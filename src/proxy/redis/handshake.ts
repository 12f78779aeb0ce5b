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
const ERROR_TYPE = 0x2d; // '-'
/** What AUTH and SELECT are granted with. */
const STATUS_TYPE: ReadonlySet<number> = new Set(Buffer.from('+'));
/** What HELLO tells about the server in; some give it as an array. */
const HELLO_TYPES: ReadonlySet<number> = new Set(Buffer.from('%*'));
/** Errors of HELLO that only say that the server is too old for RESP3: its RESP2 is valid RESP3. */
const TOO_OLD = /^(ERR unknown command|NOPROTO)/i;

/** Something that a new connection says first. */
interface Greeting {
  /** How the log names it. */
  readonly what: string;
  readonly bytes: Buffer;
  /** Types of the replies that grant it. */
  readonly grants: ReadonlySet<number>;
  /** Errors that change nothing; null = each does. */
  readonly harmless: RegExp | null;
  readonly isLogin: boolean;
}

const RESP3: Greeting = {
  what: 'HELLO 3',
  bytes: encodeText('HELLO', '3'),
  grants: HELLO_TYPES,
  harmless: TOO_OLD,
  isLogin: false,
};

function loginWith(bytes: Buffer): Greeting {
  return { what: 'AUTH', bytes, grants: STATUS_TYPE, harmless: null, isLogin: true };
}

function selecting(db: number): Greeting {
  const bytes = encodeText('SELECT', String(db));
  return { what: `SELECT ${db}`, bytes, grants: STATUS_TYPE, harmless: null, isLogin: false };
}

/** The reply to one of them: swallowed, an error is logged. */
class GreetingReply implements ReplyTarget {
  readonly distrusts = false;
  readonly claim = null;
  readonly #connection: BackendConnection;
  readonly #greeting: Greeting;
  readonly #last: boolean;
  #failed = false;

  /** @param last nothing is greeted with behind it */
  constructor(connection: BackendConnection, greeting: Greeting, last: boolean) {
    this.#connection = connection;
    this.#greeting = greeting;
    this.#last = last;
  }

  onReply(start: number, length: number, info: number): void {
    const { owner, lane } = this.#connection;
    const { config } = owner.pool;
    const { what, bytes, harmless, isLogin } = this.#greeting;
    const text = this.#objection(start, length, info);
    if (text !== null && !this.#failed) {
      const where = `${config.name} | ${owner.name}`;
      owner.log(LOG_WARN, `${what} failed on ${where}: ${text}`, { event: 'not-granted' });
      // Nothing may run in another database than the client asked for.
      this.#failed = lane.index > 0 && !harmless?.test(text);
      if (isLogin) loginOf(owner.pool).onRefused(refusedOf(this.#connection, bytes));
      if (this.#failed) this.#connection.refuse(text.replace(/^ERR /, ''));
    }
    if (!this.#failed && this.#last && (info & FLAG_LAST) !== 0 && lane.index > 0) {
      this.#connection.handshakeDone();
    }
  }

  /** What a reply, or a piece of one, says against the connection; null when it grants it. */
  #objection(start: number, length: number, info: number): string | null {
    const type = info & 0xff;
    if (this.#greeting.grants.has(type)) return null;
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
  const greetings: Greeting[] = [];
  if (login !== null) greetings.push(loginWith(login));
  if (lane.resp === 3) greetings.push(RESP3);
  if (lane.db > 0) greetings.push(selecting(lane.db));
  if (greetings.length === 0) return;
  const { now } = connection.owner.pool.engine;
  const bytes = Buffer.concat(greetings.map((greeting) => greeting.bytes));
  greetings.forEach((greeting, i) => {
    const last = i === greetings.length - 1;
    connection.inFlight.pushTarget(new GreetingReply(connection, greeting, last), now);
  });
  if (lane.index === 0) connection.out.append(bytes);
  else connection.greeting = bytes;
}
