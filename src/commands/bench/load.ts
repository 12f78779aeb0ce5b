import type { Socket } from 'node:net';
import type { DialTarget } from '../../net/dial.ts';
import { BUCKETS, bucketOf, HISTOGRAM_MAX } from '../../stats/histogram.ts';
import { type ReplyCounter, replyCounter } from './reply-counter.ts';
import { ask, connectTo, refusedLogin } from './session.ts';

const MINUS = 0x2d;

/** What is to be sent, and how fast. */
export interface LoadOrder {
  readonly target: DialTarget;
  readonly isRedis: boolean;
  readonly connections: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** What each connection says first; empty = nothing. */
  readonly login: Buffer;
  /** Request number `n`, from 0. */
  readonly request: (n: number) => Buffer;
}

/** What came of it. */
export interface LoadResult {
  readonly sent: number;
  readonly answered: number;
  readonly errors: number;
  /** So long requests were due: less than was ordered if it was stopped. */
  readonly seconds: number;
  /** The first of them that says something; empty = none. */
  readonly trouble: string;
  /** Values in the buckets of stats/histogram.ts, in microseconds from when a request was due. */
  readonly latencies: Float64Array;
  readonly maxMicros: number;
  /** The same for how late requests were sent: the load generator itself did not keep up. */
  readonly late: Float64Array;
}

/** Requests that may wait for their replies on one connection: beyond it the target is too slow. */
const IN_FLIGHT = 8192;
const PER_TURN = 256;
/** The last replies have this long. */
const DRAIN_MS = 3_000;
/** Timers are good to a millisecond: nearer due times are waited for without one. */
const NEAR_MS = 2;

/** One connection, and when each of its requests was due. */
class LoadConnection {
  readonly socket: Socket;
  readonly #due = new Float64Array(IN_FLIGHT);
  readonly #counter: ReplyCounter;
  sent = 0;
  answered = 0;

  constructor(socket: Socket, isRedis: boolean) {
    this.socket = socket;
    this.#counter = replyCounter(isRedis);
  }

  get full(): boolean {
    return this.sent - this.answered >= IN_FLIGHT;
  }

  send(bytes: Buffer, dueMs: number): void {
    this.#due[this.sent++ % IN_FLIGHT] = dueMs;
    this.socket.write(bytes);
  }

  take(bytes: Buffer, onReply: (dueMs: number, isError: boolean) => void): void {
    this.#counter.take(bytes, (isError) => {
      if (this.answered === this.sent) throw new Error('a reply that nobody asked for');
      onReply(this.#due[this.answered++ % IN_FLIGHT], isError);
    });
  }
}

/**
 * Sends requests when they are due, as many independent clients would, whether earlier ones are
 * answered or not, and times each reply from when its request was due. A client that waits for a
 * reply before it sends again leaves out just the requests that a stall would have delayed.
 */
export class Load {
  readonly #order: LoadOrder;
  readonly #connections: LoadConnection[] = [];
  readonly #latencies = new Float64Array(BUCKETS);
  readonly #late = new Float64Array(BUCKETS);
  #maxMicros = 0;
  /** Requests so far, and when the next is due. */
  #sent = 0;
  #due = 0;
  #errors = 0;
  #trouble = '';
  #stopped = false;
  /** When the last was sent, if that was before its time. */
  #stoppedAt = Number.POSITIVE_INFINITY;
  #seconds = 0;
  readonly #onProgress: (answered: number, errors: number) => void;

  /** @param onProgress told once a second */
  constructor(order: LoadOrder, onProgress: (answered: number, errors: number) => void) {
    this.#order = order;
    this.#onProgress = onProgress;
  }

  /** Ends before its time: what was measured so far is the result. */
  stop(): void {
    this.#stopped = true;
    this.#stoppedAt = performance.now();
  }

