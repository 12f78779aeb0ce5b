import { connect, type Socket } from 'node:net';
import { repliesOf } from '../differential/raw-replies.ts';
import { encodeRequest, type Word } from './resp-client.ts';

const PATIENCE_MS = 20_000;

/** A connection whose frames come at any time: RESP2 or RESP3, as latin1 text. */
export class Subscriber {
  readonly socket: Socket;
  closed = false;
  #bytes: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #frames: string[] = [];
  #wake: () => void = () => {};

  static open(port: number): Promise<Subscriber> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Subscriber(socket));
      });
    });
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    socket.on('error', () => {});
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.closed = true;
        this.#wake();
      });
    }
  }

  /** Sends requests in one write. */
  send(...requests: readonly (readonly Word[])[]): void {
    this.socket.write(Buffer.concat(requests.map((words) => encodeRequest(...words))));
  }

  /** Frames that have come and were not taken. */
  get frames(): readonly string[] {
    if (this.#chunks.length > 0) {
      this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks]);
      this.#chunks = [];
      const found = repliesOf(this.#bytes);
      this.#bytes = this.#bytes.subarray(found.reduce((sum, { length }) => sum + length, 0));
      this.#frames.push(...found);
    }
    return this.#frames;
  }

  /** Waits for `count` frames and takes them. */
  async take(count: number): Promise<string[]> {
    while (this.frames.length < count) {
      if (this.closed) throw new Error(`it has ended after ${this.#frames.length} frames`);
      await this.#more(`${this.#frames.length} of ${count} frames`);
    }
    return this.#frames.splice(0, count);
  }

  /** Waits until the other side closes. */
  async end(): Promise<void> {
    while (!this.closed) await this.#more('no end');
  }

  #more(got: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`silence after ${got}`)), PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Sends one request and takes what it is answered with, `count` frames. */
  async ask(words: readonly Word[], count = 1): Promise<string[]> {
    this.send(words);
    return this.take(count);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A frame, its elements written out: `['message', 'a', 'x']`, numbers as `:1`. */
export function frame(type: string, ...elements: readonly (string | number | null)[]): string {
  const parts = elements.map((element) => {
    if (element === null) return type === '>' ? '_\r\n' : '$-1\r\n';
    if (typeof element === 'number') return `:${element}\r\n`;
    return `$${element.length}\r\n${element}\r\n`;
  });
  return `${type}${elements.length}\r\n${parts.join('')}`;
}
