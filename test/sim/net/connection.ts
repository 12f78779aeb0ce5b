import type { Random } from '../../fuzz/random.ts';
import type { Loop } from '../world/loop.ts';
import type { World } from '../world/world.ts';
import { Pipe, type PipeTraits } from './pipe.ts';

/** What a process does with its side of a connection. All is called in a turn of that process. */
export interface EndpointOwner {
  /** Bytes came; up to `endpoint.largestRead` of them. */
  onData(bytes: Uint8Array): void;
  /** The other side sends no more. */
  onEnd(): void;
  /** The connection is lost: ECONNRESET, ... */
  onError(code: string): void;
}

const OPEN = 0;
/** An error has arrived and was not yet told. */
const FAILING = 1;
const CLOSED = 2;

/** One side of a connection, in one process. */
export class Endpoint {
  readonly loop: Loop;
  readonly connection: Connection;
  readonly side: 0 | 1;
  readonly address: string;
  readonly port: number;
  owner: EndpointOwner | null = null;
  largestRead: number = 64 * 1024;
  #reading = false;
  #queued = false;
  #state: number = OPEN;
  #error = '';
  #endTold = false;
  #shutdown = false;

  constructor(connection: Connection, side: 0 | 1, loop: Loop, address: string, port: number) {
    this.connection = connection;
    this.side = side;
    this.loop = loop;
    this.address = address;
    this.port = port;
  }

