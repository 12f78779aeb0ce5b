import type { Socket } from 'node:net';
import { wordsOf } from './fake-sentinel.ts';
import { type FakeServer, send, startFake } from './fake-server.ts';

const MASTER = '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n';
const REPLICA = '*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:0\r\n';

/** A server that says it is a master, and keeps what clients asked it for. */
export interface FakeMasterServer {
  readonly server: FakeServer;
  /** Requests of clients, as words with blanks between them. */
  readonly asked: string[];
  readonly port: number;
  /** Whether it says so. */
  isMaster: boolean;
}

/** @param answer to a request of a client; undefined = OK, empty = none */
export async function startFakeMaster(
  answer: (text: string, socket: Socket) => string | undefined = () => undefined,
  port = 0,
): Promise<FakeMasterServer> {
  const asked: string[] = [];
  const state = { isMaster: true };
  const server = await startFake(
    (_index, request, socket) => {
      const words = wordsOf(request);
      if (words[0] === 'ROLE') return send(state.isMaster ? MASTER : REPLICA);
      if (words[0] === 'PING') return send('+PONG\r\n');
      const text = words.join(' ');
      asked.push(text);
      const reply = answer(text, socket) ?? '+OK\r\n';
      return reply === '' ? undefined : send(reply);
    },
    undefined,
    port,
  );
  return Object.assign(state, { server, asked, port: server.port });
}
