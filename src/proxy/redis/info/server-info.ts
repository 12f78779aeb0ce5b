import { INFO_ANSWER_BYTES, INFO_ANSWER_MS, INFO_RETRY_MS, INFO_WAIT_MS } from '../../../limits.ts';
import { FLAG_LAST } from '../../../protocol/frame-table.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { exactMillis, millis } from '../../engine/clock.ts';
import type { Deadlines, Timed } from '../../engine/deadlines.ts';
import type { Guard, Guarded } from '../../engine/guard.ts';
import type { Server } from '../../pool/server.ts';
import { figuresOf, NO_FIGURES, type ServerFigures } from './figures.ts';
import { askUnnoticed } from './unnoticed.ts';

const VERSION_LINE = /^redis_version:(\d{1,9}(?:\.\d{1,9}){0,4})\r$/m;

const INFO = encodeText('INFO');
const ERROR_TYPE = 0x2d; // '-'

type Waiting = (() => void)[];

/**
 * What a server says of itself. It is asked when a client wants to know, on a connection of its
 * own: neither requests nor counters nor the server's health notice.
 */
export class ServerInfo implements Timed, Guarded {
  readonly #server: Server;
  readonly #deadlines: Deadlines;
  readonly #guard: Guard;
  /** The last version of Redis that it said; null before it has said any. */
  version: string | null = null;
  /** What it counted when it was asked last. */
  figures: ServerFigures = NO_FIGURES;
  #connection: BackendConnection | null = null;
  #received = '';
  /** Characters of it that were looked at. */
  #looked = 0;
  /** Clients are kept waiting only for a version that is not known, or not known to be right. */
  #worthWaiting = true;
  #askedAt = -Infinity;
  /** It answered when it was asked last. */
  #answered = false;
  #waitUntil = 0;
  #giveUpAt = 0;
  #forVersion: Waiting = [];
  #forFigures: Waiting = [];
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
    this.#askedAt = -Infinity;
  }

  /** Asks, unless that is under way or what is known is younger than `age` ms. */
  refresh(age: number): void {
    const now = millis();
    const pause = this.#answered ? age : Math.min(age, INFO_RETRY_MS);
    if (this.#connection !== null || now < this.#askedAt + pause) return;
    this.#askedAt = now;
    this.#answered = false;
    this.#waitUntil = now + INFO_WAIT_MS;
    this.#giveUpAt = now + INFO_ANSWER_MS;
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
        if (isError) this.stop();
        else if ((info & FLAG_LAST) !== 0) this.#heard();
      },
      // A server that cannot be reached says nothing; its requests tell why.
      onFailure: () => {
        if (this.#connection === connection) this.stop();
      },
    });
    return connection;
  }

  /**
   * Calls `then` once the version is known or not worth waiting for.
   * @returns false when that is now: `then` is not called
   */
  waitForVersion(then: () => void): boolean {
    return this.#worthWaiting && this.#wait(this.#forVersion, then);
  }

  /** As waitForVersion(), for the figures that it is being asked for. */
  waitForFigures(then: () => void): boolean {
    return this.#wait(this.#forFigures, then);
  }

  #wait(waiting: Waiting, then: () => void): boolean {
    if (this.#connection === null || exactMillis() >= this.#waitUntil) return false;
    waiting.push(then);
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
    if (this.#received.length > INFO_ANSWER_BYTES) this.#heard();
  }

  /** All of it is there, or as much as is looked at. */
  #heard(): void {
    this.#answered = true;
    this.figures = figuresOf(this.#received);
    this.stop();
  }

  #learn(version: string): void {
    this.version = version;
    this.#worthWaiting = false;
    letGo(this.#forVersion);
  }

  nextDeadline(): number {
    if (this.#connection === null) return 0;
    const isAwaited = this.#forVersion.length + this.#forFigures.length > 0;
    return isAwaited ? this.#waitUntil : this.#giveUpAt;
  }

  onDeadline(now: number): void {
    if (now >= this.#giveUpAt) this.stop();
    else this.#letGo();
  }

  #letGo(): void {
    letGo(this.#forVersion);
    letGo(this.#forFigures);
  }

  /** Its own connection is closed. Who waits for it answers for itself. */
  onException(error: unknown): void {
    this.stop();
    this.#guard.note("a question for a server's INFO is given up", error);
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

function letGo(waiting: Waiting): void {
  for (const then of waiting.splice(0)) then();
}

const infos: WeakMap<object, ServerInfo> = new WeakMap();

/** What is known of a server. */
export function infoOf(server: Server): ServerInfo {
  let info = infos.get(server);
  if (info === undefined) {
    info = new ServerInfo(server);
    infos.set(server, info);
  }
  return info;
}

/** As infoOf(), of a server that nobody may have asked yet. */
export function knownInfoOf(server: object): ServerInfo | undefined {
  return infos.get(server);
}
