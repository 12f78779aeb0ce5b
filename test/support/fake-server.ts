import { createServer, type Server, type Socket } from 'node:net';
import { delay } from './wait.ts';

// A server that follows a script, for faults that a real one cannot be made to show.

export type Action =
  | { readonly do: 'send'; readonly bytes: Buffer; readonly afterMs?: number }
  | { readonly do: 'send-and-end'; readonly bytes: Buffer }
  | { readonly do: 'reset' }
  | { readonly do: 'silence' };

/** What to do with a request, by its number over all connections, its bytes and its connection. */
export type Script = (index: number, request: Buffer, socket: Socket) => Action | undefined;

export interface FakeServer {
  readonly port: number;
  /** Each whole request, in order of arrival, over all connections. */
  readonly received: readonly Buffer[];
  readonly connections: number;
  /** Connections open at the moment. */
  readonly open: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

/** End of the request that begins at `at`, or -1 when it is incomplete. */
export type RequestEnd = (bytes: Buffer, at: number) => number;

function respRequestEnd(bytes: Buffer, at: number): number {
  let lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return -1;
  let end = lineEnd + 2;
  const words = Number(bytes.toString('latin1', at + 1, lineEnd));
  for (let i = 0; i < words; i++) {
    lineEnd = bytes.indexOf('\r\n', end);
    if (lineEnd < 0) return -1;
    end = lineEnd + 2 + Number(bytes.toString('latin1', end + 1, lineEnd)) + 2;
    if (end > bytes.length) return -1;
  }
  return end;
}

/** Answers the i-th action to the i-th request, the last one for all that follow. */
export function inOrder(actions: readonly Action[]): Script {
  return (index) => actions[Math.min(index, actions.length - 1)];
}

export function send(text: string | Buffer, afterMs = 0): Action {
  return { do: 'send', bytes: Buffer.from(text as string, 'latin1'), afterMs };
}

/** Starts a scripted server, of Redis unless told otherwise. @param port 0 = one that is free */
export async function startFake(
  script: Script,
  requestEnd: RequestEnd = respRequestEnd,
  port: number = 0,
): Promise<FakeServer> {
  const received: Buffer[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer({ noDelay: true }, (socket) => {
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
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
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
  switch (action.do) {
    case 'send':
      if (action.afterMs) await delay(action.afterMs);
      socket.write(action.bytes);
      return;
    case 'send-and-end':
      socket.end(action.bytes);
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'silence':
      return;
  }
}
