import { createServer, type Server } from 'node:net';

/**
 * nutcracker's stats port: whoever connects is sent the stats at once and closed; nothing is read.
 * @throws the system's error, as a rejection
 */
export function serveStats(port: number, host: string, stats: () => string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.end(stats());
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
