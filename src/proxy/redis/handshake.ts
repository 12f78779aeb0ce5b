import { LOG_WARN } from '../../log.ts';
import { FLAG_FIRST, FLAG_LAST } from '../../protocol/frame-table.ts';
import { encodeRequest, encodeText } from '../../protocol/redis/replies/encode.ts';
import { withoutAttributes } from '../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_INVALID, failureOf, failureText, reasonText } from '../backend/failure.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';

const WHOLE = FLAG_FIRST | FLAG_LAST;
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
  #failed = false;

  constructor(connection: BackendConnection, what: string, last: boolean) {
    this.#connection = connection;
    this.#what = what;
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

/** What a connection logs in with at its server. */
export function loginRequest(password: Buffer): Buffer {
  return encodeRequest([Buffer.from('AUTH'), password]);
}

/**
 * Queues what a new connection must say first: AUTH, HELLO for RESP3, SELECT. Their replies are
 * swallowed. Lane 0 sends requests right behind, as nutcracker does; on other lanes they wait until
 * all of it is granted.
 */
export function handshake(connection: BackendConnection): void {
  const { redisAuth } = connection.owner.pool.config;
  const { lane } = connection;
  const requests: [what: string, bytes: Buffer][] = [];
  if (redisAuth !== null) requests.push(['AUTH', loginRequest(redisAuth)]);
  if (lane.resp === 3) requests.push(['HELLO 3', encodeText('HELLO', '3')]);
  if (lane.db > 0) requests.push([`SELECT ${lane.db}`, encodeText('SELECT', String(lane.db))]);
  if (requests.length === 0) return;
  const { now } = connection.owner.pool.engine;
  const bytes = Buffer.concat(requests.map(([, request]) => request));
  requests.forEach(([what], i) => {
    const last = i === requests.length - 1;
    connection.inFlight.pushTarget(new OwnRequest(connection, what, last), now);
  });
  if (lane.index === 0) connection.out.append(bytes);
  else connection.greeting = bytes;
}
