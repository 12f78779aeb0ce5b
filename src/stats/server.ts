import { createServer, type Server } from 'node:net';
import { STATS_CONNECTIONS, STATS_TIME_MS } from '../limits.ts';
import { BoundedConnections } from '../net/bounded-connections.ts';

/**
 * nutcracker's stats port: whoever connects is sent the stats at once and closed; nothing is read.
 * @param onError told why somebody got nothing @throws the system's error, as a rejection
 */
export function serveStats(
  port: number,
  host: string,
  stats: () => string | Promise<string>,
  onError: (error: unknown) => void,
): Promise<Server> {
  const connections = new BoundedConnections(STATS_CONNECTIONS);
  const server = createServer((socket) => {
    connections.admit(socket);
    socket.on('error', () => socket.destroy());
    // Neither a reader that does not take its line nor one that goes on talking is waited for.
    const timer = setTimeout(() => socket.destroy(), STATS_TIME_MS);
    socket.once('close', () => clearTimeout(timer));
    // What it says is taken, as unread bytes would make closing cut off the line.
    socket.resume();
    void Promise.resolve()
      .then(stats)
      .then((text) => void socket.end(text))
      .catch((error: unknown) => {
        socket.destroy();
        onError(error);
      });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      server.on('error', () => {}); // such as no descriptor for one more: others go on
      resolve(server);
    });
  });
}
