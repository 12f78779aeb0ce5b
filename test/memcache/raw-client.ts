import { connect, type Socket } from 'node:net';
import { delay } from '../support/wait.ts';

/** A connection that sends bytes and looks at bytes: it knows nothing of the protocol. */
export class RawClient {
  readonly socket: Socket;
  ended = false;
  #chunks: Buffer[] = [];
  #length = 0;
  #wake: () => void = () => {};

  static open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    const end = (): void => {
      this.ended = true;
      this.#wake();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends the pieces, each as a packet of its own. */
  async sendPieces(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      this.send(piece);
      await delay(1);
    }
  }

  /** Everything received so far. */
  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  /** Forgets what was received. */
  take(): Buffer {
    const all = this.received;
    this.#chunks = [];
    this.#length = 0;
    return all;
  }

  /** Waits until `done` holds of what was received, or the connection ends. */
  async until(
    done: (received: Buffer) => boolean,
    what: string,
    timeoutMs = 30_000,
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.ended && !done(this.received)) {
      const left = deadline - performance.now();
      if (left <= 0) {
        const text = this.received.subarray(-400).toString('latin1');
        throw new Error(`no ${what} within ${timeoutMs} ms; received ...${JSON.stringify(text)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 1_000));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async untilLength(length: number, timeoutMs = 30_000): Promise<void> {
    await this.until(() => this.#length >= length, `${length} bytes`, timeoutMs);
  }

  /**
   * Sends `request`, then lines that are answered alike everywhere, and returns what came
   * before that answer.
   */
  async ask(request: Uint8Array | string, timeoutMs?: number): Promise<string> {
    this.send(request);
    this.send(SENTINEL);
    await this.until(
      (received) => received.subarray(-ANSWER.length).equals(ANSWER),
      'answer',
      timeoutMs,
    );
    const text = this.take().toString('latin1');
    return text.endsWith(SENTINEL_ANSWER) ? text.slice(0, -SENTINEL_ANSWER.length) : text;
  }

  close(): void {
    this.socket.destroy();
  }
}

// Answered by ringway itself, and by nothing else in a test.
const SENTINEL = 'mn\r\nmg * b\r\nmn\r\n';
const SENTINEL_ANSWER = 'MN\r\nCLIENT_ERROR error decoding key\r\nMN\r\n';
const ANSWER = Buffer.from(SENTINEL_ANSWER);