  async run(): Promise<LoadResult> {
    try {
      for (let i = 0; i < this.#order.connections && !this.#stopped; i++) {
        this.#connections.push(await this.#connect());
      }
      await new Promise<void>((resolve, reject) => this.#offer(resolve, reject));
    } finally {
      for (const { socket } of this.#connections) socket.destroy();
    }
    return {
      sent: this.#sent,
      answered: this.#answered,
      errors: this.#errors,
      seconds: this.#seconds,
      trouble: this.#trouble,
      latencies: this.#latencies,
      maxMicros: this.#maxMicros,
      late: this.#late,
    };
  }

  get #answered(): number {
    return this.#connections.reduce((sum, { answered }) => sum + answered, 0);
  }

  async #connect(): Promise<LoadConnection> {
    const { target, isRedis, login } = this.#order;
    const socket = await connectTo(target);
    const connection = new LoadConnection(socket, isRedis);
    if (login.length === 0) return connection;
    try {
      const said = await ask(socket, login);
      if (said[0] === MINUS) throw refusedLogin(said, login);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return connection;
  }

  /** Offers the requests, each when it is due. */
  #offer(done: () => void, fail: (error: Error) => void): void {
    const start = performance.now();
    const end = start + this.#order.seconds * 1000;
    this.#due = start + this.#gap();
    let toldAt = start;
    let over = false;
    const finish = (error: Error | null): void => {
      if (over) return;
      over = true;
      if (error === null) done();
      else fail(error);
    };
    this.#listen(finish);
    const turn = (): void => {
      if (over) return;
      const now = performance.now();
      this.#sendDue(now, end);
      if (now - toldAt >= 1000) {
        toldAt = now;
        this.#onProgress(this.#answered, this.#errors);
      }
      const ended = this.#stopped || this.#due >= end;
      const endAt = Math.min(end, this.#stoppedAt);
      const passed = (endAt - start) / 1000;
      this.#seconds = endAt < end ? passed : this.#order.seconds;
      // What is still under way would come behind what is done next.
      const isAnswered = this.#answered === this.#sent;
      if (ended && (isAnswered || now >= endAt + DRAIN_MS)) finish(null);
      else if (this.#due - now > NEAR_MS || ended) setTimeout(turn, 1);
      else setImmediate(turn);
    };
    turn();
  }

  #listen(finish: (error: Error) => void): void {
    const onReply = (dueMs: number, isError: boolean): void => this.#onReply(dueMs, isError);
    for (const connection of this.#connections) {
      const { socket } = connection;
      socket.on('error', finish);
      socket.on('close', () => finish(new Error('a connection was closed')));
      socket.on('data', (bytes: Buffer) => {
        try {
          connection.take(bytes, onReply);
        } catch (error) {
          finish(error as Error);
        }
      });
    }
  }

  /** Sends what is due before `end`, but not more than a turn should take. */
  #sendDue(now: number, end: number): void {
    for (let i = 0; i < PER_TURN && !this.#stopped; i++) {
      const due = this.#due;
      if (due > now || due >= end) return;
      const connection = this.#connections[this.#sent % this.#connections.length];
      if (connection.full) {
        this.#trouble = `${IN_FLIGHT} requests wait on a connection: the target does not keep up`;
        this.stop();
        return;
      }
      this.#late[bucketOf(Math.min(HISTOGRAM_MAX, Math.round((now - due) * 1000)))]++;
      connection.send(this.#order.request(this.#sent++), due);
      this.#due = due + this.#gap();
    }
  }

  /** Milliseconds until the next request: a Poisson process, what many clients add up to. */
  #gap(): number {
    return (-Math.log(1 - Math.random()) * 1000) / this.#order.perSecond;
  }

  #onReply(dueMs: number, isError: boolean): void {
    const micros = Math.max(0, Math.round((performance.now() - dueMs) * 1000));
    this.#latencies[bucketOf(Math.min(HISTOGRAM_MAX, micros))]++;
    if (micros > this.#maxMicros) this.#maxMicros = micros;
    if (isError) this.#errors++;
  }
}
