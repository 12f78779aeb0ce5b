import { WHOLE } from '../../../protocol/frame-table.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import { WATCHES_EXPIRED } from '../../../stats/counters.ts';
import type { BackendConnection, ConnectionHolder } from '../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import {
  BROKEN,
  NOT_WATCHING,
  TAINTED,
  WATCHING,
  type Watched,
} from '../../client/session/watch.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { LaneKey } from '../../pool/lanes.ts';
import type { Server } from '../../pool/server.ts';

const STATUS = 0x2b; // '+'
const UNWATCH = encodeText('UNWATCH');

/** The first key that is watched, latin1, and its slot. */
export interface FirstKey {
  readonly key: string;
  readonly slot: number;
}

/**
 * A connection over which a server watches keys for one client, from its WATCH to its EXEC. When it
 * is lost, when the keys may belong to another server, or after `watch_timeout`, EXEC answers nil:
 * clients try again then.
 */
export class WatchedConnection implements Watched, ConnectionHolder, Timed {
  readonly #client: ClientConnection;
  readonly server: Server;
  /** The first key, latin1. */
  readonly key: string;
  /** Of all of them in a Redis Cluster; -1 elsewhere. */
  readonly slot: number;
  /** Of the ring that the server was found in. */
  readonly ringNumber: number;
  readonly connection: BackendConnection;
  /** Where the connection is now; not always in its own lane. */
  place: Pick<LaneKey, 'db' | 'resp'>;
  readonly #until: number;
  timerAt = 0;

  constructor(
    client: ClientConnection,
    server: Server,
    connection: BackendConnection,
    { key, slot }: FirstKey,
    ringNumber: number,
  ) {
    this.#client = client;
    this.server = server;
    this.connection = connection;
    this.key = key;
    this.slot = slot;
    this.ringNumber = ringNumber;
    this.place = connection.lane;
    this.#until = millis() + client.pool.config.watchTimeoutMs;
  }

  /** No request of the client is using it any more. */
  rest(): void {
    this.connection.holder = this;
    this.#client.pool.engine.deadlines.arm(this, this.#until);
    this.reroute();
  }

  /** It is there, and no request of the client is using it. */
  get atRest(): boolean {
    return this.connection.holder === this && !this.connection.closed;
  }

  /** It is in another database or RESP version than it was opened for. */
  get strayed(): boolean {
    const { lane } = this.connection;
    return this.place.db !== lane.db || this.place.resp !== lane.resp;
  }

  nextDeadline(): number {
    return this.atRest ? this.#until : 0;
  }

  onDeadline(): void {
    this.#client.pool.counters[WATCHES_EXPIRED]++;
    this.#break();
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  onIdle(): void {}

  onWritable(): void {
    if (this.connection.closed) this.#break();
  }

  reroute(): void {
    if (this.ringNumber !== this.#client.pool.ringNumber) this.#break();
  }

  #break(): void {
    const { session } = this.#client;
    if (session.watched === this) session.watched = null;
    if (session.watch === WATCHING) session.watch = BROKEN;
    this.release();
  }

  release(): void {
    const { connection } = this;
    this.#client.pool.engine.deadlines.forget(this);
    if (connection.holder !== this || connection.closed) return;
    if (this.strayed) {
      connection.holder = null;
      connection.close();
    } else {
      unwatch(connection);
    }
  }
}

/** Has a server forget what it watches; the connection serves others when it says so. */
function unwatch(connection: BackendConnection): void {
  const said = new Unwatched(connection);
  connection.holder = said;
  connection.out.append(UNWATCH);
  connection.sentUnmeasured(said, UNWATCH.length);
}

class Unwatched implements ReplyTarget, ConnectionHolder {
  readonly claim = null;
  readonly distrusts = false;
  readonly #connection: BackendConnection;
  #done = false;

  constructor(connection: BackendConnection) {
    this.#connection = connection;
  }

  onReply(_start: number, _length: number, info: number): void {
    this.#done = (info & WHOLE) === WHOLE && (info & 0xff) === STATUS;
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(): void {}

  onWritable(): void {}

  onIdle(): void {
    const connection = this.#connection;
    connection.holder = null;
    if (this.#done) connection.owner.onIdle(connection);
    else connection.close();
  }
}

/** The connection over which keys are watched for the client; null when there is none. */
export function watchedOf({ session }: ClientConnection): WatchedConnection | null {
  return session.watched as WatchedConnection | null;
}

/** A WATCH was refused: its client may go on as if it were not. */
export function taint(client: ClientConnection): void {
  client.session.watch = TAINTED;
}

/** EXEC, DISCARD, UNWATCH and RESET: nothing is watched for the client any more. */
export function endWatch({ session }: ClientConnection): void {
  session.watched?.release();
  session.watched = null;
  session.watch = NOT_WATCHING;
}
