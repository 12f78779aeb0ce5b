import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import type { RealServer } from './real-servers.ts';
import { RespClient } from './resp-client.ts';
import { delay } from './wait.ts';

// Clients that keep pipelines of GETs going and know what every reply must be: the key, and the
// name of the server it was written to.

export const KEYS = 500;

/** Every server gets every key; its value names the key and the server. */
export async function fill(servers: readonly RealServer[]): Promise<void> {
  for (const [i, server] of servers.entries()) {
    const client = await RespClient.open(server.port);
    const words = Array.from({ length: KEYS }, (_, n) => ['SET', `key:${n}`, `key:${n}@s${i + 1}`]);
    await client.pipeline(words);
    client.close();
  }
}

/** The server that answers for each key now, through the proxy. */
export async function owners(port: number): Promise<string[]> {
  const client = await RespClient.open(port);
  const words = Array.from({ length: KEYS }, (_, n) => ['GET', `key:${n}`]);
  const replies = await client.pipeline(words);
  client.close();
  return replies.map((reply) => String(reply).split('@')[1]);
}

export interface LoadOptions {
  readonly port: number;
  readonly clients: number;
  readonly depth: number;
  /** Every so often one more client connects, asks once and closes; 0 = none does. */
  readonly visitorsEveryMs?: number;
  /** Speaks TLS, with these options. */
  readonly tls?: ConnectionOptions;
}

export class PipelinedLoad {
  sent = 0;
  answered = 0;
  wrong = 0;
  /** Connections that broke, and requests that were not answered when they did. */
  lost = 0;
  refused = 0;
  visitors = 0;
  /** What was wrong first. */
  first = '';
  readonly #options: LoadOptions;
  #running = true;
  readonly #done: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    for (let i = 0; i < options.clients; i++) this.#done.push(this.#client(i * 37));
    if ((options.visitorsEveryMs ?? 0) > 0) this.#done.push(this.#visitors());
  }

  /** Lets every request be answered, and ends. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#done);
  }

  get summary(): object {
    const { wrong, lost, refused, first } = this;
    return { wrong, lost, refused, unanswered: this.sent - this.answered, first };
  }

  async #visitors(): Promise<void> {
    while (this.#running) {
      this.visitors++;
      await this.#client(this.visitors, 1);
      await delay(this.#options.visitorsEveryMs as number);
    }
  }

  /** One connection. @param rounds pipelines it sends; default: until the end */
  #client(firstKey: number, rounds = Infinity): Promise<void> {
    const { port, depth, tls } = this.#options;
    return new Promise((resolve) => {
      const target = { port, host: '127.0.0.1', noDelay: true };
      const socket = tls === undefined ? connect(target) : tlsConnect({ ...target, ...tls });
      const expected: string[] = [];
      let key = firstKey;
      let round = 0;
      let rest = '';
      let connected = false;
      const ask = (): void => {
        let text = '';
        for (let i = 0; i < depth; i++) {
          const name = `key:${key++ % KEYS}`;
          expected.push(name);
          text += `*2\r\n$3\r\nGET\r\n$${name.length}\r\n${name}\r\n`;
        }
        this.sent += depth;
        round++;
        socket.write(text);
      };
      socket.on(tls === undefined ? 'connect' : 'secureConnect', () => {
        connected = true;
        ask();
      });
      socket.on('data', (chunk: Buffer) => {
        rest = this.#check(rest + chunk.toString('latin1'), expected);
        if (expected.length > 0) return;
        if (this.#running && round < rounds) ask();
        else socket.end();
      });
      socket.on('error', (error) => {
        if (connected) this.#note(error.message);
        else this.refused++;
      });
      socket.on('close', () => {
        this.lost += expected.length;
        if (expected.length > 0 || rest !== '') this.#note('closed with requests open');
        resolve();
      });
      this.#giveUp(socket);
    });
  }

  /** A client that hangs must not hang the test. */
  #giveUp(socket: Socket): void {
    socket.setTimeout(20_000, () => socket.destroy(new Error('no byte for 20 s')));
  }

  #check(text: string, expected: string[]): string {
    let at = 0;
    for (;;) {
      const end = text.indexOf('\r\n', at);
      if (end < 0) return text.slice(at);
      let value = text.slice(at, end);
      let next = end + 2;
      if (value.startsWith('$') && value !== '$-1') {
        const length = Number(value.slice(1));
        if (text.length < next + length + 2) return text.slice(at);
        value = text.slice(next, next + length);
        next += length + 2;
      }
      at = next;
      this.answered++;
      const key = expected.shift();
      if (value.split('@')[0] === key) continue;
      this.wrong++;
      this.#note(`${key} was answered with ${value}`);
    }
  }

  #note(what: string): void {
    if (this.first === '') this.first = what;
  }
}
