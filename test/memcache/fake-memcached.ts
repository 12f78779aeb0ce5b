import { createServer, type Socket } from 'node:net';
import type { Action, FakeServer, Script } from '../support/fake-server.ts';
import { delay } from '../support/wait.ts';

const STORAGE = /^(set|add|replace|append|prepend|cas) \S+ \d+ -?\d+ (\d+)|^(ms) \S+ (\d+)/;

/** End of the request that begins at `at`, or -1 when it is incomplete. */
function requestEnd(bytes: Buffer, at: number): number {
  const lineEnd = bytes.indexOf('\n', at) + 1;
  if (lineEnd === 0) return -1;
  const storage = STORAGE.exec(bytes.toString('latin1', at, lineEnd));
  if (storage === null) return lineEnd;
  const end = lineEnd + Number(storage[2] ?? storage[4]) + 2;
  return end > bytes.length ? -1 : end;
}

/** Starts a server of memcached's requests that follows a script. */
export async function startFakeMemcached(script: Script): Promise<FakeServer> {
  const received: Buffer[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections++;
    // Neither the server nor its sockets keep a failed test from ending.
    socket.unref();
    open.add(socket);
    let bytes = Buffer.alloc(0);
    let turn: Promise<void> = Promise.resolve();
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let end = requestEnd(bytes, 0); end > 0; end = requestEnd(bytes, 0)) {
        const request = Buffer.from(bytes.subarray(0, end));
        bytes = bytes.subarray(end);
        const action = script(received.length, request, socket);
        received.push(request);
        if (action !== undefined) turn = turn.then(() => act(socket, action));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return {
    port: (server.address() as { port: number }).port,
    received,
    open,
    get connections() {
      return connections;
    },
    stop: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function act(socket: Socket, action: Action): Promise<void> {
  if (action.do === 'send') {
    if (action.afterMs) await delay(action.afterMs);
    socket.write(action.bytes);
  } else if (action.do === 'send-and-end') {
    socket.end(action.bytes);
  } else if (action.do === 'reset') {
    socket.resetAndDestroy();
  }
}
