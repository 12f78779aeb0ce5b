import { createServer, type Server } from 'node:net';

const MAX_CONNECTIONS = 64;
const IDLE_MS = 10_000;

/**
 * nutcracker's stats port: whoever connects is sent the stats at once and closed; nothing is read.
 * @throws the system's error, as a rejection
 */
export function serveStats(
  port: number,
  host: string,
  stats: () => string | Promise<string>,
): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    // A reader that does not take its line is not waited for.
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.resume();
    void Promise.resolve(stats()).then(
      (text) => socket.end(text),
      () => socket.destroy(),
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
