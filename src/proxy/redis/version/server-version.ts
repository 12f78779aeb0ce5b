import {
  VERSION_AGE_MS,
  VERSION_ANSWER_BYTES,
  VERSION_ANSWER_MS,
  VERSION_RETRY_MS,
  VERSION_WAIT_MS,
} from '../../../limits.ts';
import { FLAG_LAST } from '../../../protocol/frame-table.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { exactMillis, millis } from '../../engine/clock.ts';
import type { Deadlines, Timed } from '../../engine/deadlines.ts';
import type { Guard, Guarded } from '../../engine/guard.ts';
import type { Server } from '../../pool/server.ts';
import { askUnnoticed } from './unnoticed.ts';

const VERSION_LINE = /^redis_version:(\d{1,9}(?:\.\d{1,9}){0,4})\r$/m;

const INFO = encodeText('INFO', 'server');
const ERROR_TYPE = 0x2d; // '-'

/**
 * What a server says its version of Redis is. It is asked when a client wants to know, on a
 * connection of its own: neither requests nor counters nor the server's health notice.
 */
export class ServerVersion implements Timed, Guarded {
  readonly #server: Server;
  readonly #deadlines: Deadlines;
  readonly #guard: Guard;
  /** The last that it said; null before it has said any. */
  known: string | null = null;
  #connection: BackendConnection | null = null;
  #received = '';
  /** Characters of it that were looked at. */
  #looked = 0;
  /** Clients are kept waiting only for a version that is not known, or not known to be right. */
  #worthWaiting = true;
  #askAgainAt = 0;
  #waitUntil = 0;
  #giveUpAt = 0;
  #waiting: (() => void)[] = [];
  timerAt = 0;

  constructor(server: Server) {
    const { deadlines, guard } = server.pool.engine;
    this.#server = server;
    this.#deadlines = deadlines;
    this.#guard = guard;
  }

  /** The server was away: it may be another one now. */
  askAgain(): void {
    this.#worthWaiting = true;
    this.#askAgainAt = 0;
  }

  /** Asks, unless that was done a moment ago or is under way. */
  refresh(): void {
    const now = millis();
    if (this.#connection !== null || now < this.#askAgainAt) return;
    this.#askAgainAt = now + VERSION_RETRY_MS;
    this.#waitUntil = now + VERSION_WAIT_MS;
    this.#giveUpAt = now + VERSION_ANSWER_MS;
    this.#received = '';
    this.#looked = 0;
    try {
      this.#connection = this.#ask();
    } catch (error) {
      this.onException(error);
      return;
    }
    this.#deadlines.arm(this, this.#waitUntil);
  }

  #ask(): BackendConnection {
    const { engine, lanes } = this.#server.pool;
    const connection = askUnnoticed(this.#server, lanes.first, INFO, {
      claim: null,
      distrusts: false,
      awaitsMore: () => false,
      onReply: (start, length, info) => {
        if (this.#connection !== connection) return;
        const isError = (info & 0xff) === ERROR_TYPE;
        if (!isError) this.#take(engine.memory.toString('latin1', start, start + length));
        if (isError || (info & FLAG_LAST) !== 0) this.stop();
      },
      // A server that cannot be reached says nothing; its requests tell why.
      onFailure: () => {
        if (this.#connection === connection) this.stop();
      },
    });
    return connection;
  }

  /**
   * Calls `then` once it is known or not worth waiting for.
   * @returns false when that is now: `then` is not called
   */
  wait(then: () => void): boolean {
    if (this.#connection === null || !this.#worthWaiting) return false;
    if (exactMillis() >= this.#waitUntil) return false;
    this.#waiting.push(then);
    return true;
  }

  #take(text: string): void {
    this.#received += text;
    // Whole lines are looked at, each once.
    const looked = this.#looked;
    const end = this.#received.lastIndexOf('\n') + 1;
    if (end > looked) {
      this.#looked = end;
      const version = VERSION_LINE.exec(this.#received.slice(looked, end))?.[1];
      if (version !== undefined) this.#learn(version);
    }
    if (this.#received.length > VERSION_ANSWER_BYTES) this.stop();
  }

  #learn(version: string): void {
    this.known = version;
    this.#worthWaiting = false;
    this.#askAgainAt = millis() + VERSION_AGE_MS;
    this.stop();
  }

  nextDeadline(): number {
    if (this.#connection === null) return 0;
    return this.#waiting.length > 0 ? this.#waitUntil : this.#giveUpAt;
  }

  onDeadline(now: number): void {
    if (now >= this.#giveUpAt) this.stop();
    else this.#letGo();
  }

  #letGo(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const then of waiting) then();
  }

  /** Its own connection is closed. Who waits for it answers for itself. */
  onException(error: unknown): void {
    this.stop();
    this.#guard.note("a question for a server's version is given up", error);
  }

  /** Stops asking; whoever waits goes on with what is known. */
  stop(): void {
    const connection = this.#connection;
    this.#connection = null;
    // It may be in the middle of its replies.
    if (connection !== null) {
      setImmediate(this.#guard.bind(connection, () => connection.abandon()));
    }
    this.#deadlines.forget(this);
    this.#letGo();
  }
}

const versions: WeakMap<object, ServerVersion> = new WeakMap();

/** What is known of a server's version. */
export function versionOf(server: Server): ServerVersion {
  let version = versions.get(server);
  if (version === undefined) {
    version = new ServerVersion(server);
    versions.set(server, version);
  }
  return version;
}

/** As versionOf(), of a server that nobody may have asked yet. */
export function knownVersionOf(server: object): ServerVersion | undefined {
  return versions.get(server);
}
