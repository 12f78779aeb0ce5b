import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import { WRITE_VIEWS } from '../limits.ts';
import type { ReaderKind } from './reader.ts';

/** `handle` writes past the stream of a socket; `stream` is the documented interface. */
export type WriterKind = 'handle' | 'stream';

/** All bytes are with the kernel. */
export const WRITTEN = 0;
/** The kernel did not take all: the rest is read from the arena until the socket has drained. */
export const WAITING = 1;
/** Nothing was tried: the stream has to do it. */
export const UNWRITTEN = 2;

/** What a socket writes with. Private to node:net. */
interface Handle {
  /** Its number, where the system has such; below 0 once it is closed. */
  readonly fd?: number;
  /**
   * @param request taken when the first attempt leaves bytes; null where Node makes it (since 26)
   * @returns 0, a negative error number, or the request that Node made; nothing once it is closed
   */
  writeBuffer(request: WriteRequest | null, bytes: Uint8Array): number | WriteRequest | undefined;
  /** Bytes that wait for the kernel. */
  readonly writeQueueSize: number;
  /** Given to it, taken by the kernel or not. */
  readonly bytesWritten: number;
  /** What it writes to, if it encrypts. */
  readonly _parent?: Handle;
}

interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void;
  socket: Socket | null;
  /** Node reads from it until the request completes. */
  bytes: Uint8Array | null;
  /** It was complete before anybody could be told. */
  writeStatus?: number | null;
  /** Below 0 until Node has taken the request. */
  getAsyncId(): number;
}

type NewRequest = new () => WriteRequest;

/** How this Node wants to be told of a write. */
interface WriteStyle {
  /** null: Node makes its requests itself. */
  readonly Request: NewRequest | null;
}

function handleOf(socket: Socket): Handle | null {
  return (socket as unknown as { _handle: Handle | null })._handle;
}

/** Lets a socket without a connection write, and looks at what it does. */
function findStyle(): WriteStyle | null {
  let found: WriteStyle | null = null;
  const handle = {
    writeBuffer: (request: WriteRequest | null): number => {
      if (request === null) found = { Request: null };
      else if (typeof request.getAsyncId === 'function') {
        found = { Request: request.constructor as NewRequest };
      }
      return 0;
    },
    getAsyncId: (): number => 0,
    readStart: (): number => 0,
    readStop: (): number => 0,
    close: (closed: () => void): void => closed(),
  };
  const options = { handle, readable: false, writable: true };
  try {
    const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
    socket.on('error', () => {});
    socket.write(Buffer.alloc(1));
    socket.destroy();
  } catch {
    return null; // this Node writes in another way
  }
  return found;
}

function onComplete(this: WriteRequest, status: number): void {
  const { socket } = this;
  this.socket = null;
  this.bytes = null;
  if (status < 0 && socket !== null) fail(socket, status);
}

/** Ends a socket whose write failed, as its stream would. */
function fail(socket: Socket, errno: number): void {
  const code = getSystemErrorName(errno);
  socket.destroy(Object.assign(new Error(`write ${code}`), { errno, code, syscall: 'write' }));
}

/**
 * Writes pieces of the arena to sockets. A stream makes a request object, closures and a view for
 * each write and comes back to it later; most writes are taken by the kernel at once and need none
 * of that.
 */
export class Writer {
  readonly kind: WriterKind;
  readonly #memory: Buffer;
  readonly #style: WriteStyle | null;
  /** The next one that has to wait gets it. */
  #request: WriteRequest | null = null;
  /** Views of what was written lately: the same lengths leave from the same slabs. */
  readonly #views: Uint8Array[];
  readonly #starts: Int32Array = new Int32Array(WRITE_VIEWS);

  /** @param forced `data` never touches private parts of node:net */
  constructor(memory: Buffer, forced: ReaderKind | null = null) {
    this.#memory = memory;
    this.#style = forced === 'data' ? null : findStyle();
    this.kind = this.#style === null ? 'stream' : 'handle';
    this.#views = new Array(WRITE_VIEWS).fill(memory.subarray(0, 0));
    this.#makeRequest();
  }

