import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

const READ_BYTES = 256 * 1024;
/** Nothing comes for so long: something hangs. */
const STALL_MS = 5_000;
const LONGEST_MS = 60_000;

interface Client {
  readonly socket: Socket;
  /** Reply bytes that are still to come. */
  owed: number;
  sentAt: number;
}

/** Clients that send the next write when the replies to the one before are complete. */
export class ClosedLoop {
  readonly #clients: Client[] = [];
  readonly #writes: readonly Buffer[];
  readonly #replyBytes: number;
  readonly #onTime: ((ms: number) => void) | null;
  #next = 0;
  #completed = 0;
  #waiting = 0;
  /** Writes that may still be made. */
  #left = 0;
  #failure: Error | null = null;
  #done: () => void = () => {};

  /** @param replyBytes to each of `writes` @param onTime hears how long each write took */
  constructor(
    writes: readonly Buffer[],
    replyBytes: number,
    onTime: ((ms: number) => void) | null = null,
  ) {
    this.#writes = writes;
    this.#replyBytes = replyBytes;
    this.#onTime = onTime;
  }

  /** @param tls options of TLS; without them it is not spoken */
  async open(port: number, connections: number, tls?: ConnectionOptions): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES); // nobody looks at what comes
    for (let i = 0; i < connections; i++) {
      const onread = {
        buffer,
        callback: (length: number): boolean => {
          this.#onReply(client, length);
          return true;
        },
      };
      const target = { port, host: '127.0.0.1', noDelay: true, onread };
      const socket = tls === undefined ? connect(target) : connectTls({ ...target, ...tls });
      const client: Client = { socket, owed: 0, sentAt: 0 };
      await once(socket, tls === undefined ? 'connect' : 'secureConnect');
      socket.on('close', () => this.#fail('a connection was closed'));
      socket.on('error', (error) => this.#fail(error.message));
      this.#clients.push(client);
    }
  }

  /**
   * Puts load on for so long, and waits for the last replies.
   * @returns how many writes were answered
   */
  async run(milliseconds: number): Promise<number> {
    return this.#load(Number.POSITIVE_INFINITY, milliseconds);
  }

  /** Makes each write once. */
  async once(): Promise<void> {
    const made = await this.#load(this.#writes.length, LONGEST_MS);
    if (made < this.#writes.length) throw new Error('writing the values takes too long');
  }

  async #load(writes: number, milliseconds: number): Promise<number> {
    this.#completed = 0;
    this.#left = writes;
    const finished = new Promise<void>((resolve) => (this.#done = resolve));
    for (const client of this.#clients) this.#send(client);
    const stop = setTimeout(() => (this.#left = 0), milliseconds);
    const stall = setTimeout(() => this.#fail('replies stay away'), milliseconds + STALL_MS);
    await finished;
    clearTimeout(stop);
    clearTimeout(stall);
    if (this.#failure !== null) throw this.#failure;
    return this.#completed;
  }

  #send(client: Client): void {
    if (this.#left === 0) return;
    this.#left--;
    this.#waiting++;
    client.owed = this.#replyBytes;
    if (this.#onTime !== null) client.sentAt = performance.now();
    client.socket.write(this.#writes[this.#next++ % this.#writes.length]);
  }

  #onReply(client: Client, length: number): void {
    client.owed -= length;
    if (client.owed > 0) return;
    if (client.owed < 0) this.#fail('a reply is longer than it should be');
    this.#onTime?.(performance.now() - client.sentAt);
    this.#completed++;
    this.#waiting--;
    this.#send(client);
    if (this.#waiting === 0) this.#done();
  }

  #fail(what: string): void {
    this.#failure ??= new Error(what);
    this.#left = 0;
    this.#done();
  }

  close(): void {
    this.#done = () => {};
    for (const { socket } of this.#clients) socket.destroy();
  }
}
