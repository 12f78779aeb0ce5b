import { Socket } from 'node:net';
import { constants } from 'node:os';
import { Duplex } from 'node:stream';
import type { Loop } from '../world/loop.ts';
import type { Endpoint, EndpointOwner } from './connection.ts';
import type { Attempt, Network } from './network.ts';

// A net.Socket of the simulated network: the same stream, the same handle below it, as far as
// ringway uses them, and no system.

type Done = (error?: Error | null) => void;

/** What net.connect() is given, as far as it matters here. */
export interface ConnectOptions {
  readonly host?: string;
  readonly port?: number;
  readonly onread?: { readonly buffer: Uint8Array; readonly callback: (length: number) => boolean };
}

/** The request object of a write that goes past the stream (Node has taken it: its id is set). */
interface WriteRequest {
  oncomplete: ((status: number) => void) | null;
  getAsyncId(): number;
}

const ERRNO = constants.errno as unknown as Readonly<Record<string, number>>;

export function systemError(syscall: string, code: string): NodeJS.ErrnoException {
  const errno = -(ERRNO[code] ?? 0);
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall });
}

/** What a socket of Node has as `_handle`. */
class SimHandle {
  readonly endpoint: Endpoint;
  readonly #socket: SimSocket;
  reading = false;

  constructor(socket: SimSocket, endpoint: Endpoint) {
    this.#socket = socket;
    this.endpoint = endpoint;
  }

  readStart(): number {
    this.endpoint.startReading();
    return 0;
  }

  readStop(): number {
    this.endpoint.stopReading();
    return 0;
  }

  useUserBuffer(buffer: Uint8Array): void {
    this.#socket.useBuffer(buffer);
  }

  get writeQueueSize(): number {
    return this.endpoint.waitingBytes;
  }

  /** As the handle of a socket does: what the kernel does not take at once waits. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number {
    const result = this.endpoint.write(bytes, (error) => {
      request.oncomplete?.(error === null ? 0 : -(ERRNO[error] ?? ERRNO['EIO']));
    });
    if (typeof result === 'string') return -ERRNO[result];
    if (!result) request.getAsyncId = () => 1;
    return 0;
  }

  close(closed: () => void): void {
    this.endpoint.close();
    this.endpoint.loop.closed(closed);
  }
}

export class SimSocket extends Duplex implements EndpointOwner {
  readonly #loop: Loop;
  #attempt: Attempt | null = null;
  _handle: SimHandle | null = null;
  connecting = false;
  #window: Uint8Array | null = null;
  #take: ((length: number) => boolean) | null = null;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  localAddress: string | undefined;
  localPort: number | undefined;

  private constructor(loop: Loop, allowHalfOpen: boolean) {
    super({ allowHalfOpen, emitClose: false, autoDestroy: true, decodeStrings: true });
    this.#loop = loop;
    // Code of the product asks for the class to know how bytes are written.
    Object.defineProperty(this, 'constructor', { value: Socket });
  }

  /** A socket that a listener has accepted. */
  static accepted(endpoint: Endpoint, paused: boolean): SimSocket {
    const socket = new SimSocket(endpoint.loop, true);
    socket.#open(endpoint);
    if (paused) {
      socket.pause();
    } else {
      socket.read(0);
    }
    return socket;
  }

  /** What net.connect() gives. */
  static connect(network: Network, loop: Loop, options: ConnectOptions): SimSocket {
    const socket = new SimSocket(loop, false);
    if (options.onread !== undefined) {
      socket.#window = options.onread.buffer;
      socket.#take = options.onread.callback;
    }
    socket.connecting = true;
    const attempt: Attempt = {
      cancelled: false,
      onConnected: (endpoint) => socket.#onConnected(endpoint),
      onFailed: (code) => {
        const { host = '', port = 0 } = options;
        socket.destroy(systemError(code === 'ENOTFOUND' ? 'getaddrinfo' : 'connect', code));
        socket.remoteAddress = host;
        socket.remotePort = port;
      },
    };
    socket.#attempt = attempt;
    network.connect(loop, options.host ?? 'localhost', options.port ?? 0, attempt);
    return socket;
  }

