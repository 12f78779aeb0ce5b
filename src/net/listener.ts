import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { NativeHandle } from './handles.ts';

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
}

/** The longest path of a unix socket. */
const MAX_PATH_BYTES = 107;

/**
 * Opens a listener. A half-closed client still gets its replies, so sockets stay open for writing.
 * @throws the system's error, as a rejection
 */
export function listen(
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Server> {
  const { fd, handle, host, port, path, mode } = options;
  const server = createServer({
    allowHalfOpen: true,
    noDelay: path === undefined,
    pauseOnConnect: options.paused ?? false,
  });
  server.on('connection', onSocket);
  let address: object = { host, port };
  if (handle !== undefined) address = { handle };
  else if (fd !== undefined) address = { fd };
  else if (path !== undefined) address = { path: besides(path) };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...address, backlog: options.backlog } as object, () => {
      server.off('error', reject);
      try {
        if ('path' in address) moveInto(path as string, address.path as string, mode);
        resolve(server);
      } catch (error) {
        server.close();
        reject(error);
      }
    });
  });
}

/**
 * A name beside `path` to bind to. Closing a listener removes the name that it was bound to, and
 * after an upgrade that would be the door of the next process; a name that was moved stays.
 */
function besides(path: string): string {
  const name = join(dirname(path), `.${randomBytes(4).toString('hex')}`);
  if (Buffer.byteLength(name) <= MAX_PATH_BYTES) return name;
  unlinkStale(path);
  return path;
}

/** Gives a bound socket its mode and its name, in the place of an earlier run's. */
function moveInto(path: string, bound: string, mode: number): void {
  if (mode !== 0) chmodSync(bound, mode);
  if (bound === path) return;
  if (existsSync(path) && !statSync(path).isSocket()) {
    throw Object.assign(new Error(`${path} is there and no socket`), { code: 'EADDRINUSE' });
  }
  renameSync(bound, path);
}

/** A socket file of an earlier run would make bind() fail. Anything else at that path stays. */
function unlinkStale(path: string): void {
  if (existsSync(path) && statSync(path).isSocket()) unlinkSync(path);
}
