import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TlsToServer } from './tls-client.ts';

/** Takes bytes from the shared receive window. */
export interface ReadHandler {
  /**
   * The first `length` bytes of the window are new; they are gone when this returns.
   * @returns false to stop reading until resume()
   */
  onRead(length: number): boolean;
}

/** `onread` reads straight into the window; `data` is the documented interface, with a copy. */
export type ReaderKind = 'onread' | 'data';

type Handle = { useUserBuffer?: (buffer: Uint8Array) => void };

/**
 * The three private properties through which node:net reads into a caller's buffer. The `onread`
 * option exists only for sockets that connect; accepted ones get the same fields set by hand.
 */
interface OnReadFields {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly generator: symbol;
}

function findOnReadFields(): OnReadFields | null {
  const socket = new Socket({
    onread: { buffer: Buffer.alloc(1), callback: () => true },
  } as ConstructorParameters<typeof Socket>[0]);
  let buffer: symbol | undefined;
  let callback: symbol | undefined;
  let generator: symbol | undefined;
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    if (symbol.description === 'kBuffer') buffer = symbol;
    else if (symbol.description === 'kBufferCb') callback = symbol;
    else if (symbol.description === 'kBufferGen') generator = symbol;
  }
  socket.destroy();
  if (buffer === undefined || callback === undefined || generator === undefined) return null;
  return { buffer, callback, generator };
}

/** Attaches sockets to the one receive window they all share, or to the beginning of it. */
export class Reader {
  readonly kind: ReaderKind;
  readonly #window: Buffer;
  readonly #small: Buffer;
  readonly #fields: OnReadFields | null;

  /**
   * @param window what is read at once of a socket that connects
   * @param smallBytes of it, what is read of one that is accepted
   * @param forced `data` never touches private fields of node:net
   */
  constructor(window: Buffer, smallBytes: number, forced: ReaderKind | null = null) {
    this.#window = window;
    this.#small = window.subarray(0, smallBytes);
    this.#fields = forced === 'data' ? null : findOnReadFields();
    this.kind = this.#fields === null ? 'data' : 'onread';
  }

  /** Begins reading a socket whose `connection` event is being handled. */
  attach(socket: Socket, handler: ReadHandler): void {
    this.#attach(socket, handler, this.#small);
  }

  #attach(socket: Socket, handler: ReadHandler, window: Buffer): void {
    const handle = (socket as unknown as { _handle: Handle | null })._handle;
    if (this.#fields !== null && typeof handle?.useUserBuffer === 'function') {
      const fields = socket as unknown as Record<symbol, unknown>;
      fields[this.#fields.buffer] = window;
      const decrypts = socket instanceof TLSSocket;
      fields[this.#fields.callback] = decrypts
        ? decrypted(socket, handler, window)
        : (length: number): boolean => handler.onRead(length);
      fields[this.#fields.generator] = null;
      handle.useUserBuffer(window);
      // What comes while it is paused.
      if (decrypts) attachData(socket, handler, window);
      return;
    }
    attachData(socket, handler, window);
  }

  /** Options for a socket that connects and reads into the window. */
  connectOptions(tls: TlsToServer | null, handler: ReadHandler): object {
    if (this.kind === 'data' || tls !== null) return {};
    return {
      onread: {
        buffer: this.#window,
        callback: (length: number): boolean => handler.onRead(length),
      },
    };
  }

  /** Completes connectOptions() for the readers that need the socket. */
  attachConnecting(socket: Socket, handler: ReadHandler): void {
    if (this.kind === 'onread' && !(socket instanceof TLSSocket)) return;
    this.#attach(socket, handler, this.#window);
  }
}

/**
 * A socket that decrypts goes on to hand over what it has got, also after it was told to stop.
 * That waits in its stream.
 */
function decrypted(
  socket: TLSSocket,
  handler: ReadHandler,
  window: Buffer,
): (length: number) => boolean {
  return (length) => {
    if (socket.isPaused() || socket.readableLength > 0) {
      socket.push(Buffer.from(window.subarray(0, length)));
      return false;
    }
    if (handler.onRead(length)) return true;
    socket.pause();
    return false;
  };
}

function attachData(socket: Socket, handler: ReadHandler, window: Buffer): void {
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += window.length) {
      const size = chunk.copy(window, 0, at, at + window.length);
      if (handler.onRead(size)) continue;
      socket.pause();
      // Nothing may arrive while paused: what is left of this chunk is read again later.
      if (at + size < chunk.length) socket.unshift(chunk.subarray(at + size));
      return;
    }
  });
}

/** Goes on reading after onRead() returned false. */
export function resumeReading(socket: Socket): void {
  if (!socket.destroyed) socket.resume();
}
