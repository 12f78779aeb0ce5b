import { connect, type Socket } from 'node:net';

export interface ProbeConnectionOptions {
  readonly port: number;
  /** Replies that make a burst complete. */
  readonly depth: number;
  readonly reply: { readonly start: string; readonly bytes: number };
  /** Shared with other connections. */
  readonly buffer: Buffer;
}

export interface ProbeEvents {
  /** One reply is complete; its request was due at `dueMs`. */
  onReply(dueMs: number, nowMs: number): void;
  /** All replies to a burst are. */
  onBurst(): void;
  onFailure(error: Error): void;
}

/** Bursts that may wait for replies: with more than this the target cannot carry the load. */
const IN_FLIGHT = 4096;

/** Remembers when each burst was due, and finds the replies to it by their known length. */
export class ProbeConnection {
  readonly socket: Socket;
  readonly #depth: number;
  readonly #replyStart: number;
  readonly #replyBytes: number;
  readonly #events: ProbeEvents;
  readonly #due = new Float64Array(IN_FLIGHT);
  #sent = 0;
  #answered = 0;
  /** Replies to the oldest burst so far, and bytes of the reply after them. */
  #replies = 0;
  #bytes = 0;
  #closed = false;

  constructor(options: ProbeConnectionOptions, events: ProbeEvents) {
    this.#depth = options.depth;
    this.#replyStart = options.reply.start.charCodeAt(0);
    this.#replyBytes = options.reply.bytes;
    this.#events = events;
    this.socket = connect({
      port: options.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: options.buffer,
        callback: (length, bytes) => {
          this.#receive(bytes, length, performance.now());
          return true;
        },
      },
    });
    this.socket.on('error', (error) => this.#stop(error));
    this.socket.on('close', () => this.#stop(new Error('a connection was closed')));
  }

  send(burst: Buffer, dueMs: number): void {
    if (this.#sent - this.#answered === IN_FLIGHT) {
      this.#stop(new Error(`${IN_FLIGHT} bursts wait on a connection: the load is too high`));
      return;
    }
    this.#due[this.#sent++ % IN_FLIGHT] = dueMs;
    this.socket.write(burst);
  }

  close(): void {
    this.#closed = true;
    this.socket.destroy();
  }

  #receive(bytes: Uint8Array, length: number, nowMs: number): void {
    let at = 0;
    while (at < length) {
      if (this.#bytes === 0 && bytes[at] !== this.#replyStart) {
        const text = Buffer.from(bytes.subarray(at, Math.min(length, at + 80))).toString('latin1');
        this.#stop(new Error(`unexpected reply: ${JSON.stringify(text)}`));
        return;
      }
      const take = Math.min(this.#replyBytes - this.#bytes, length - at);
      at += take;
      this.#bytes += take;
      if (this.#bytes === this.#replyBytes) this.#complete(nowMs);
    }
  }

  #complete(nowMs: number): void {
    this.#bytes = 0;
    this.#events.onReply(this.#due[this.#answered % IN_FLIGHT], nowMs);
    if (++this.#replies < this.#depth) return;
    this.#replies = 0;
    this.#answered++;
    this.#events.onBurst();
  }

  #stop(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#events.onFailure(error);
  }
}
