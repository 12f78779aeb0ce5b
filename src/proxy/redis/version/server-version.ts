import type { Socket } from 'node:net';
import type { ServerConfig } from '../../../config/index.ts';
import {
  VERSION_AGE_MS,
  VERSION_ANSWER_BYTES,
  VERSION_ANSWER_MS,
  VERSION_RETRY_MS,
  VERSION_WAIT_MS,
} from '../../../limits.ts';
import { dialPlain } from '../../../net/dial.ts';
import { encodeRequest, encodeText } from '../../../protocol/redis/replies/encode.ts';
import { exactMillis, millis } from '../../engine/clock.ts';
import type { Deadlines, Timed } from '../../engine/deadlines.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Guard, Guarded } from '../../engine/guard.ts';
import type { Server } from '../../pool/server.ts';

const VERSION_LINE = /^redis_version:(\d{1,9}(?:\.\d{1,9}){0,4})\r$/m;

/** INFO's answer stands behind that of AUTH. @returns whether nothing more is to be expected */
function isRefused(received: string, withAuth: boolean): boolean {
  const at = withAuth ? received.indexOf('\r\n') + 2 : 0;
  return (!withAuth || at > 1) && received[at] === '-';
}

/**
 * What a server says its version of Redis is. It is asked when a client wants to know, on a
 * connection of its own: neither requests nor counters nor the server's health notice.
 */
export class ServerVersion implements Timed, Guarded {
  readonly #deadlines: Deadlines;
  readonly #guard: Guard;
  /** The last that it said; null before it has said any. */
  known: string | null = null;
  #socket: Socket | null = null;
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

  constructor({ deadlines, guard }: Engine) {
    this.#deadlines = deadlines;
    this.#guard = guard;
  }

  /** The server was away: it may be another one now. */
  askAgain(): void {
    this.#worthWaiting = true;
    this.#askAgainAt = 0;
  }

  /** Asks, unless that was done a moment ago or is under way. */
  refresh(target: ServerConfig, password: Buffer | null): void {
    const now = millis();
    if (this.#socket !== null || now < this.#askAgainAt) return;
    const socket = dialPlain(target);
    this.#socket = socket;
    this.#received = '';
    this.#looked = 0;
    this.#waitUntil = now + VERSION_WAIT_MS;
    this.#giveUpAt = now + VERSION_ANSWER_MS;
    this.#askAgainAt = now + VERSION_RETRY_MS;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#guard.bind(this, () => this.#take(text, password !== null))();
    });
    const onLost = this.#guard.bind(this, () => {
      if (this.#socket === socket) this.stop();
    });
    // A server that cannot be reached says nothing; its requests tell why.
    socket.on('error', onLost);
    socket.on('end', onLost);
    if (password !== null) socket.write(encodeRequest([Buffer.from('AUTH'), password]));
    socket.write(encodeText('INFO', 'server'));
    this.#deadlines.arm(this, this.#waitUntil);
  }

  /**
   * Calls `then` once it is known or not worth waiting for.
   * @returns false when that is now: `then` is not called
   */
  wait(then: () => void): boolean {
    if (this.#socket === null || !this.#worthWaiting) return false;
    if (exactMillis() >= this.#waitUntil) return false;
    this.#waiting.push(then);
    return true;
  }

  #take(text: string, withAuth: boolean): void {
    this.#received += text;
    if (this.#received.length > VERSION_ANSWER_BYTES) {
      this.stop();
      return;
    }
    // Whole lines are looked at, each once.
    const looked = this.#looked;
    const end = this.#received.lastIndexOf('\n') + 1;
    if (end <= looked) return;
    this.#looked = end;
    const version = VERSION_LINE.exec(this.#received.slice(looked, end))?.[1];
    if (version !== undefined) {
      this.known = version;
      this.#worthWaiting = false;
      this.#askAgainAt = millis() + VERSION_AGE_MS;
      this.stop();
    } else if (isRefused(this.#received, withAuth)) {
      this.stop();
    }
  }

  nextDeadline(): number {
    if (this.#socket === null) return 0;
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
    this.#socket?.destroy();
    this.#socket = null;
    this.#deadlines.forget(this);
    this.#letGo();
  }
}

const versions: WeakMap<object, ServerVersion> = new WeakMap();

/** What is known of a server's version. */
export function versionOf(server: Server): ServerVersion {
  let version = versions.get(server);
  if (version === undefined) {
    version = new ServerVersion(server.pool.engine);
    versions.set(server, version);
  }
  return version;
}

/** As versionOf(), of a server that nobody may have asked yet. */
export function knownVersionOf(server: object): ServerVersion | undefined {
  return versions.get(server);
}
