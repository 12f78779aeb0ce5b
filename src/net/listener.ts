import { chmodSync, existsSync, statSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** Where to listen, and how accepted sockets are set up. */
export interface ListenOptions {
  /** A listening socket that is open already; then host, port and path mean nothing. */
  readonly fd?: number;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  /** Permission bits of a unix socket; 0 = the umask decides. */
  readonly mode: number;
  readonly backlog: number;
  readonly keepAlive: boolean;
}

/**
 * Opens a listener. A half-closed client still gets its replies, so sockets stay open for writing.
 * @throws the system's error, as a rejection
 */
export function listen(
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Server> {
  const server = createServer({
    allowHalfOpen: true,
    noDelay: options.path === undefined,
    keepAlive: options.keepAlive && options.path === undefined,
  });
  server.on('connection', onSocket);
  const { path, mode } = options;
  if (path !== undefined) unlinkStale(path);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const { fd, host, port } = options;
    const address = fd !== undefined ? { fd } : path === undefined ? { host, port } : { path };
    server.listen({ ...address, backlog: options.backlog } as object, () => {
      server.off('error', reject);
      if (path !== undefined && mode !== 0) chmodSync(path, mode);
      resolve(server);
    });
  });
}

/** A socket file of an earlier run would make bind() fail. Anything else at that path stays. */
function unlinkStale(path: string): void {
  if (existsSync(path) && statSync(path).isSocket()) unlinkSync(path);
}
