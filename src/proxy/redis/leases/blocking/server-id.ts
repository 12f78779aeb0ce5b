import { WHOLE } from '../../../../protocol/frame-table.ts';
import { encodeText } from '../../../../protocol/redis/replies/encode.ts';
import { integerOf } from '../../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../../backend/in-flight.ts';

const REQUEST = encodeText('CLIENT', 'ID');

/** The number that a server has given to a connection: asked for once, in front of a request. */
export class ServerId implements ReplyTarget {
  readonly claim = null;
  readonly distrusts = false;
  readonly #connection: BackendConnection;
  /** Null while it is not known, or when the server does not tell. */
  #id: string | null = null;

  private constructor(connection: BackendConnection) {
    this.#connection = connection;
  }

  /** Asks for it, unless that was done before. */
  static of(connection: BackendConnection): void {
    if (ids.has(connection)) return;
    const id = new ServerId(connection);
    ids.set(connection, id);
    connection.out.append(REQUEST);
    connection.sentUnmeasured(id, REQUEST.length);
  }

  static known(connection: BackendConnection | null): string | null {
    const known = connection === null ? undefined : ids.get(connection);
    return known === undefined ? null : known.#id;
  }

  onReply(start: number, length: number, info: number): void {
    if ((info & WHOLE) !== WHOLE) return;
    const { memory } = this.#connection.owner.pool.engine;
    const id = integerOf(Buffer.from(memory.subarray(start, start + length)));
    this.#id = id === null ? null : String(id);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(): void {}
}

const ids: WeakMap<BackendConnection, ServerId> = new WeakMap();