  get #in(): Pipe {
    return this.connection.pipes[1 - this.side];
  }

  get #out(): Pipe {
    return this.connection.pipes[this.side];
  }

  get peer(): Endpoint {
    return this.connection.sides[1 - this.side];
  }

  get closed(): boolean {
    return this.#state === CLOSED;
  }

  get reading(): boolean {
    return this.#reading;
  }

  /** Bytes that this process still holds. */
  get waitingBytes(): number {
    return this.#out.waitingBytes;
  }

  /** Bytes for this side that its process has not read. */
  get unreadBytes(): number {
    return this.#in.arrivedBytes;
  }

  startReading(): void {
    if (this.#reading || this.closed) return;
    this.#reading = true;
    this.onArrival();
  }

  stopReading(): void {
    this.#reading = false;
  }

  /** @returns an error code when nothing can be sent; whether all was taken otherwise */
  write(bytes: Uint8Array, done: (error: string | null) => void): boolean | string {
    if (this.#state === FAILING) return this.#error;
    if (this.closed || this.#shutdown) return 'EPIPE';
    return this.#out.send(bytes, done);
  }

  /** Sends no more behind what was written. */
  shutdown(done: () => void): void {
    if (this.closed || this.#state === FAILING || this.#shutdown) {
      done();
      return;
    }
    this.#shutdown = true;
    this.#out.finish(done);
  }

  onArrival(): void {
    if (!this.#reading || this.#queued || this.closed) {
      if (this.closed) this.#refuse();
      return;
    }
    const { arrivedBytes, ended } = this.#in;
    const tellsEnd = ended && !this.#endTold;
    if (arrivedBytes === 0 && !tellsEnd && this.#state !== FAILING) return;
    this.#queued = true;
    this.loop.io(() => this.#onReadable());
  }

  /** Bytes for a closed socket are answered with a reset. */
  #refuse(): void {
    if (this.#in.arrivedBytes > 0) this.connection.reset(this.side);
  }

  #onReadable(): void {
    this.#queued = false;
    if (!this.#reading || this.closed) return;
    const bytes = this.#in.read(this.largestRead);
    if (bytes !== null) {
      this.owner?.onData(bytes);
      this.onArrival();
      return;
    }
    if (this.#state === FAILING) {
      this.#reading = false;
      this.owner?.onError(this.#error);
    } else if (this.#in.ended && !this.#endTold) {
      this.#endTold = true;
      this.owner?.onEnd();
    }
  }

  /** An error has arrived; who does not read hears of it with its next write. */
  fail(code: string): void {
    if (this.#state !== OPEN) return;
    this.#state = FAILING;
    this.#error = code;
    if (this.#out.waitingBytes > 0) this.loop.io(() => this.#out.cancel(code));
    this.onArrival();
  }

  /** Closes: unread bytes become a reset for the other side. */
  close(): void {
    if (this.closed) return;
    const unread = this.#in.arrivedBytes > 0;
    const failing = this.#state === FAILING;
    this.#leave();
    if (failing) return;
    if (unread) this.connection.reset(this.side);
    else this.#out.finish(() => {});
  }

  /** Closes with a reset, as the system does for a process that is killed in the middle. */
  abort(): void {
    if (this.closed) return;
    const failing = this.#state === FAILING;
    this.#leave();
    if (!failing) this.connection.reset(this.side);
  }

  #leave(): void {
    this.#state = CLOSED;
    this.#reading = false;
    this.#out.cancel('ECANCELED');
    this.connection.onSideClosed();
  }
}

/** A connection between two processes. */
export class Connection {
  readonly #world: World;
  readonly id: number;
  readonly sides: readonly [Endpoint, Endpoint];
  readonly pipes: readonly [Pipe, Pipe];
  readonly #onGone: (connection: Connection) => void;
  #resetBy: 0 | 1 | -1 = -1;
  #resetWaits = false;
  #cut = false;

  constructor(
    world: World,
    id: number,
    random: Random,
    traits: readonly [PipeTraits, PipeTraits],
    loops: readonly [Loop, Loop],
    addresses: readonly [string, string],
    ports: readonly [number, number],
    onGone: (connection: Connection) => void,
  ) {
    this.#world = world;
    this.id = id;
    this.#onGone = onGone;
    const side = (at: 0 | 1) => new Endpoint(this, at, loops[at], addresses[at], ports[at]);
    this.sides = [side(0), side(1)];
    const pipe = (from: 0 | 1) => {
      const sender = { later: (run: () => void) => loops[from].io(run) };
      return new Pipe(world, random, traits[from], sender, this.sides[1 - from]);
    };
    this.pipes = [pipe(0), pipe(1)];
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** Whether nobody has closed it, nor lost it. */
  get open(): boolean {
    return this.#resetBy === -1 && !this.sides[0].closed && !this.sides[1].closed;
  }

  /** A black hole: both sides send, nothing arrives. @param from of this side only; null = both */
  cut(from: string | null = null): void {
    this.#cut = true;
    for (const at of [0, 1] as const) {
      if (from === null || this.sides[at].address === from) this.pipes[at].cut();
    }
  }

  heal(): void {
    if (!this.#cut) return;
    this.#cut = false;
    for (const pipe of this.pipes) pipe.heal();
    if (this.#resetWaits) this.#sendReset();
  }

  /** One side is gone: the other learns it when the reset arrives. */
  reset(by: 0 | 1): void {
    if (this.#resetBy !== -1) return;
    this.#resetBy = by;
    this.pipes[by].cancel('ECONNRESET');
    this.pipes[by].close(true);
    if (this.#cut) this.#resetWaits = true;
    else this.#sendReset();
  }

  #sendReset(): void {
    this.#resetWaits = false;
    const by = this.#resetBy as 0 | 1;
    this.#world.after(this.pipes[by].traits.latencyMicros, () => {
      this.pipes[1 - by].close(false);
      this.sides[1 - by].fail('ECONNRESET');
    });
  }

  /** The network itself resets both sides, as a firewall that has forgotten it. */
  sever(): void {
    for (const at of [0, 1] as const) {
      this.pipes[at].close(true);
      this.#world.after(this.pipes[at].traits.latencyMicros, () => {
        this.sides[1 - at].fail('ECONNRESET');
      });
    }
    this.#resetBy = 0;
  }

  onSideClosed(): void {
    if (this.sides[0].closed && this.sides[1].closed) this.#onGone(this);
  }
}
