import type { Socket } from 'node:net';
import { type FakeServer, type Script, send, startFake } from './fake-server.ts';

/** What a sentinel says of one master. */
export interface FakeMaster {
  port: number;
  epoch: number;
  /** Ports of its replicas. */
  replicas: number[];
}

/** A sentinel that says what a test wants it to say. */
export interface FakeSentinel {
  readonly port: number;
  readonly server: FakeServer;
  /** By name. */
  readonly masters: Map<string, FakeMaster>;
  /** Publishes on a channel, to everybody who listens. */
  publish(channel: string, message: string): void;
  stop(): Promise<void>;
}

/** The words of a multibulk request. */
export function wordsOf(request: Buffer): string[] {
  const parts = request.toString('latin1').split('\r\n');
  return parts.filter((_, i) => i > 0 && i % 2 === 0);
}

/** Words as an array of bulks. */
export function bulks(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

function about({ port, epoch }: FakeMaster): string {
  return bulks('name', 'x', 'ip', '127.0.0.1', 'port', `${port}`, 'config-epoch', `${epoch}`);
}

/** @param answer says something else to a request; undefined = what a sentinel says */
export async function startFakeSentinel(
  masters: Readonly<Record<string, FakeMaster>>,
  answer: (words: readonly string[]) => string | undefined = () => undefined,
): Promise<FakeSentinel> {
  const known = new Map(Object.entries(masters));
  const listening = new Set<Socket>();
  const reply = (words: readonly string[], socket: Socket): string => {
    const [command, subcommand = '', name = ''] = words.map((word) => word);
    if (command === 'PING') return listening.has(socket) ? bulks('pong', '') : '+PONG\r\n';
    if (command === 'AUTH') return '+OK\r\n';
    if (command === 'PSUBSCRIBE') {
      listening.add(socket);
      return words
        .slice(1)
        .map((each, i) => `*3\r\n$10\r\npsubscribe\r\n$${each.length}\r\n${each}\r\n:${i + 1}\r\n`)
        .join('');
    }
    const master = known.get(name);
    if (master === undefined) return '-ERR No such master with that name\r\n';
    if (subcommand === 'MASTER') return about(master);
    if (subcommand === 'GET-MASTER-ADDR-BY-NAME') return bulks('127.0.0.1', `${master.port}`);
    const replicas = master.replicas.map((port) => about({ ...master, port }));
    return `*${replicas.length}\r\n${replicas.join('')}`;
  };
  const script: Script = (_index, request, socket) => {
    const words = wordsOf(request);
    return send(answer(words) ?? reply(words, socket));
  };
  const server = await startFake(script);
  return {
    port: server.port,
    server,
    masters: known,
    publish: (channel, message) => {
      const push = bulks('pmessage', channel, channel, message);
      for (const socket of listening) if (!socket.destroyed) socket.write(push);
    },
    stop: () => server.stop(),
  };
}
