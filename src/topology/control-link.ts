import type { Socket } from 'node:net';
import {
  CONTROL_ANSWER_MS,
  CONTROL_PING_MS,
  CONTROL_QUESTIONS,
  CONTROL_RETRY_MAX_MS,
} from '../limits.ts';
import { ADDRESSES } from '../net/addresses/address-book.ts';
import { type DialTarget, dialPlain } from '../net/dial.ts';
import { resetSocket } from '../net/reset.ts';
import { encodeText } from '../protocol/redis/replies/encode.ts';
import { loginRefusal } from '../protocol/redis/replies/login-refusal.ts';
import type { Clock } from './clock.ts';
import { ErrorReply, type Reply, type ReplyLimits, ReplyReader } from './reply-reader.ts';

/** Whom a link leads to, and who is told of it. */
export interface LinkOptions {
  readonly target: DialTarget;
  readonly clock: Clock;
  /** Words of AUTH, without it, asked for each connection; null = it is not said. */
  login(): readonly string[] | null;
  /** The first wait before it is made again, in milliseconds; it doubles. */
  readonly retryMs: number;
  /** How large its replies may be; absent = as those of sentinels. */
  readonly limits?: ReplyLimits;
  /** The link is there: it may be asked. */
  onUp(): void;
  /** It is not, or no longer; said once until it is up again. */
  onDown(reason: string): void;
  /** Something that was not asked for; without this, it is a mistake. */
  onPush?(push: Reply): void;
}

type Answered = (reply: Reply) => void;

/**
 * A connection for questions to a sentinel or a server, which is made again whenever it is lost.
 * One that does not answer in time is lost too, and is asked something every second to find out; so
 * is one whose name leads elsewhere.
 */
export class ControlLink {
  readonly #options: LinkOptions;
  #socket: Socket | null = null;
  #asked: Answered[] = [];
  #up = false;
  #told = false;
  #closed = false;
  #retryMs: number;
  #heardAt = 0;
  #upAt = 0;
  /** Where its name led when it was made. */
  #madeTo = '';
  #cancel: () => void = () => {};

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#retryMs = options.retryMs;
    this.#connect();
  }

  get up(): boolean {
    return this.#up;
  }

  #connect(): void {
    const { target, clock, limits } = this.#options;
    let socket: Socket;
    try {
      socket = dialPlain(target);
    } catch (error) {
      this.#lost((error as Error).message);
      return;
    }
    this.#socket = socket;
    this.#heardAt = clock.now();
    this.#madeTo = ADDRESSES.addressOf(target.host);
    const reader = new ReplyReader((reply) => this.#take(reply), limits);
    const lost = (reason: string): void => {
      if (this.#socket === socket) this.#lost(reason);
    };
    socket.on('error', (error) => lost(error.message));
    socket.on('close', () => lost('it closed the connection'));
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket !== socket) return;
      this.#heardAt = clock.now();
      if (!reader.push(chunk)) lost('its reply is malformed or too large');
    });
    this.#greet(lost);
    this.#watch();
  }

  /** Says who is asking, and asks for a sign of life. */
  #greet(lost: (reason: string) => void): void {
    const { clock, onUp } = this.#options;
    const login = this.#options.login();
    if (login !== null) {
      this.#send(['AUTH', ...login], (reply) => {
        if (!(reply instanceof ErrorReply)) return;
        const said = loginRefusal(reply.text, login.at(-1) as string);
        lost(`it refuses the login: ${said}`);
      });
    }
    this.#send(['PING'], (reply) => {
      if (reply instanceof ErrorReply) {
        lost(`it refuses PING: ${reply.text}`);
        return;
      }
      this.#up = true;
      this.#told = false;
      this.#upAt = clock.now();
      onUp();
    });
  }

  /** Looks every second whether it still answers. */
  #watch(): void {
    this.#cancel();
    const { clock } = this.#options;
    const due = clock.now() + CONTROL_PING_MS;
    this.#cancel = clock.after(CONTROL_PING_MS, () => {
      const now = clock.now();
      // What has come in while this process stood still may not be read yet.
      this.#heardAt = Math.min(now, this.#heardAt + Math.max(0, now - due));
      const silent = now - this.#heardAt;
      if (this.#asked.length > 0 && silent > CONTROL_ANSWER_MS) {
        this.#lost('it does not answer');
        return;
      }
      if (this.#isElsewhere) {
        this.#lost('its name leads elsewhere');
        return;
      }
      if (this.#up && this.#asked.length === 0) this.#send(['PING'], () => {});
      this.#watch();
    });
  }

  /** What was looked up by the system, or is not looked up any more, stays. */
  get #isElsewhere(): boolean {
    const { host } = this.#options.target;
    const now = ADDRESSES.addressOf(host);
    return now !== this.#madeTo && now !== host && this.#madeTo !== host;
  }

  /**
   * Asks; when the link is lost meanwhile there is no answer.
   * @returns false when it cannot be asked now
   */
  ask(words: readonly string[], onAnswer: Answered): boolean {
    if (!this.#up || this.#asked.length >= CONTROL_QUESTIONS) return false;
    this.#send(words, onAnswer);
    return true;
  }

  /** Says something that is answered by pushes only. */
  tell(words: readonly string[]): void {
    this.#socket?.write(encodeText(...words));
  }

  #send(words: readonly string[], onAnswer: Answered): void {
    this.#asked.push(onAnswer);
    this.#socket?.write(encodeText(...words));
  }

  #take(reply: Reply): void {
    const { onPush } = this.#options;
    const isPush = onPush !== undefined && Array.isArray(reply) && reply[0] !== 'pong';
    if (isPush) {
      onPush(reply);
      return;
    }
    const answered = this.#asked.shift();
    if (answered === undefined) this.#lost('it says what nobody asked');
    else answered(reply);
  }

  #lost(reason: string): void {
    const { clock } = this.#options;
    // One that is lost as soon as it is there is not made again at once.
    if (this.#up && clock.now() - this.#upAt > CONTROL_RETRY_MAX_MS) {
      this.#retryMs = this.#options.retryMs;
    }
    this.#drop();
    if (this.#closed) return;
    if (!this.#told) {
      this.#told = true;
      this.#options.onDown(reason);
    }
    const wait = this.#retryMs * (0.75 + Math.random() / 2);
    this.#retryMs = Math.min(CONTROL_RETRY_MAX_MS, this.#retryMs * 2);
    if (!this.#closed) this.#cancel = clock.after(wait, () => this.#connect());
  }

  #drop(): void {
    this.#cancel();
    this.#up = false;
    const isOwed = this.#asked.length > 0;
    this.#asked = [];
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    // What was said and has not arrived must not arrive at any later time: it may be an order.
    if (isOwed) resetSocket(socket);
    else socket.destroy();
  }

  /** It is not waited for any more: the link is made anew, and what was not answered is lost. */
  abandon(): void {
    if (this.#asked.length > 0) this.#lost('it does not answer in time');
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }
}