  #makeRequest(): void {
    const Request = this.#style?.Request ?? null;
    if (Request !== null) this.#request = new Request();
  }

  /**
   * Writes arena bytes [start, end). Nothing else may wait in the socket. One that fails is ended
   * and needs the bytes no more: WRITTEN.
   * @returns WRITTEN, WAITING or UNWRITTEN
   */
  write(socket: Socket, start: number, end: number): number {
    const handle = handleOf(socket);
    if (this.#style === null || handle === null || socket.writableLength !== 0) return UNWRITTEN;
    // Of other kinds, TLS for one, nobody knows when their bytes are gone.
    if (socket.constructor !== Socket) return UNWRITTEN;
    const request = this.#request;
    const bytes = this.view(start, end);
    const result = handle.writeBuffer(request, bytes);
    if (typeof result === 'object') return this.#wait(result, socket, bytes);
    if (result !== 0) {
      fail(socket, result ?? -constants.errno.EBADF);
      return WRITTEN;
    }
    // Not the bytes that wait: a second attempt may have taken them, and the request with them.
    if (request === null || request.getAsyncId() < 0) return WRITTEN;
    this.#makeRequest();
    return this.#wait(request, socket, bytes);
  }

  /**
   * Offers arena bytes to the kernel, which keeps none that it does not take: they may change as
   * soon as this returns.
   * @returns how many it took; 0 also where the socket cannot be offered any
   */
  offer(socket: Socket, start: number, length: number): number {
    const handle = handleOf(socket);
    if (this.#style === null || handle === null || socket.constructor !== Socket) return 0;
    const { fd = -1 } = handle;
    if (fd < 0 || socket.writableLength !== 0 || handle.writeQueueSize !== 0) return 0;
    try {
      return writeSync(fd, this.#memory, start, length);
    } catch {
      return 0; // it is full, or broken: the next write() finds out
    }
  }

  #wait(request: WriteRequest, socket: Socket, bytes: Uint8Array): number {
    request.oncomplete = onComplete;
    request.socket = socket;
    request.bytes = bytes;
    const { writeStatus } = request;
    if (typeof writeStatus === 'number') request.oncomplete(writeStatus);
    return WAITING;
  }

  /**
   * Whether a socket has read all of what it is given when its write() returns, if nothing waits in
   * it: one that encrypts does.
   */
  encrypts(socket: Socket): boolean {
    return this.#style !== null && socket instanceof TLSSocket;
  }

  /**
   * Whether one that encrypts has nothing left to write. Where Node has lost the error of what
   * TLS writes by itself (a session ticket), it never comes to that again.
   */
  isIdle(socket: Socket): boolean {
    return socket.writableLength === 0 && (handleOf(socket)?.writeQueueSize ?? 0) === 0;
  }

  /** Bytes of a socket that were offered to the kernel and not taken. */
  queuedBytes(socket: Socket): number {
    const handle = handleOf(socket);
    // What encrypts counts also what was taken, until the loop has come round.
    return (handle?._parent ?? handle)?.writeQueueSize ?? 0;
  }

  /** Bytes of a socket that the kernel has not taken. */
  waitingBytes(socket: Socket): number {
    const handle = this.#style === null ? null : handleOf(socket);
    return Math.max(socket.writableLength, handle?.writeQueueSize ?? 0);
  }

  /** Bytes of a socket that the kernel has taken, since it was opened. */
  takenBytes(socket: Socket): number {
    const handle = this.#style === null ? null : handleOf(socket);
    if (handle === null) return socket.bytesWritten - socket.writableLength;
    return handle.bytesWritten - handle.writeQueueSize;
  }

  /** Arena bytes [start, end). */
  view(start: number, end: number): Uint8Array {
    const length = end - start;
    const at = ((start >>> 12) * 31 + length) & (WRITE_VIEWS - 1);
    const known = this.#views[at];
    if (this.#starts[at] === start && known.length === length) return known;
    const view = this.#memory.subarray(start, end);
    this.#views[at] = view;
    this.#starts[at] = start;
    return view;
  }
}
