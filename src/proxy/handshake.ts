import { LOG_WARN } from '../log.ts';
import { encodeRequest } from '../protocol/redis/encode.ts';
import type { BackendConnection } from './backend-connection.ts';
import type { ReplyTarget } from './in-flight.ts';
import type { Pool } from './server-pool.ts';

const ERROR_TYPE = 0x2d; // '-'

/** The reply to one of our own requests: swallowed, an error is logged. */
class OwnRequest implements ReplyTarget {
  readonly #connection: BackendConnection;
  readonly #what: string;

  constructor(connection: BackendConnection, what: string) {
    this.#connection = connection;
    this.#what = what;
  }

  onReply(start: number, length: number, info: number): void {
    if ((info & 0xff) !== ERROR_TYPE) return;
    const { server } = this.#connection;
    const text = server.pool.engine.memory.toString('latin1', start + 1, start + length - 2);
    server.pool.engine.log.write(
      LOG_WARN,
      `${this.#what} failed on ${server.pool.config.name} | ${server.name}: ${text}`,
    );
  }

  onFailure(): void {}
}

/** Queues what a new connection must say first: AUTH, then SELECT. Their replies are swallowed. */
export function handshake(connection: BackendConnection, pool: Pool): void {
  const { redisAuth, redisDb } = pool.config;
  const { now } = pool.engine;
  if (redisAuth !== null) {
    connection.out.append(encodeRequest([Buffer.from('AUTH'), redisAuth]));
    connection.inFlight.pushTarget(new OwnRequest(connection, 'AUTH'), now);
  }
  if (redisDb > 0) {
    const db = Buffer.from(String(redisDb));
    connection.out.append(encodeRequest([Buffer.from('SELECT'), db]));
    connection.inFlight.pushTarget(new OwnRequest(connection, `SELECT ${redisDb}`), now);
  }
}
