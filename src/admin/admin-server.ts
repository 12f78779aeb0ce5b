import { createServer, type Server, type Socket } from 'node:net';
import { RingwayError } from '../errors.ts';
import { ADMIN_BACKLOG, ADMIN_CONNECTIONS, ADMIN_IDLE_MS, ADMIN_LINE_BYTES } from '../limits.ts';
import { BoundedConnections } from '../net/bounded-connections.ts';
import { listenAt } from '../net/listener.ts';
import { adminWords } from './admin-line.ts';

/** Answers a command; what it returns is sent as JSON. An error is sent as its message. */
export type AdminAction = (words: readonly string[]) => object | Promise<object>;
export type AdminActions = ReadonlyMap<string, AdminAction>;

/** Whoever says more means another command: `drain alpha s1` is not to end the program. */
export function alone(name: string, action: () => object | Promise<object>): AdminAction {
  return (words) => {
    if (words.length === 0) return action();
    throw new RingwayError('RINGWAY_USAGE', `expected ${name}, and nothing behind it`);
  };
}

/** Only the owner may connect: whoever can, may drain and reload. */
const OWNER_ONLY = 0o600;

/** An open admin socket. */
export interface AdminDoor {
  /** Answers of commands that run are still sent; connections that are open have no others. */
  close(): void;
}

/**
 * The admin socket: a unix socket of mode 0600. A command is a line of words, those with blanks in
 * them as strings of JSON; the answer is one line of JSON, `{"ok":true,...}` or
 * `{"ok":false,"error":"..."}`. Commands of one connection are answered in order.
 * @throws the system's error, as a rejection; EADDRINUSE when somebody listens on `path`
 */
export async function serveAdmin(
  path: string,
  actions: AdminActions,
  onError: (error: unknown) => void,
): Promise<AdminDoor> {
  const connections = new BoundedConnections(ADMIN_CONNECTIONS);
  let closed = false;
  const run = (words: readonly string[]): object | Promise<object> => {
    if (!closed) return act(actions, words);
    throw new RingwayError('RINGWAY_USAGE', 'another process takes over, or this one ends');
  };
  const server: Server = createServer((socket) => {
    connections.admit(socket);
    new AdminConnection(socket, connections, run, onError);
  });
  const file = await listenAt(server, path, { mode: OWNER_ONLY, backlog: ADMIN_BACKLOG });
  server.on('error', () => {}); // such as no descriptor for one more: others go on
  return {
    close: () => {
      closed = true;
      file.remove();
      server.close();
    },
  };
}

class AdminConnection {
  readonly #socket: Socket;
  readonly #connections: BoundedConnections;
  readonly #run: AdminAction;
  readonly #onError: (error: unknown) => void;
  /** Not answered yet: at most what was read at once, and an unfinished line. */
  #rest = '';

  constructor(
    socket: Socket,
    connections: BoundedConnections,
    run: AdminAction,
    onError: (error: unknown) => void,
  ) {
    this.#onError = onError;
    this.#socket = socket;
    this.#connections = connections;
    this.#run = run;
    socket.setEncoding('utf8');
    socket.setTimeout(ADMIN_IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on(
      'data',
      (text: string) =>
        void this.#take(text).catch((error: unknown) => {
          socket.destroy();
          this.#onError(error);
        }),
    );
  }

  /** Nothing more is read until all that came is answered and the answers are taken. */
  async #take(text: string): Promise<void> {
    const socket = this.#socket;
    const lines = (this.#rest + text).split('\n');
    if (lines.some((line) => line.length > ADMIN_LINE_BYTES)) return this.#refuse();
    this.#rest = lines.pop() ?? '';
    socket.pause();
    for (const line of lines) {
      if (socket.destroyed) return;
      this.#connections.busy(socket);
      // It may take longer than anybody may be silent.
      socket.setTimeout(0);
      const reply = await this.#answer(line);
      socket.setTimeout(ADMIN_IDLE_MS);
      if (!socket.destroyed && !socket.write(reply)) await taken(socket);
      this.#connections.idle(socket);
    }
    socket.resume();
  }

  #refuse(): void {
    const socket = this.#socket;
    const error = `a command is longer than ${ADMIN_LINE_BYTES} bytes`;
    socket.pause();
    socket.end(`${JSON.stringify({ ok: false, error })}\n`, () => socket.destroy());
  }

  async #answer(line: string): Promise<string> {
    let reply: object;
    try {
      reply = { ok: true, ...(await this.#run(adminWords(line))) };
    } catch (error) {
      if (!(error instanceof RingwayError)) this.#onError(error);
      reply = { ok: false, error: (error as Error).message };
    }
    return `${JSON.stringify(reply)}\n`;
  }
}

function act(actions: AdminActions, [name, ...words]: readonly string[]): object | Promise<object> {
  const action = actions.get(name);
  if (action !== undefined) return action(words);
  const known = [...actions.keys()].join(', ');
  throw new RingwayError('RINGWAY_USAGE', `unknown command '${name}'; expected one of ${known}`);
}

/** Resolves when all that was written has been taken, or the connection is gone. */
function taken(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
