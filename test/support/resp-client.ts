import { connect, type Socket } from 'node:net';
import { type ConnectionOptions as TlsOptions, connect as tlsConnect } from 'node:tls';

// A RESP2 client for tests. It shares nothing with src/, so that it can judge it.

export type Word = string | number | Uint8Array;
/** A bulk is a Buffer, a status a string, an integer a number (bigint when it is not safe). */
export type Reply = null | string | number | bigint | Buffer | ReplyError | Reply[];

/** An error reply; its message is the line without the "-". Returned, never thrown. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/** Encodes a request as an array of bulk strings. */
export function encodeRequest(...words: Word[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const body = word instanceof Uint8Array ? word : Buffer.from(String(word));
    parts.push(Buffer.from(`$${body.length}\r\n`), body, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** Parses the reply that begins at `at`: [value, position after it], or null when it is incomplete. */
export function parseReply(bytes: Buffer, at = 0): [value: Reply, next: number] | null {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const type = String.fromCharCode(bytes[at]);
  const line = bytes.toString('latin1', at + 1, lineEnd);
  const next = lineEnd + 2;
  switch (type) {
    case '+':
      return [line, next];
    case '-':
      return [new ReplyError(line), next];
    case ':':
      return [parseInteger(line), next];
    case '$':
      return parseBulk(bytes, next, parseLength(line));
    case '*':
      return parseArray(bytes, next, parseLength(line));
    default:
      throw new Error(`not a RESP2 reply: ${JSON.stringify(type + line)} at byte ${at}`);
  }
}

function parseInteger(line: string): number | bigint {
  if (!/^-?\d+$/.test(line)) throw new Error(`not an integer reply: ${JSON.stringify(line)}`);
  const value = Number(line);
  return Number.isSafeInteger(value) ? value : BigInt(line);
}

function parseLength(line: string): number {
  if (!/^(-1|\d+)$/.test(line)) throw new Error(`not a reply length: ${JSON.stringify(line)}`);
  return Number(line);
}

function parseBulk(bytes: Buffer, at: number, length: number): [Reply, number] | null {
  if (length < 0) return [null, at];
  const end = at + length;
  if (bytes.length < end + 2) return null;
  if (bytes[end] !== 13 || bytes[end + 1] !== 10) throw new Error(`bulk without CRLF at ${end}`);
  return [Buffer.from(bytes.subarray(at, end)), end + 2];
}

function parseArray(bytes: Buffer, at: number, length: number): [Reply, number] | null {
  if (length < 0) return [null, at];
  const items: Reply[] = [];
  for (let i = 0; i < length; i++) {
    const item = parseReply(bytes, at);
    if (!item) return null;
    items.push(item[0]);
    at = item[1];
  }
  return [items, at];
}

export interface ConnectOptions {
  port?: number;
  host?: string;
  /** A unix socket, instead of host and port. */
  path?: string;
  /** How long a read may wait for bytes before it fails. */
  timeoutMs?: number;
  /** Speaks TLS, with these options. */
  tls?: TlsOptions;
}

/** One connection. Replies are read in order; several readers may wait at a time. */
export class RespClient {
  readonly socket: Socket;
  readonly timeoutMs: number;
  /** Whether the other side has ended or reset the connection. */
  ended = false;
  error: Error | undefined;
  #chunks: Buffer[] = [];
  #received: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  // Bytes that must be there before another parse makes sense: a bulk of many megabytes arrives in
  // thousands of chunks, and joining them all each time would be quadratic.
  #tryAgainAt = 0;

  static open(options: ConnectOptions | number): Promise<RespClient> {
    const {
      port = 0,
      host = '127.0.0.1',
      path,
      timeoutMs = 20_000,
      tls,
    } = typeof options === 'number' ? { port: options } : options;
    const target = path ? { path } : { port, host, noDelay: true };
    const socket = tls === undefined ? connect(target as never) : tlsConnect({ ...target, ...tls });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        socket.off('error', reject);
        resolve(new RespClient(socket, timeoutMs));
      });
    });
  }

  constructor(socket: Socket, timeoutMs = 20_000) {
    this.socket = socket;
    this.timeoutMs = timeoutMs;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake?.();
    });
    const end = (error?: Error) => {
      this.ended = true;
      if (error) this.error = error;
      this.#wake?.();
    };
    socket.on('end', () => end());
    socket.on('close', () => end());
    socket.on('error', end);
  }

  /** Sends bytes as they are. Resolves when they have been handed to the system. */
  send(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends one request and returns its reply; an error reply is returned as a ReplyError. */
  async command(...words: Word[]): Promise<Reply> {
    const [reply] = await this.pipeline([words]);
    return reply;
  }

  /** Like command(), but an error reply is thrown, and bulks come as strings. */
  async text(...words: Word[]): Promise<Exclude<Reply, Buffer | ReplyError>> {
    const reply = toText(await this.command(...words));
    if (reply instanceof ReplyError) throw reply;
    return reply as Exclude<Reply, Buffer | ReplyError>;
  }

  /** Sends all requests in one write and returns as many replies. */
  pipeline(requests: Word[][]): Promise<Reply[]> {
    const replies = this.read(requests.length);
    this.socket.write(Buffer.concat(requests.map((words) => encodeRequest(...words))));
    return replies;
  }

  /** The next `count` replies. Fails when the connection ends or stays silent before that. */
  async read(count: number): Promise<Reply[]> {
    return (await this.#take(count)).replies;
  }

  /** The bytes of the next `count` replies, exactly as they came. */
  async readRaw(count: number): Promise<Buffer> {
    return (await this.#take(count)).raw;
  }

  /** Everything that still arrives until the other side closes. */
  readToEnd(): Promise<Buffer> {
    return this.#inTurn(async () => {
      while (!this.ended) await this.#more('the connection to close');
      this.#join();
      return this.#cut(this.#received.length);
    });
  }

  /** Bytes that have arrived and that nobody has read. */
  get unread(): Buffer {
    this.#join();
    return this.#received;
  }

  /** Goes with a RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Ends our side only: the other side can still reply. */
  halfClose(): void {
    this.socket.end();
  }

  close(): void {
    this.socket.destroy();
  }

  #take(count: number): Promise<{ replies: Reply[]; raw: Buffer }> {
    return this.#inTurn(async () => {
      const replies: Reply[] = [];
      let at = 0;
      while (replies.length < count) {
        const parsed = this.#parse(at);
        if (parsed) {
          replies.push(parsed[0]);
          at = parsed[1];
        } else if (this.ended) {
          const got = `${replies.length} of ${count} replies`;
          throw new Error(`connection ended after ${got}`, { cause: this.error });
        } else {
          await this.#more(`reply ${replies.length + 1} of ${count}`);
        }
      }
      return { replies, raw: this.#cut(at) };
    });
  }

  #parse(at: number): [Reply, number] | null {
    this.#join();
    const parsed = parseReply(this.#received, at);
    this.#tryAgainAt = parsed ? 0 : this.#missing(at);
    return parsed;
  }

  /** How many bytes must have arrived before the top-level bulk at `at` can be complete. */
  #missing(at: number): number {
    const header = /^\$(\d+)\r\n/.exec(this.#received.toString('latin1', at, at + 32));
    return header ? at + header[0].length + Number(header[1]) + 2 : this.#received.length + 1;
  }

  #join(): void {
    if (this.#chunks.length === 0) return;
    this.#received = Buffer.concat([this.#received, ...this.#chunks]);
    this.#chunks = [];
  }

  #cut(length: number): Buffer {
    const head = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return head;
  }

  /** Waits for bytes or for the end; fails after timeoutMs of silence. */
  async #more(what: string): Promise<void> {
    do {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          this.#wake = undefined;
          reject(new Error(`no byte for ${this.timeoutMs} ms while waiting for ${what}`));
        }, this.timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          this.#wake = undefined;
          resolve();
        };
        if (this.ended) this.#wake();
      });
    } while (!this.ended && this.#received.length + this.#pendingBytes() < this.#tryAgainAt);
  }

  #pendingBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** Bulks as UTF-8 strings, also inside arrays. */
export function toText(reply: Reply): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return Array.isArray(reply) ? reply.map(toText) : reply;
}
