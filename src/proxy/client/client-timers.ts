import type { PoolConfig } from '../../config/index.ts';
import { LINGER_MS, QUIET_LEAVE_MS } from '../../limits.ts';
import { LOG_NOTICE } from '../../log.ts';
import {
  CLIENT_IDLE_TIMEOUTS,
  CLIENT_WRITE_TIMEOUTS,
  LOGIN_TIMEOUTS,
  type PoolCounters,
  REQUEST_READ_TIMEOUTS,
} from '../../stats/counters.ts';
import { millis } from '../engine/clock.ts';
import type { Deadlines, Timed } from '../engine/deadlines.ts';

/** The client, as its timers see it. */
export interface TimedClient {
  readonly pool: { readonly config: PoolConfig; readonly counters: PoolCounters };
  readonly protocol: { readonly unfinished: Buffer };
  readonly socket: { destroy(): unknown };
  readonly closed: boolean;
  readonly authenticated: boolean;
  /** `since`: from when on it has not been logged in. */
  readonly login: { readonly since: number };
  /** A request has begun and its end has not come. */
  readonly unfinished: boolean;
  /** It waits for replies, or until it may ask for more. */
  readonly waits: boolean;
  /** It waits for messages, for as long as it likes. */
  readonly listens: boolean;
  answer(reply: Buffer): void;
  stopReading(): void;
  destroy(reason: string, level?: number): void;
  onException(error: unknown): void;
}

/**
 * What a client may not take for ever: logging in, asking for nothing, sending the rest of a
 * request, reading its replies, and closing after its last one.
 */
export class ClientTimers implements Timed {
  readonly #client: TimedClient;
  readonly #deadlines: Deadlines;
  /** When bytes came in last. */
  lastRead: number;
  /** It waited when it was looked at last: its own time begins behind that. */
  #waited = false;
  #goesOnAt: number;
  /** Since when the kernel takes no more of its replies; 0 = it takes them. */
  #blockedSince = 0;
  #lingerUntil = 0;
  /** The last read, when nothing had come in since for a while. */
  #quietSince = -1;
  timerAt = 0;

  constructor(client: TimedClient, deadlines: Deadlines) {
    this.#client = client;
    this.#deadlines = deadlines;
    this.lastRead = millis();
    this.#goesOnAt = this.lastRead;
    this.#arm();
  }

  /** The limits have changed. */
  restart(): void {
    this.#arm();
  }

  /** Bytes came in. */
  onRead(now: number, unfinished: boolean): void {
    this.lastRead = now;
    this.#waited = false;
    const idles = this.timerAt === 0 && this.#client.pool.config.clientIdleTimeoutMs !== 0;
    if (unfinished || idles) this.#arm();
  }

  /** A write was not taken whole. */
  onBlocked(): void {
    if (this.#blockedSince !== 0) return;
    this.#blockedSince = millis();
    this.#arm();
  }

  /**
   * Whether nothing has come in for a while, found twice: when this process stood still itself,
   * what was sent meanwhile is read in between.
   */
  isQuiet(): boolean {
    const before = this.#quietSince;
    this.#quietSince = millis() - this.lastRead < QUIET_LEAVE_MS ? -1 : this.lastRead;
    return this.#quietSince >= 0 && this.#quietSince === before;
  }

  /** All that was written is taken. */
  onDrained(): void {
    this.#blockedSince = 0;
  }

  /** The last reply is written: some time to read it, then the connection is cut. */
  linger(): void {
    if (this.#client.closed) return;
    this.#lingerUntil = millis() + LINGER_MS;
    this.#arm();
  }

  stop(): void {
    this.#deadlines.forget(this);
  }

  #arm(): void {
    const due = this.nextDeadline();
    if (due !== 0) this.#deadlines.arm(this, due);
  }

  nextDeadline(): number {
    const client = this.#client;
    if (client.closed) return 0;
    if (this.#lingerUntil !== 0) return this.#lingerUntil;
    const login = this.#loginDeadline();
    const next = this.#ioDeadline();
    return login !== 0 && (next === 0 || login < next) ? login : next;
  }

  /** When it must have logged in; 0 = it has, or may take for ever. */
  #loginDeadline(): number {
    const { authenticated, login, pool } = this.#client;
    const { loginTimeoutMs } = pool.config;
    return authenticated || loginTimeoutMs === 0 ? 0 : login.since + loginTimeoutMs;
  }

  #ioDeadline(): number {
    const client = this.#client;
    const { config } = client.pool;
    if (this.#blockedSince !== 0 && config.clientWriteTimeoutMs !== 0) {
      return this.#blockedSince + config.clientWriteTimeoutMs;
    }
    const limit = client.unfinished ? config.requestReadTimeoutMs : config.clientIdleTimeoutMs;
    if (limit === 0 || (client.listens && !client.unfinished)) return 0;
    return this.#countFrom() + limit;
  }

  /**
   * From when on its own time counts, which stands still while it waits. When that has ended is not
   * known to the millisecond: what it has sent meanwhile is still to be read.
   */
  #countFrom(): number {
    const { waits } = this.#client;
    if (waits || this.#waited) this.#goesOnAt = millis();
    this.#waited = waits;
    return Math.max(this.lastRead, this.#goesOnAt);
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }

  onDeadline(now: number): void {
    const client = this.#client;
    const { counters } = client.pool;
    const login = this.#loginDeadline();
    if (this.#lingerUntil !== 0) {
      this.#lingerUntil = 0;
      client.socket.destroy();
    } else if (login !== 0 && login <= now) {
      counters[LOGIN_TIMEOUTS]++;
      client.destroy('it did not log in in time');
    } else if (this.#blockedSince !== 0) {
      counters[CLIENT_WRITE_TIMEOUTS]++;
      client.destroy('it takes none of its replies', LOG_NOTICE);
    } else if (client.unfinished) {
      counters[REQUEST_READ_TIMEOUTS]++;
      client.answer(client.protocol.unfinished);
      client.stopReading();
    } else {
      counters[CLIENT_IDLE_TIMEOUTS]++;
      client.destroy('it was idle too long');
    }
  }
}