  #open(endpoint: Endpoint): void {
    endpoint.owner = this;
    this._handle = new SimHandle(this, endpoint);
    this.remoteAddress = endpoint.peer.address;
    this.remotePort = endpoint.peer.port;
    this.localAddress = endpoint.address;
    this.localPort = endpoint.port;
  }

  #onConnected(endpoint: Endpoint): void {
    this.#attempt = null;
    this.connecting = false;
    this.#open(endpoint);
    this.emit('connect');
    this.emit('ready');
    if (!this.isPaused()) this.read(0);
  }

  /** Bytes go straight into `buffer`; who takes them was put into a private field of the socket. */
  useBuffer(buffer: Uint8Array): void {
    this.#window = buffer;
    for (const symbol of Object.getOwnPropertySymbols(this)) {
      if (symbol.description !== 'kBufferCb') continue;
      this.#take = (this as unknown as Record<symbol, (length: number) => boolean>)[symbol];
    }
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  // --- reading ---------------------------------------------------------------------------------

  override _read(): void {
    if (this.connecting || this._handle === null) {
      this.once('connect', () => this._read());
    } else if (!this._handle.reading) {
      this.#startReading();
    }
  }

  #startReading(): void {
    const handle = this._handle;
    if (handle === null) return;
    handle.reading = true;
    handle.readStart();
  }

  #stopReading(): void {
    const handle = this._handle;
    if (handle === null) return;
    handle.reading = false;
    handle.readStop();
  }

  override pause(): this {
    if (this.#take !== null && !this.connecting && this._handle?.reading && !this.destroyed) {
      this.#stopReading();
    }
    return super.pause();
  }

  override resume(): this {
    this.#goOn();
    return super.resume();
  }

  override read(size?: number): unknown {
    this.#goOn();
    return super.read(size);
  }

  #goOn(): void {
    if (this.#take === null || this.connecting || this._handle === null) return;
    if (!this._handle.reading) this.#startReading();
  }

  onData(bytes: Uint8Array): void {
    if (this.destroyed) return;
    const [window, take] = [this.#window, this.#take];
    if (window === null || take === null) {
      if (!this.push(Buffer.from(bytes))) this.#stopReading();
      return;
    }
    for (let at = 0; at < bytes.length; at += window.length) {
      const piece = bytes.subarray(at, at + window.length);
      window.set(piece);
      if (!take(piece.length)) this.#stopReading();
    }
  }

  onEnd(): void {
    if (this.readableEnded) return;
    this.push(null);
    this.read(0);
  }

  onError(code: string): void {
    this.destroy(systemError('read', code));
  }

  // --- writing ---------------------------------------------------------------------------------

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send([{ chunk }], done);
  }

  override _writev(chunks: readonly { chunk: Buffer }[], done: Done): void {
    this.#send(chunks, done);
  }

  #send(chunks: readonly { chunk: Buffer }[], done: Done): void {
    if (this.connecting) {
      const closed = (): void => done(systemError('write', 'ECANCELED'));
      this.once('close', closed);
      this.once('connect', () => {
        this.off('close', closed);
        this.#send(chunks, done);
      });
      return;
    }
    const handle = this._handle;
    if (handle === null) {
      done(systemError('write', 'EBADF'));
      return;
    }
    let open = chunks.length;
    const onWritten = (error: string | null): void => {
      if (error === null) {
        if (--open === 0) done();
      } else if (open > 0) {
        open = 0;
        done(systemError('write', error));
      }
    };
    // No piece is copied before the kernel takes it.
    for (const { chunk } of chunks) {
      const result = handle.endpoint.write(chunk, onWritten);
      if (typeof result === 'string') onWritten(result);
      else if (result) onWritten(null);
    }
  }

  override _final(done: Done): void {
    if (this.connecting) {
      this.once('connect', () => this._final(done));
      return;
    }
    if (this._handle === null) done();
    else this._handle.endpoint.shutdown(() => this.#loop.io(() => done()));
  }

  /** As in Node: destroy() resets the connection. */
  resetAndClosing = false;

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.connecting = false;
    if (this.#attempt !== null) this.#attempt.cancelled = true;
    this.#attempt = null;
    const handle = this._handle;
    if (this.resetAndClosing) handle?.endpoint.abort();
    this._handle = null;
    const told = (): void => void this.emit('close', error !== null);
    if (handle === null) this.#loop.closed(told);
    else handle.close(told);
    done(error);
  }
}
