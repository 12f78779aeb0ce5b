import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { NativeHandle } from './handles.ts';
import { type FileId, fileIdAt, SocketFile, staleAt } from './socket-file.ts';

/** Where to listen, and how accepted sockets are set up. */
export interface ListenOptions {
  /** A listening socket that is open already; then host, port and path mean nothing. */
  readonly fd?: number;
  /** The same, from another process. */
  readonly handle?: NativeHandle;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  /** Permission bits of a unix socket; 0 = the umask decides. */
  readonly mode: number;
  readonly backlog: number;
  /** Accepted sockets are for another process: nothing is read of them. */
  readonly paused?: boolean;
  /** Our own listener that has this path now: it keeps it until `file.replace()`. */
  readonly replaces?: FileId | null;
}

/** An open listener. */
export interface Listener {
  readonly server: Server;
  /** Null unless it was bound to a path here. */
  readonly file: SocketFile | null;
}

/**
 * Opens a listener. A half-closed client still gets its replies, so sockets stay open for writing.
 * @throws the system's error, as a rejection; EADDRINUSE for a path that somebody listens on
 */
export async function listen(
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  const { fd, handle, host, port, path, backlog } = options;
  const server = createServer({
    allowHalfOpen: true,
    noDelay: path === undefined,
    pauseOnConnect: options.paused ?? false,
  });
  server.on('connection', onSocket);
  if (handle === undefined && fd === undefined && path !== undefined) {
    return { server, file: await listenAt(server, path, options) };
  }
  let address: object = { host, port };
  if (handle !== undefined) address = { handle };
  else if (fd !== undefined) address = { fd };
  await bind(server, { ...address, backlog });
  return { server, file: null };
}

/**
 * Lets `server` listen on a unix socket, whose mode is right from its first moment.
 * @throws as listen()
 */
export async function listenAt(
  server: Server,
  path: string,
  { mode, backlog, replaces = null }: Pick<ListenOptions, 'mode' | 'backlog' | 'replaces'>,
): Promise<SocketFile> {
  const own = replaces !== null && fileIdAt(path) === replaces;
  // Looked at before anything is made, so that a refusal leaves nothing behind.
  if (!own) await staleAt(path);
  const file = new SocketFile(path);
  const listening = withMode(mode, () => bind(server, { path: file.bound, backlog }));
  await listening;
  file.identify();
  try {
    // Bits that bind() does not set.
    if (mode !== 0) chmodSync(file.bound, mode);
    if (!own) await file.place();
  } catch (error) {
    file.remove();
    server.close();
    throw error;
  }
  return file;
}

/** bind() is done within the call, and so is made with this mode. */
function withMode<T>(mode: number, bindNow: () => T): T {
  if (mode === 0) return bindNow();
  const umask = process.umask(0o777 & ~mode);
  try {
    return bindNow();
  } finally {
    process.umask(umask);
  }
}

function bind(server: Server, options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
