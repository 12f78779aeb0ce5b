import { connect, createServer, type Server, type Socket } from 'node:net';
import { delay } from '../support/wait.ts';

interface Link {
  /** Towards whoever connected. */
  readonly near: Socket;
  /** Towards the server. */
  readonly far: Socket;
}

/** Stands before a real server and does to its connections what networks do. */
export class FaultProxy {
  readonly port: number;
  readonly #target: number;
  readonly #links: Set<Link> = new Set();
  #server: Server;
  #delayMs = 0;
  #partitioned = false;

  static async start(target: number): Promise<FaultProxy> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FaultProxy(target, server);
  }

  private constructor(target: number, server: Server) {
    this.#target = target;
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (near: Socket) => this.#accept(near));
  }

  get connections(): number {
    return this.#links.size;
  }

  #accept(near: Socket): void {
    const options = { port: this.#target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true };
    const link: Link = { near, far: connect(options) };
    this.#links.add(link);
    this.#forward(link.near, link.far);
    this.#forward(link.far, link.near);
    for (const socket of [link.near, link.far]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#links.delete(link);
        near.destroy();
        link.far.destroy();
      });
    }
    if (this.#partitioned) this.#freeze(link);
  }

  #forward(from: Socket, to: Socket): void {
    let turn: Promise<void> = Promise.resolve();
    const inTurn = (work: () => void): void => {
      const wait = this.#delayMs;
      const due = performance.now() + wait;
      turn = turn.then(async () => {
        if (wait > 0) await delay(Math.max(0, due - performance.now()));
        if (!to.destroyed) work();
      });
    };
    from.on('data', (chunk) => {
      inTurn(() => {
        if (!to.write(chunk)) from.pause();
      });
    });
    to.on('drain', () => {
      if (!this.#partitioned) from.resume();
    });
    from.on('end', () => inTurn(() => to.end()));
  }

  #freeze({ near, far }: Link): void {
    near.pause();
    far.pause();
  }

  /** Each chunk arrives this much later, in both directions. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Nothing gets through any more, and nobody is told. */
  partition(): void {
    this.#partitioned = true;
    for (const link of this.#links) this.#freeze(link);
  }

  /** What was held back arrives now. */
  heal(): void {
    this.#partitioned = false;
    for (const { near, far } of this.#links) {
      near.resume();
      far.resume();
    }
  }

  /** Resets every connection. */
  reset(): void {
    for (const { near, far } of this.#links) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Ends the direction towards whoever connected; the other one stays open. */
  halfClose(): void {
    for (const { near } of this.#links) near.end();
  }

  /** Nobody listens any more; open connections are reset. */
  async refuse(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.reset();
    await closed;
  }

  /** Listens again after refuse(). */
  async accept(): Promise<void> {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true });
    this.#server.on('connection', (near: Socket) => this.#accept(near));
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { near, far } of this.#links) {
      near.destroy();
      far.destroy();
    }
    await closed;
  }
}
