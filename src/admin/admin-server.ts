import { existsSync, statSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { RingwayError } from '../errors.ts';

/** Answers a command; what it returns is sent as JSON. An error is sent as its message. */
export type AdminAction = (words: readonly string[]) => object | Promise<object>;
export type AdminActions = ReadonlyMap<string, AdminAction>;

const MAX_CONNECTIONS = 16;
const MAX_LINE_BYTES = 4 * 1024;
const IDLE_MS = 60_000;
/** Only the owner may connect: whoever can, may drain and reload. */
const OWNER_ONLY_UMASK = 0o177;

/**
 * The admin socket: a unix socket of mode 0600. A command is a line of words; the answer is one
 * line of JSON, `{"ok":true,...}` or `{"ok":false,"error":"..."}`. Commands of one connection are
 * answered in order.
 * @throws the system's error, as a rejection
 */
export function serveAdmin(
  path: string,
  actions: AdminActions,
  onError: (error: unknown) => void,
): Promise<Server> {
  const server = createServer((socket) => new AdminConnection(socket, actions, onError));
  server.maxConnections = MAX_CONNECTIONS;
  if (existsSync(path) && statSync(path).isSocket()) unlinkSync(path);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // bind() is done in this call, so nobody can connect before the mode is right.
    const umask = process.umask(OWNER_ONLY_UMASK);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        server.on('error', () => {});
        resolve(server);
      });
    } finally {
      process.umask(umask);
    }
  });
}

class AdminConnection {
  readonly #socket: Socket;
  readonly #actions: AdminActions;
  readonly #onError: (error: unknown) => void;
  #rest = '';
  #answered: Promise<void> = Promise.resolve();

  constructor(socket: Socket, actions: AdminActions, onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#socket = socket;
    this.#actions = actions;
    socket.setEncoding('utf8');
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (text: string) => this.#take(text));
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#answered = this.#answered
        .then(() => this.#answer(line))
        .catch((error: unknown) => {
          this.#socket.destroy();
          this.#onError(error);
        });
    }
    if (this.#rest.length > MAX_LINE_BYTES) this.#socket.destroy();
  }

  async #answer(line: string): Promise<void> {
    const words = line.trim().split(/\s+/);
    let reply: object;
    try {
      reply = { ok: true, ...(await this.#run(words)) };
    } catch (error) {
      if (!(error instanceof RingwayError)) this.#onError(error);
      reply = { ok: false, error: (error as Error).message };
    }
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(reply)}\n`);
  }

  #run(words: readonly string[]): object | Promise<object> {
    const action = this.#actions.get(words[0]);
    if (action !== undefined) return action(words.slice(1));
    const known = [...this.#actions.keys()].join(', ');
    throw new RingwayError(
      'RINGWAY_USAGE',
      `unknown command '${words[0]}'; expected one of ${known}`,
    );
  }
}
