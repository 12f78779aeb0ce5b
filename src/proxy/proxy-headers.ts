import type { Socket } from 'node:net';
import { PROXY_HEADER_MS } from '../limits.ts';
import { claimPeer } from '../net/peers/peer-address.ts';
import { readProxyHeader } from '../net/peers/proxy-protocol.ts';
import { resumeReading } from '../net/reader.ts';
import { exactMillis } from './engine/clock.ts';
import type { Timed } from './engine/deadlines.ts';
import type { Engine } from './engine/engine.ts';
import type { Pool } from './pool/pool.ts';

const NOTHING = Buffer.alloc(0);

/** What becomes of connections that begin with a PROXY header. */
export interface HeaderOwner {
  /** The header has come. @param rest bytes behind it */
  enter(pool: Pool, socket: Socket, tls: boolean, rest: Buffer): void;
  /** It has not, or something else has; the socket is closed. */
  refuse(pool: Pool, socket: Socket, why: string): void;
}

interface Waiting {
  readonly pool: Pool;
  readonly socket: Socket;
  readonly until: number;
  readonly stop: () => void;
}

/** Connections of which a PROXY header is awaited: nothing else of them is looked at before. */
export class ProxyHeaders implements Timed {
  readonly #engine: Engine;
  readonly #owner: HeaderOwner;
  /** In the order in which they came, which is that of their deadlines. */
  readonly #waiting: Map<Socket, Waiting> = new Map();
  /** How many of them are of each pool: asked for with every new connection. */
  readonly #counts: Map<Pool, number> = new Map();
  timerAt = 0;

  constructor(engine: Engine, owner: HeaderOwner) {
    this.#engine = engine;
    this.#owner = owner;
  }

  /** Connections that are not clients yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** The same of one pool. */
  pendingOf(pool: Pool): number {
    return this.#counts.get(pool) ?? 0;
  }

  /** Takes a socket of which nothing was read. */
  accept(pool: Pool, socket: Socket, tls: boolean): void {
    let seen: Buffer = NOTHING;
    const look = (): void => {
      const header = readProxyHeader(seen);
      if (header.kind === 'incomplete') return;
      if (header.kind === 'malformed') {
        this.#refuse(socket, 'it begins with no PROXY header');
        return;
      }
      this.#forget(socket);
      socket.pause();
      if (header.peer !== null) claimPeer(socket, header.peer);
      // What stands behind the header is read out of the chunk, which the stream may use again.
      const rest = Buffer.from(seen.subarray(header.bytes));
      this.#owner.enter(pool, socket, tls, rest);
      if (!tls && rest.length === 0) resumeReading(socket);
    };
    const onGone = (): void => void this.#forget(socket)?.destroy();
    const guarded = this.#engine.guard.bind(this, look);
    const onData = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      guarded();
    };
    socket.on('data', onData);
    socket.on('end', onGone);
    socket.on('error', onGone);
    socket.on('close', onGone);
    const stop = (): void => {
      socket.off('data', onData);
      for (const event of ['end', 'close', 'error']) socket.off(event, onGone);
    };
    const until = exactMillis() + PROXY_HEADER_MS;
    this.#waiting.set(socket, { pool, socket, until, stop });
    this.#counts.set(pool, this.pendingOf(pool) + 1);
    this.#engine.deadlines.arm(this, this.nextDeadline());
    socket.resume();
  }

  #forget(socket: Socket): Socket | null {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) return null;
    this.#waiting.delete(socket);
    const left = this.pendingOf(waiting.pool) - 1;
    if (left > 0) this.#counts.set(waiting.pool, left);
    else this.#counts.delete(waiting.pool);
    waiting.stop();
    return socket;
  }

  #refuse(socket: Socket, why: string): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) return;
    this.#forget(socket);
    socket.on('error', () => {});
    this.#owner.refuse(waiting.pool, socket, why);
    socket.destroy();
  }

  nextDeadline(): number {
    for (const { until } of this.#waiting.values()) return Math.ceil(until);
    return 0;
  }

  onDeadline(): void {
    const now = exactMillis();
    for (const { socket, until } of this.#waiting.values()) {
      if (until > now) return;
      this.#refuse(socket, `it sent no PROXY header within ${PROXY_HEADER_MS / 1000} s`);
    }
  }

  onException(error: unknown): void {
    this.#engine.guard.note('a PROXY header is not read', error);
  }

  /** Closes them. @param pool of this pool alone; null = all */
  close(pool: Pool | null): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (pool !== null && waiting.pool !== pool) continue;
      this.#forget(waiting.socket);
      waiting.socket.on('error', () => {});
      waiting.socket.destroy();
    }
    if (this.#waiting.size === 0) this.#engine.deadlines.forget(this);
  }
}
