import { LOG_WARN } from '../../log.ts';
import { encodeRequest } from '../../protocol/redis/replies/encode.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';

const ERROR_TYPE = 0x2d; // '-'
/** Errors of HELLO that only say that the server is too old for RESP3: its RESP2 is valid RESP3. */
const TOO_OLD = /^(ERR unknown command|NOPROTO)/i;

/** The reply to one of our own requests: swallowed, an error is logged. */
class OwnRequest implements ReplyTarget {
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
    const { server, lane } = this.#connection;
    if ((info & 0xff) === ERROR_TYPE) {
      const text = server.pool.engine.memory.toString('latin1', start + 1, start + length - 2);
      server.pool.engine.log.write(
        LOG_WARN,
        `${this.#what} failed on ${server.pool.config.name} | ${server.name}: ${text}`,
      );
      // Nothing may run in another database than the client asked for.
      this.#failed = lane.index > 0 && !(this.#what === 'HELLO 3' && TOO_OLD.test(text));
      if (this.#failed) this.#connection.refuse(text.replace(/^ERR /, ''));
    }
    if (this.#last && !this.#failed && lane.index > 0) this.#connection.handshakeDone();
  }

  onFailure(): void {}
}

/**
 * Queues what a new connection must say first: AUTH, HELLO for RESP3, SELECT. Their replies are
 * swallowed. Lane 0 sends requests right behind, as nutcracker does; on other lanes they wait until
 * all of it is granted.
 */
export function handshake(connection: BackendConnection): void {
  const { redisAuth } = connection.server.pool.config;
  const { lane } = connection;
  const requests: [what: string, words: Buffer[]][] = [];
  if (redisAuth !== null) requests.push(['AUTH', [Buffer.from('AUTH'), redisAuth]]);
  if (lane.resp === 3) requests.push(['HELLO 3', [Buffer.from('HELLO'), Buffer.from('3')]]);
  if (lane.db > 0) {
    const db = Buffer.from(String(lane.db));
    requests.push([`SELECT ${lane.db}`, [Buffer.from('SELECT'), db]]);
  }
  if (requests.length === 0) return;
  const { now } = connection.server.pool.engine;
  const bytes = Buffer.concat(requests.map(([, words]) => encodeRequest(words)));
  requests.forEach(([what], i) => {
    const last = i === requests.length - 1;
    connection.inFlight.pushTarget(new OwnRequest(connection, what, last), now);
  });
  if (lane.index === 0) connection.out.append(bytes);
  else connection.greeting = bytes;
}
