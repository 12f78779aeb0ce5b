import { createServer } from 'node:net';

// Below the range that systems take the ports of outgoing connections from, so that none of those
// occupies a port between the probe and its use.
const LOWEST = 12_000;
const HIGHEST = 32_000;

// A port that was handed out is not handed out again by this process.
const given = new Set<number>();

/** A TCP port on which nobody listens on 127.0.0.1 at the moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || port === 22121 || port === 22222) continue;
    if (await isPortFree(port)) {
      given.add(port);
      return port;
    }
  }
}

/** Whether `port` can be listened on. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host }, () => server.close(() => resolve(true)));
  });
}
